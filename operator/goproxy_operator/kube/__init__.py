"""The API server as it is called: how it is reached, one bounded call, one watch, and what it may refuse.

Thin: no rule about fleets lives here. Objects go in and out as plain dicts. This package imports nothing of `election`,
`observed`, `metrics_api` and `reconcile`. `resources` and `errors` are pure; what decides may use their types.
"""
