"""Where modules come from: upstream proxies, version control, file trees, checksum databases.

Each of them is a `Source` (`protocol`). The chain, the router, the check and the verification are sources made of
sources, and `build` makes one source of all of them from a config. A source takes a `Request`, and knows nothing of
stored files, of HTTP towards clients, and of policy. `vcs/` runs the go command; `way_out/` decides how requests leave
the replica.
"""
