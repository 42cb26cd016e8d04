"""From a `GoProxy` to what it asks for: the replicas' config, and the child objects, one file a child.

Pure: values in, values out, nothing observed but what is passed in. Builders return new dicts in canonical form
(canonical quantities, no zero values), so that what was applied is a subset of what the API server then holds.
"""
