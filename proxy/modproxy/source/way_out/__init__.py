"""How a request leaves the replica: with which credentials, through which proxy, trusting whom, and not to itself.

Secrets are read anew for each use and kept nowhere, so their rotation needs no restart.
"""
