"""The cache: it answers a request from the store, or fetches the answer once for all who request it meanwhile.

The package knows the store and the sources by their protocols alone, takes a `Request` and its `Rules`, and knows
nothing of HTTP. `freshness` decides and is pure.
"""
