"""The replicas of one fleet as one cache: who is there, who owns which module path, how they prove who they are.

What decides is in `rendezvous`, which is pure. A replica that knows of no other one owns everything.
"""
