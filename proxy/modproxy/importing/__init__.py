"""The import of bundles: a bundle is taken whole into a spool, verified, judged by the rules, and put into the depot.

Nothing is in the depot before all of the bundle was verified and judged. From then on the import is written down beside
the bundle, and is carried to its end, by the next process if need be.
"""
