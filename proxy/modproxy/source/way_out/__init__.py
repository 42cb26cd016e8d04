"""How a request leaves the replica: its credentials, its HTTP proxy, its trusted certificates, and never to itself.

Secrets are read anew for each use and stay in no variable, so their rotation needs no restart.
"""
