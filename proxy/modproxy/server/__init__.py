"""HTTP: what a client of the fleet is answered, and the admin listener. It holds no rule of caching or of modules:
requests become targets, answers and errors of the layers below become responses.
"""
