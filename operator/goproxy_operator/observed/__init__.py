"""What is known of the world: objects that are listed and watched, classes, served APIs, and the replicas' reports.

Thin but for `views` and `packed`, which are pure: what is kept of an object, and in which form. Nothing here decides
what a fleet should be, and nothing here writes to the API server. This package imports nothing of `reconcile`.
"""
