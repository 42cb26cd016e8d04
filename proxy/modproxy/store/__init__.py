"""Where modules are kept. The cache directory is at any moment a valid `GOPROXY=file://` tree: a file that is there is
whole and checked. Stores know keys and bytes, nothing of where they come from or who may have them.
"""
