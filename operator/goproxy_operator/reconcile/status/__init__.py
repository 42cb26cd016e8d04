"""What an object's status and its Events say. Pure but for `writer`, which sends both to the API server.

`facts` holds what a status is made from; `conditions` and `status` compute it; `tally` counts what was written.
"""
