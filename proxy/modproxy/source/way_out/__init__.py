"""How a request leaves the replica: its credentials, its HTTP proxy, its trusted certificates, and never to itself.

Credentials are read anew for each use, and trusted certificates after each change of their file, so that the rotation
of a Secret needs no restart.
"""
