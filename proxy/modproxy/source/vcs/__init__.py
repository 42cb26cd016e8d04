"""Version control, read by the go command: how it is run, and what its failures mean."""
