"""From a `GoProxy` to the config of its replicas, the same in a cluster and on one machine.

A file here for each section, as in `modproxy.contract.config`: it reads one section of the object and returns one
section of the config. `document` puts the sections together. Pure.
"""
