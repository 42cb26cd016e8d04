"""When a pass runs: the queue of keys, the workers, and the scrapes that make a fleet worth a look.

Thin. Nothing here knows what a pass does.
"""
