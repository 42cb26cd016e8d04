"""What the machine gives the replica: CPU, memory, descriptors, and turns of the event loop in time.

It explains a replica that is slow without a fault of its own. It knows nothing of requests. `cgroup` and `slowness` are
pure, `watch` reads files and the clock.
"""
