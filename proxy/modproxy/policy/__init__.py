"""Whether a module may be served. Pure: it takes the config and a module path, and returns a decision with its
reason.
"""
