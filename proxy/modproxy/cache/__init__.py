"""The cache: it answers a request from the store, or fetches the answer once for all who request it meanwhile.

The package knows the store and the sources by their protocols alone, takes a `Request` and its `Rules`, and knows
of HTTP only the status codes of errors. `freshness` decides and is pure.
"""
