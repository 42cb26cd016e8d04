"""The size of the spool: what a replica may write into its temporary folder, and the limit of that folder in a pod."""

SPOOL_BYTES = 1 << 30
"""How many bytes of zips may be in a replica's temporary folder at once: two of the largest lawful size. Zips are there
only while the cache's disk does not take them. The folder of a pod is a little larger, because Kubernetes ends a pod
whose folder exceeds its limit.
"""
