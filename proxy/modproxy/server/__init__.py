"""HTTP: the listener for clients, and the admin listener. The package holds no rule of caching or of modules.

A request passes the modules in this order: `listener` (sockets, TLS, the end) -> `hit` (what is answered from memory,
past all that follows) -> `handler` -> `decide.arrival` (what the request is for) -> `decide.refusals` (whether it is
answered at all) -> the cache -> `decide.head` (status and headers) -> `send` (bodies). Every decision is in `decide/`,
which is pure. `traffic` counts the requests, `metrics` and `admin` show the counts, and `certificates` keeps what TLS
needs.
"""
