"""Version control, read by the go command: how the command is run, and what its failures mean.

`failure` decides and is pure. Everything else here starts programs and writes files.
"""
