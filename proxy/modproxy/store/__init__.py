"""Where fetched files are stored. The cache directory is at any moment a valid `GOPROXY=file://` tree.

`cache`, `source` and `server` know a store by `protocol` alone. A store knows keys and bytes; it knows nothing of
sources, of HTTP, and of policy. `disk` stores files below a folder; `janitor` keeps the folder within its size.
"""
