"""Where a module comes from: upstream proxies, version control, file trees, checksum databases.

Each is a `Source` (`protocol`); the chain, the router, the check and the verification are sources made of sources, and
`build` puts all of them together from a config. A source takes a `Request` and knows nothing of what is held, of HTTP
towards clients, or of who may have what. `vcs/` runs the go command; `way_out/` is how requests leave the replica.
"""
