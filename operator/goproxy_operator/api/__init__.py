"""The `GoProxy` object: its fields, the rules its values obey, its status, and the CRD made from them.

Pure: values in, values out. A field enters here in the commit that enforces it, never before. What the API server can
refuse by schema or CEL it refuses; the models say the same where there is no API server, and what CEL cannot say.
"""
