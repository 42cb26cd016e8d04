"""The objects as models: a file for each section of the spec, the status, and the rules that their values obey.

Pure: values in, values out. Of the operator's own code only `quantity` may be imported. A field comes in with the
commit that enforces it, never before. A rule stands beside its field or its section: its CEL, its Python check and its
message together (`rule`). `fields` has the kinds of values that several sections share, `crd/` makes the definitions.
The docstrings of the models are what `kubectl explain` tells.
"""
