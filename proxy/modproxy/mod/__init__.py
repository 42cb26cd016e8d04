"""Go's module rules as pure code: paths, versions, patterns, chains, archives. Values in, values out.

Nothing here does I/O on the network, knows HTTP, or reads configuration. A rule names its source: the Go Modules
Reference, or the package of golang.org/x/mod or cmd/go that defines it.
"""
