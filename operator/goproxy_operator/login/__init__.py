"""How a developer or a CI job proves to a fleet who he is: `login` gets a token, `goauth` gives it to the go command.

Nothing here knows Kubernetes. A token goes to its fleet only, and is kept in a file that its owner alone may read.
"""
