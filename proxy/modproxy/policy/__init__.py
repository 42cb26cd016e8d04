"""Whether a module may be served. Pure: configuration and a module path in, a decision with its reason out."""
