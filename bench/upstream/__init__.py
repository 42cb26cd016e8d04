"""The upstream of all measurements: a small static server of a folder, so that it costs little beside what it serves.

A folder has the files by their paths in GOPROXY's protocol. They are made (`made`) or recorded (`recording`).
"""
