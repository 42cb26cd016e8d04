"""Look up, or fetch once. It decides how fresh an answer must be, and shares one fetch among all who ask meanwhile.

It knows the store and the sources by their protocols alone, takes a `Request` and the `Rules` in force, and knows
nothing of HTTP. `freshness` is pure.
"""
