"""The audit log: a record of each request that is decided, what becomes of it, and what may be lost.

A request leaves an `Entry` on a list. A thread makes lines of the entries, and gives them to the targets: standard
output, a file, and the spool, from where a receiver with Elasticsearch's bulk API gets them. `docs/audit.md` tells what
is kept when.
"""
