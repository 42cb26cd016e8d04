"""Modules that are published to the fleet itself: what is kept of a version in the depot, and how versions come and go.

`claim` is pure. `shelf` does all that is done in the depot, and argues why no version ever has two contents.
"""
