"""How a request leaves the replica: its redirects, login, HTTP proxy and trusted certificates, and never to itself.

Credentials are read anew for each use, and trusted certificates after each change of their file, so that the rotation
of a Secret needs no restart. What decides is pure: `addresses`, `redirects`, `proxy_choice`, `netrc`.
"""
