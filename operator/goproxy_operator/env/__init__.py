"""`env`: the lines that make the go command of a shell, a CI system or an image build use a fleet.

`wanted` decides the values, `shells` and `pipelines` write them in each language, `candidates` says which fleets there
are to choose from: they are pure. `probing` asks which one is healthy, `writing` runs `go env -w`.
"""
