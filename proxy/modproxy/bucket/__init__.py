"""The object store of a fleet: where it is, how it is asked, what is kept with a file, and how it fares.

Its keys are those of the cache directory, so a bucket is a valid GOPROXY tree below its prefix. Nothing here decides
what may be served: `source.object_store` reads, and `store.write_behind` writes. obstore is imported by `client` alone,
and only once a config names an object store.
"""
