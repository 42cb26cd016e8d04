"""From what is asked and what is there to what is done: plan, status, and the loop that carries them out.

What decides is pure and has a file of its own: difference, plan, replicas, claims, allowlist, conditions, status,
events. Thin: `fleet` (one reconcile), `loop`, `scraping`.
"""
