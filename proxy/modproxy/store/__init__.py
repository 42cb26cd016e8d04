"""Where modules are kept. The cache directory is at any moment a valid `GOPROXY=file://` tree.

All other packages know a store by `protocol` alone. Stores know keys and bytes; they know nothing of sources, of HTTP,
or of who may have what. `disk` keeps files below a folder; `janitor` keeps that folder within its size.
"""
