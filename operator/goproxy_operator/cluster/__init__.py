"""The API server and the replicas, as they are reached: calls, watches, the Lease, scrapes. Thin: no rule lives here.

Every call is bounded in time. Objects are plain dicts, less what nobody reads.
"""
