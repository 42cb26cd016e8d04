"""Go's module rules as pure code: paths, versions, patterns, chains, archives, checksum databases.

The functions take values and return values, and know neither HTTP nor the config; only `archive` reads, from the file
that it is given. Each rule names its source: the Go Modules Reference, or the package of golang.org/x/mod or cmd/go
that defines it.
"""
