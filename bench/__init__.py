"""Measures what the proxy and the operator cost and withstand on this machine. `python -m bench --help` says how.

`bench/README.md` says how each figure is made. All load goes to 127.0.0.1, is bounded in count and time, and ends with
the measurement.
"""
