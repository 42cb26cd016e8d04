"""`inventory`: every module and version that a fleet has served in a time, from its audit log.

`records` and `served` are pure: a line of the log, and what is counted of it. `search` asks Elasticsearch or
OpenSearch, `refused_now` asks the fleet, `formats` writes.
"""
