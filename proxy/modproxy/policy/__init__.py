"""Whether a module may be served. Pure: config and module path lead to a decision with its reason."""
