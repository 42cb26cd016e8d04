"""Bundles: module versions, with what proves them, in one file that is carried over an air gap. No network.

A bundle is a plain tar file whose bytes follow from its content. Its first entry is the manifest; the others are, in
the order of their names, the files of a module proxy: unpacked, they are a tree for `GOPROXY=file://`, with the answers
of one checksum database below `sumdb/`. Whatever deviates by one byte is refused.
"""
