"""Short functions that make requests and rules for tests."""

from collections.abc import Mapping
from typing import Any

from modproxy.audit.record import Entry, Verdict
from modproxy.config_file import Loaded
from modproxy.contract.config import Config, config_hash, dump_config
from modproxy.identity.presented import Everybody
from modproxy.identity.principal import ANONYMOUS
from modproxy.in_force import Rules
from modproxy.mod.pattern import parse_pattern
from modproxy.mod.sumdb import SumdbTarget, parse_sumdb_target
from modproxy.mod.target import parse_target
from modproxy.policy.admission import Admission
from modproxy.policy.allowlist import Allowlist
from modproxy.policy.permissions import Permissions
from modproxy.request import AnyTarget, Request
from modproxy.source.protocol import Source
from tests.modproxy.source.fake_source import FakeSource

DATABASE = "sum.example.com"


def target(path: str) -> AnyTarget:
    """Read the path of a module's file, or of an answer of the checksum database sum.example.com."""
    if not path.startswith("sumdb/"):
        return parse_target(path)
    made = parse_sumdb_target(path, DATABASE)
    assert isinstance(made, SumdbTarget)
    return made


def request(path: str, *, cached_only: bool = False) -> Request:
    """Make the request for a path."""
    return Request(target(path), cached_only=cached_only)


def loaded(config: Mapping[str, object] | None = None, allowlist: str | None = None) -> Loaded:
    """Make the documents as if a config file and an allowlist had been read."""
    made = Config.model_validate(config or {})
    return Loaded(made, allowlist, config_hash(dump_config(made), allowlist))


def rules(source: Source | None = None, config: Mapping[str, object] | None = None, *, generation: int = 1) -> Rules:
    """Make the rules of a config with a source of the test's own."""
    made = loaded(config)
    return Rules(
        generation=generation,
        loaded=made,
        source=source or FakeSource(),
        source_generation=generation,
        identities=Everybody(),
        permissions=Permissions(made.config.access, made.config.fleet, made.config.modules.contact),
        policy=Allowlist(made.config.modules, made.allowlist, made.config.fleet),
        admission=Admission(None, (), ()),
        prefix=made.config.path_prefix,
        hosts=frozenset(made.config.hosts),
        database=DATABASE,
        unverified=tuple(map(parse_pattern, made.config.upstream.not_verified)),
        cache=made.config.cache,
        warnings=(),
    )


def audit_entry(**changed: Any) -> Entry:
    """Make an entry of the audit log, of a hit where nothing else is said."""
    entry = Entry(
        time=1764211144.0, id="0-0", principal=ANONYMOUS, client="192.0.2.1", verb="read", module="example.com/m",
        version="v1.0.0", endpoint="info", verdict=Verdict.ALLOWED, rule="", status=200, cache="hit", sent=10,
        seconds=0.001, upstream="",
    )  # fmt: skip
    return entry._replace(**changed)
