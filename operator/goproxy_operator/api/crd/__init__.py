"""From the models of the objects to their CustomResourceDefinitions.

`python -m goproxy_operator.api.crd goproxies` prints that of `GoProxy`, `goproxyclasses` that of the classes. Pure but
for that command. What the schema of a field says stands beside the field, in the model; what belongs here is how all
definitions of ours look, and how a model's JSON schema becomes a structural one.
"""
