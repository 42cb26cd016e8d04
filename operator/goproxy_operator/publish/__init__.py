"""`goproxy-operator publish`: packs a tree as the go command would, shows what goes in, and publishes it to a fleet.

Which files go in is decided by `modproxy.mod.zip_making`.
"""
