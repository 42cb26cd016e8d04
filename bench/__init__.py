"""Measures what the proxy costs and withstands on this machine. `python -m bench` runs everything.

Each measurement is a module with `async def measure(scratch: Path) -> Result`: it compares two things in interleaved
rounds of one run and gives ratios, because absolute figures of a shared machine mean little. All load goes to
127.0.0.1, is bounded in count and time, and ends with the measurement.
"""
