"""Which requests are refused, by which rule, and in which words."""

from uuid import UUID

import pytest
from multidict import CIMultiDict

from modproxy.contract.config import PolicyMode
from modproxy.in_force import Rules
from modproxy.server.decide.arrival import Arrival, read_arrival
from modproxy.server.decide.refusals import CHECKS, CHECKS_BEFORE, Refusal
from modproxy.via import ViaEntry
from tests.modproxy.making import rules

OWN = ViaEntry("fleet", "a")
MOD = "/example.com/m/@v/v1.0.0.mod"
DENY = {"modules": {"deny": ["example.com/evil"]}}
DRY = {"modules": {"deny": ["example.com/evil"], "mode": "DryRun"}}


def arrive(path: str, made: Rules, method: str = "GET", **headers: str) -> Arrival:
    return read_arrival(method, path, CIMultiDict({k.replace("_", "-"): v for k, v in headers.items()}), made)


def refused(arrival: Arrival, made: Rules) -> Refusal | None:
    return next((refusal for check in (*CHECKS_BEFORE, *CHECKS) if (refusal := check(arrival, made, OWN))), None)


@pytest.mark.parametrize(
    "path", [MOD, "/example.com/m/@v/list", "/example.com/m/@latest", f"http://h:1{MOD}", f"{MOD}?x=1"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_answered(path: str, method: str) -> None:
    made = rules()
    arrival = arrive(path, made, method, Via="1.1 edge, 1.1 modproxy-other~a")
    assert refused(arrival, made) is None
    assert arrival.target is not None


@pytest.mark.parametrize(
    ("path", "method", "via", "status", "said"),
    [
        (MOD, "PUT", "", 405, "PUT is not allowed: this fleet hosts no modules"),
        (MOD, "GET", "1.1 modproxy-fleet~a", 508, "loop detected"),
        (MOD, "GET", "1.1 modproxy-fleet~b", 508, "loop detected"),
        (MOD, "GET", "1.1 modproxy-fleet", 508, "loop detected"),
        (MOD, "GET", "1.1 edge," * 30 + "1.1 modproxy-fleet~a", 508, "loop detected"),
        ("/example.com/m/@v/v1.0.0.mod/..", "GET", "", 400, "bad request: "),
        ("/example.com/m/@v/v1.mod", "GET", "", 400, "bad request: "),
        ("/go/example.com/m/@v/v1.0.0.mod", "GET", "", 400, "Check the path in GOPROXY"),
        ("//example.com/m/@v/v1.0.0.mod", "GET", "", 400, "Check the path in GOPROXY"),
        ("/%zz", "GET", "", 400, "bad request: malformed percent-encoding"),
        (f"http://[::1{MOD}", "GET", "", 400, "bad request: malformed URL"),
        ("/favicon.ico", "GET", "", 404, "not found: 'favicon.ico' is nothing"),
        ("/sumdb/sum.golang.org/supported", "GET", "", 404, "is not served here"),
        ("/sumdb/sum.example.com/lookup/corp.example.com/m@v1.0.0", "GET", "", 404, "is private here"),
        ("/example.com/evil/@v/list", "GET", "", 403, "forbidden: example.com/evil may not be served"),
        # The answer names the first broken rule.
        ("/example.com/evil/@v/list", "PUT", "1.1 modproxy-fleet~a", 405, "PUT"),
        ("/example.com/evil/@v/list", "GET", "1.1 modproxy-fleet~a", 508, "loop"),
    ],
)  # fmt: skip
def test_what_is_refused(path: str, method: str, via: str, status: int, said: str) -> None:
    made = rules(config={**DENY, "upstream": {"goprivate": ["corp.example.com"]}})
    refusal = refused(arrive(path, made, method, Via=via), made)
    assert refusal is not None
    assert refusal.enforced
    assert (refusal.error.status, said in refusal.error.text) == (status, True)
    assert refusal.endpoint == ("list" if status == 403 else "other")
    assert (refusal.by is None) is (status != 403)
    assert ("Allow" in refusal.error.headers) is (status == 405)


@pytest.mark.parametrize(
    "path",
    ["/sumdb/sum.example.com/lookup/corp.example.com/m@v1.0.0", "/sumdb/sum.other.example.com/supported", "/%zz", "/x"],
)
def test_a_stranger_learns_nothing_from_a_path_without_a_target(path: str) -> None:
    config = {"upstream": {"goprivate": ["corp.example.com"]}, "access": {"basic": {"secretName": "users"}}}
    made = rules(config=config)
    refusal = refused(arrive(path, made), made)
    assert refusal is not None
    assert (refusal.error.status, "private" in refusal.error.text, "corp" in refusal.error.text) == (401, False, False)


@pytest.mark.parametrize(("file", "logged"), [("@v/list", True), ("@v/v1.0.0.info", True), ("@v/v1.0.0.mod", False)])
def test_dry_run_refuses_nothing_and_says_what_it_would(file: str, logged: bool) -> None:
    made = rules(config=DRY)
    refusal = refused(arrive(f"/example.com/evil/{file}", made), made)
    assert refusal is not None
    assert not refusal.enforced
    assert refusal.by is not None and refusal.by.mode is PolicyMode.DRY_RUN
    assert (refusal.warning is not None and "modules.deny has example.com/evil" in refusal.warning) is logged


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        ("localhost:8080", True), ("LOCALHOST", True), ("localhost.:1", True), ("127.0.0.1:8080", True),
        ("[::1]:8080", True), ("[::1]", True), ("", True),
        ("attacker.example.com", False), ("attacker.example.com:8080", False), ("127.0.0.1.example.com", False),
        ("localhost.example.com", False), ("[::2]:8080", False), ("::1", False), ("x@localhost", False),
    ],
)  # fmt: skip
def test_a_host_that_is_not_ours(host: str, answered: bool) -> None:
    made = rules(config={"hosts": ["localhost", "127.0.0.1", "::1"]})
    refusal = refused(arrive(MOD, made, Host=host), made)
    assert (refusal is None) is answered
    if refusal is not None:
        assert refusal.error.status == 421
        assert "it is called 127.0.0.1, ::1, localhost" in refusal.error.text
    assert refused(arrive(MOD, rules(), Host=host), rules()) is None


