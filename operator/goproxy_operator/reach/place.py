"""Where fleets are looked for: in a cluster, or on this machine."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from goproxy_operator.reach.arguments import Where
from goproxy_operator.reach.cluster import Cluster, connect, in_pod, kubeconfig_files
from goproxy_operator.reach.machine import Machine, this_machine
from goproxy_operator.running_fleets import running_fleets

Place = Cluster | Machine


@asynccontextmanager
async def reach(where: Where, *, quiet: bool = False) -> AsyncIterator[Place]:
    """Give the place that the arguments mean. Raises `ClientError`.

    Where they name none and no kubeconfig is there, it is this machine, if a fleet runs here; a line tells so, unless
    `quiet`.
    """
    if where.local:
        async with this_machine(where.data_dir) as machine:
            yield machine
    elif not where.names_cluster and not in_pod() and not kubeconfig_files(where) and (here := running_fleets()):
        if not quiet:
            names = ", ".join(one.name for one in here)
            print(f"# no kubeconfig: looking at what runs on this machine ({names})", file=sys.stderr)
        async with this_machine(None) as machine:
            yield machine
    else:
        async with connect(where) as cluster:
            yield cluster
