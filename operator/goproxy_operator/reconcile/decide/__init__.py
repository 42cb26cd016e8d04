"""Every decision about a fleet, as functions from values to values. Pure, the whole folder; `rollouts` alone remembers.

`intent` puts the decisions together: what there should be. `plan` compares that with what there is. Nothing here may
import an event loop, HTTP or a client of the API server.
"""
