"""The contract of the two programs: the config that a replica reads, and the report that it answers with.

Both programs import this package and `modproxy.mod`; the operator imports nothing else of modproxy. Everything here
takes values and returns values, except `mounted`, by which both programs read mounted files. The two programs may have
different versions, so each document states the version of its schema.
"""
