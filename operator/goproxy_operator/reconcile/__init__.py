"""One pass over one object: observe, decide, act, and write the status.

`reconciler` is the pass; `observe` reads what it needs and `actions` carries out what was decided, both thin. What
decides is in `decide`, what the status says is in `status`, and when a pass runs is the business of `work`. `outcome`
says when the next pass is due. `decide` knows none of the others; no pass knows `work`.
"""
