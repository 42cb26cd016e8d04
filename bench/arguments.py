"""The command line of the benchmark."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measurements import NAMES, SPEED, TABLE
from bench.servers.peer import Peer, PeerError, parse_peer

RESULTS = Path(__file__).parent / "results"
LOCAL = "local"
_GROUPS = {"all": NAMES, "speed": SPEED, "table": TABLE}
_EPILOG = """\
measurements
  hits          requests per CPU second over nginx's: small bodies, mixed, one 1 MiB zip, a fresh header
  replay        a real project's download: cold from upstreams near and far, and warm
  large_zip     one zip of 208 MiB that streams through an empty cache
  memory        after the start, after 1000 requests, and a minute later
  audit         what a record of the audit log costs
  module_rules  what minimumAge and denyVulnerable cost, cold and warm
  object_store  a cold fetch from the bucket beside one from an upstream that is as far away
  prefetch      a go.sum of 300 cold modules, beside go mod download
  at_once       1000 clients ask at once for what is cold
  slow_readers  hits beside 1000 slow readers and 100 stalled upstreams
  start_up      a start with a million files
  fleets        a thousand GoProxy objects, half an hour; needs Kubernetes, which is built from source once
  failover      how soon the second operator acts; needs Kubernetes, too
  proofs        the kill and fuzz tests at full size

peers
  A peer is a server that you built outside of this repository. Its command is divided into words as a shell does, and
  runs without a shell. It has in its environment, and as $NAME in its words:
    PORT      where it has to listen, on 127.0.0.1
    UPSTREAM  the GOPROXY from which it has to fetch, on 127.0.0.1; it also serves the checksum database below /sumdb/
    STORE     an empty folder for its cache
    GOSUMDB   the checksum database that vouches for all modules; `off` as a value verifies nothing
  Words VARIABLE=value before the program set more of its environment:
    --peer other='GOPROXY=$UPSTREAM ./other serve --listen 127.0.0.1:$PORT --dir $STORE'

exit codes
  0 every goal was reached; 1 a goal was missed, or a server gave a wrong answer; 2 the command line is wrong;
  3 nginx, wrk or Linux is needed, and absent
"""


@dataclass(frozen=True)
class Arguments:
    """Holds what the command line says. `draw` is a results file to draw, and nothing is measured then."""

    names: tuple[str, ...]
    peers: tuple[Peer, ...]
    rounds: int
    quick: bool
    label: str
    draw: Path | None


def parse(words: Sequence[str] | None = None) -> Arguments:
    """Read the command line. Ends the program with 2 where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures the proxy and the operator on this machine, beside nginx and other servers.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="measurements, or one of all (default), speed (the proxy), table"
    )
    parser.add_argument(
        "--peer", action="append", default=[], metavar="NAME='COMMAND'", help="another server; may be repeated"
    )
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds of each measurement (default: 5)")
    parser.add_argument("--quick", action="store_true", help="shorter rounds and rests, for a first look")
    parser.add_argument(
        "--label", default=LOCAL, metavar="WORD",
        help=f"what the results file and the picture are called (default: {LOCAL}, which git ignores)",
    )  # fmt: skip
    parser.add_argument("--draw", type=Path, metavar="FILE", help="draw a results file anew, and measure nothing")
    options = parser.parse_args(words)
    names = [name for word in options.names or ["all"] for name in _GROUPS.get(word, (word,))]
    if unknown := set(names) - set(NAMES):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if options.rounds < 1:
        parser.error("--rounds: a measurement needs at least one round")
    if not options.label.replace("-", "").isalnum():
        parser.error("--label: write a word of letters, digits and -")
    try:
        peers = tuple(map(parse_peer, options.peer))
    except PeerError as e:
        parser.error(str(e))
    if len({peer.name for peer in peers}) < len(peers):
        parser.error("--peer: two peers have one name")
    ordered = tuple(name for name in NAMES if name in names)
    return Arguments(ordered, peers, options.rounds, options.quick, options.label, options.draw)
