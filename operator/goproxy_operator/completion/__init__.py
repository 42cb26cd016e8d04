"""Completion of the command line in shells, by argcomplete: of the words, and of the names of fleets and namespaces.

`completion SHELL` prints what registers it. While a shell completes, `__main__` runs the very command whose line it is,
up to the moment when its arguments are known; the parser then completes rather than parses.
"""
