"""What a fetch has to do with the other replicas of the fleet. A replica without peers does all itself."""

from dataclasses import replace

from modproxy.fleet.peers import Peers
from modproxy.fleet.rendezvous import subject_of
from modproxy.mod.target import Target
from modproxy.request import Request


def alone_if_owner(request: Request, peers: Peers | None) -> Request:
    """Return the request as the fetch makes it: the owner of a module makes no other replica fetch."""
    target = request.target
    if peers is None or request.hop or request.cached_only or not isinstance(target, Target):
        return request
    return replace(request, hop=1) if peers.owns(subject_of(target.key)) else request


def may_ask_what_is_held(request: Request, peers: Peers | None, *, hosted: bool) -> bool:
    """Say whether others may be asked for what the fleet holds, where this replica holds nothing: other replicas, and
    where modules are `hosted` the depot.
    """
    if request.local or not isinstance(request.target, Target):
        return False
    return hosted or (peers is not None and not request.hop and bool(peers.members.live))
