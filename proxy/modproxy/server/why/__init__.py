"""The answer to `why`: whether somebody may have a module, by which rule, and where it comes from.

It asks the checks and the judge that requests pass through, and decides nothing by itself. It fetches nothing.
"""
