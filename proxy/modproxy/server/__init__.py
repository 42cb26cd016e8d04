"""HTTP: what a client of the fleet is answered, and the admin listener. It holds no rule of caching or of modules.

A request passes the modules in this order: `listener` (sockets, TLS, the end) -> `handler` -> `arrival` (what it asks
for) -> `refusals` (whether it is answered at all) -> the cache -> `head` (status and headers) -> `send` (bodies).
`decide/` holds what is pure of it.
"""
