"""What an object's status and its Events say. Pure but for `writer`, which sends both to the API server, and `tally`.

`facts` holds what a status is made from; `conditions` and `status` compute it, `events` computes what is news. `tally`
counts on a gauge what was written.
"""