def test_below_a_prefix() -> None:
    made = rules(config={"pathPrefix": "/go"})
    assert all(arrive(path, made).root for path in ("/", "/go", "/go/", "/go?x"))
    assert refused(arrive(f"/go{MOD}", made), made) is None
    assert refused(arrive(f"/%67%6f{MOD}", made), made) is None
    for path in (MOD, "/gox/example.com/m/@v/list"):
        refusal = refused(arrive(path, made), made)
        assert refusal is not None
        assert "modules are served below /go/" in refusal.error.text


def test_supported_asks_for_nothing() -> None:
    made = rules()
    arrival = arrive("/sumdb/sum.example.com/supported", made)
    assert refused(arrival, made) is None
    assert arrival.target is None


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("headers", "cached_only", "kept_id", "trace"),
    [
        ({}, False, None, None),
        ({"Disable-Module-Fetch": "True"}, True, None, None),
        ({"Disable-Module-Fetch": "1"}, False, None, None),
        ({"X-Request-Id": "a-1._"}, False, "a-1._", None),
        ({"X-Request-Id": "a b"}, False, None, None),
        ({"X-Request-Id": "x" * 65}, False, None, None),
        ({"traceparent": TRACE}, False, None, TRACE),
        ({"traceparent": f"{TRACE}\x00"}, False, None, None),
    ],
)
def test_what_travels_on(headers: dict[str, str], cached_only: bool, kept_id: str | None, trace: str | None) -> None:
    made = rules()
    arrival = read_arrival("GET", MOD, CIMultiDict({**headers, "Via": "1.1 edge"}), made)
    assert arrival.target is not None
    request = arrival.request(arrival.target, OWN)
    assert (request.via, request.hop, request.cached_only, request.trace) == ("1.1 edge", 0, cached_only, trace)
    assert request.id == kept_id if kept_id else UUID(request.id).version == 8
    assert request.principal.name == "anonymous"
