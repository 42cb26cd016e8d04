"""Modules that are kept complete: new versions are fetched before anybody asks, by a schedule and by webhooks.

A webhook is a hint to look sooner, and never the only trigger. Where files are fetched from is decided by the config
alone: what a forge says is mapped onto module paths that the config or the fleet knows. `bounds`, `due`, `forge`,
`events`, `proof` and `concerned` are pure.
"""
