"""`why MODULE[@VERSION]`: why a module is allowed or refused, for whom, and where it comes from.

`command` asks a fleet, `view` makes of its answer what people read: it is pure.
"""
