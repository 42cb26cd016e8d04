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


def may_ask_what_is_held(request: Request, peers: Peers | None) -> bool:
    """Say whether other replicas may be asked for what they hold, where this one holds nothing."""
    if peers is None or request.local or request.hop or not isinstance(request.target, Target):
        return False
    return bool(peers.members.live)
