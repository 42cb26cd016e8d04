"""One measurement a module, each with `async def measure(run: Run) -> Result`.

A measurement compares servers in interleaved rounds of one run, because absolute figures of a shared machine mean
little.
"""

TABLE = ("hits", "replay", "large_zip", "memory")
"""What the picture in the README shows."""
SPEED = (*TABLE, "at_once", "slow_readers", "start_up", "audit", "module_rules", "object_store", "prefetch")
"""What measures the proxy."""
NAMES = (*SPEED, "fleets", "failover", "proofs")
"""All measurements, in the order in which they run."""
NEED_NGINX_AND_WRK = frozenset({"hits", "memory"})
