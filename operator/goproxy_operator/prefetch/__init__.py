"""`goproxy-operator prefetch`: has a fleet fetch all that a go.mod or a go.sum file names, and shows how far it is."""
