"""How commands find a fleet and ask its replicas: in a cluster by a kubeconfig, or on this machine.

    from goproxy_operator.reach.arguments import add_reach_arguments, where_of
    from goproxy_operator.reach.place import reach

    add_reach_arguments(parser)      # --kubeconfig, --context, -n, --as, --as-group, --request-timeout, --local
    async with reach(where_of(arguments)) as place:         # a Cluster or a Machine
        fleet = await place.fleet("team-a")                 # None instead of a name: the only one there is
        fleet.item                                          # the object with its status, as a dict
        fleet.url                                           # what clients put into GOPROXY
        for replica in fleet.replicas:
            body = await replica.get("/-/report")           # of its admin listener: bounded in size and time
        answers = await ask_all(fleet.replicas, "/-/top?limit=20")      # name -> bytes, or the ReachError
        told = await reports(fleet)                                     # name -> Report, or the ReachError

Others write an object and its status: check what is read of them. The URL of a fleet in a cluster resolves there only.

All that goes wrong is a `ClientError` (`client.failure`), whose message says what to do and which right is missing, so
that `run_command` ends the command well. `MissingRightError` is the case where the object can be read and its replicas
cannot be asked: a command goes on with the object alone, and tells the message.

`arguments` has the arguments, `place` chooses, `cluster` and `machine` are the two places, `fleet` is what both give.
"""
