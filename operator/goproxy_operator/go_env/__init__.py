"""What the go command of this machine is set to, and which place says so.

`settings` applies Go's rules to files and environment, `findings` and what it is made of judge the result: they are
pure.
`machine` reads the files, the environment and the login shells.
"""
