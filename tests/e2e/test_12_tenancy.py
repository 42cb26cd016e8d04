"""Two tenants share one fleet: an OpenID provider and the cluster say who asks, and nobody sees what is another's."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.dex import OTHER_CLIENT, TOKENS_FOR, Dex
from tests.e2e.pods import config_map, ended, pod
from tests.e2e.release import Release
from tests.e2e.space import Object, Space
from tests.e2e.tenancy import ACCOUNT, FILES, FLEET, OF_A, OF_B, VERSION, Tenancy, basic, bearer, users, write_modules
from tests.e2e.tenant_clients import FROM_GOAUTH, FROM_NETRC, GOAUTH, go_client, go_project, ways_to
from tests.e2e.upstream import Upstream
from tests.e2e.waiting import until
from tests.kubernetes.kind_cluster import Cluster, CommandError
from tests.modproxy.identity.issuer import claims, sign

A, B = (f"{module}/@v/{VERSION}.info" for module in (OF_A, OF_B))
LOAD = Path(__file__).resolve().parent / "tenant_load.py"
LEEWAY = 60.0  # seconds for which a replica takes tokens that have expired
ROTATED = 180.0  # seconds: the kubelet looks at Secrets about once a minute
WAVE = 120  # refusals: an Event tells of a hundred


class Begun:
    """What takes its time, and was begun when the fleet was there."""

    def __init__(self, tenancy: Tenancy) -> None:
        self.early = bearer(tenancy.dex.token("early@example.com", "team-a"))
        self.early_ends = time.monotonic() + TOKENS_FOR + LEEWAY
        assert tenancy.statuses(A, self.early) == {200}
        self.pods = tenancy.containers()
        self.shown = [self.early]
        """Every credential that must be in no log."""


@pytest.fixture(scope="module")
def tenancy(cluster: Cluster, operator: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenancy]:
    folder = tmp_path_factory.mktemp("tenancy")
    write_modules(folder / "tree")
    names = [f"{stem}-{secrets.token_hex(2)}" for stem in ("platform", "tenant-a", "tenant-b")]
    shared, a, b = (Space(cluster, name) for name in names)
    for name in names:
        cluster.kubectl("create", "namespace", name)
        cluster.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    address = cluster.gateway()
    with Dex(address, folder) as dex, Upstream(address, folder / "tree") as upstream:
        made = Tenancy(shared, a, b, dex, folder)
        for space in (made.a, made.b):
            space.kubectl("create", "serviceaccount", ACCOUNT)
        made.shared.apply(*made.secrets(), made.fleet(upstream.url))
        made.shared.wait_ready(FLEET, 2)
        until(lambda: made.ready()["status"] == "True", "every way to prove who asks is in use", seconds=90)
        with ways_to(made.shared) as made.ways:
            yield made
    for name in names:
        cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


@pytest.fixture(scope="module")
def begun(tenancy: Tenancy, operator: Release) -> Begun:
    """Begins what takes its time: a token that expires, a load over a change of keys, and a Secret that changes."""
    found = Begun(tenancy)
    assert tenancy.statuses(A, basic("alice", "first")) == {200}
    tenancy.shared.apply(users(alice="second"))
    environment = tenancy.dex.login("load@example.com", "team-a")
    command = ["python3", "tenant_load.py", tenancy.url, "ca.crt", *(f"{OF_A}/{file}" for file in FILES)]
    files = {"tenant_load.py": LOAD.read_text(), "ca.crt": tenancy.authority}
    tenancy.a.apply(config_map("load", files), pod("load", operator.images.proxy, command, "load", environment))
    found.shown += [basic("alice", "first"), basic("alice", "second")]
    return found


@pytest.fixture
def space(tenancy: Tenancy) -> Space:
    """For the evidence of a test that fails."""
    return tenancy.shared


@pytest.fixture
def tenants(tenancy: Tenancy, space: Space) -> tuple[Space, Space]:
    return tenancy.a, tenancy.b


def test_who_is_let_in(tenancy: Tenancy, begun: Begun, space: Space) -> None:
    dex = tenancy.dex
    of_a, of_b = (bearer(dex.token(f"{team}@example.com", team)) for team in ("team-a", "team-b"))
    nobody = bearer(dex.token("carol@example.com", "team-c"))
    account, other_account = (bearer(tenancy.account_token(one)) for one in (tenancy.b, tenancy.a))
    default = bearer(tenancy.account_token(tenancy.b, account="default"))
    begun.shown += [of_a, of_b, nobody, account, other_account, default]

    assert tenancy.statuses(A, of_a) == {200}
    assert tenancy.statuses(B, of_b) == tenancy.statuses(B, account) == {200}
    assert tenancy.statuses(B, basic("x", account.removeprefix("Bearer "))) == {200}, "a token as a password"
    for credential in (nobody, other_account, default):
        for path in (A, B):
            assert tenancy.statuses(path, credential) == {403}
    assert "may not read a.example.com/private" in tenancy.ask(A, nobody).text

    for bad in (
        None,
        bearer(tenancy.account_token(tenancy.b, audience="https://kubernetes.default.svc.cluster.local")),
        bearer(dex.token(f"system:serviceaccount:{tenancy.b.name}:{ACCOUNT}", "team-b")),
        bearer(dex.token("team-a@example.com", "team-a", client=OTHER_CLIENT)),
        of_a[:-8] + "AAAAAAAA",
        "Bearer x.y.z",
    ):
        for path in (A, B):
            assert tenancy.statuses(path, bad) == {401}, bad


def test_neither_tenant_sees_the_modules_of_the_other(tenancy: Tenancy, begun: Begun, space: Space) -> None:
    for team, mine, other in (("team-a", OF_A, OF_B), ("team-b", OF_B, OF_A)):
        token = bearer(tenancy.dex.token(f"{team}@example.com", team))
        begun.shown.append(token)
        for file in FILES:
            assert tenancy.statuses(f"{mine}/{file}", token) == {200}, "the fleet holds it, and memory too"
        for file in (*FILES, "@v/master.info", "@v/v9.9.9.info"):
            for headers in ({}, {"Range": "bytes=0-1"}, {"If_None_Match": "*"}, {"Disable_Module_Fetch": "true"}):
                for replica in range(len(tenancy.ways)):
                    reply = tenancy.ask(f"{other}/{file}", token, replica, **headers)
                    assert reply.status == 403, (file, headers)
                    assert "2024" not in reply.text and "package m" not in reply.text


def test_go_in_pods_with_projected_tokens(
    tenancy: Tenancy, begun: Begun, operator: Release, tenants: tuple[Space, Space]
) -> None:
    """The pods of one service account get what its rule grants, verified; those of another tenant's do not."""
    files = go_project(OF_B) | {"ca.crt": tenancy.authority, "goauth": GOAUTH}
    ways = [("netrc", tenancy.b, FROM_NETRC), ("goauth", tenancy.b, FROM_GOAUTH), ("refused", tenancy.a, FROM_NETRC)]
    for name, space, command in ways:
        made = go_client(name, operator.images.proxy, tenancy, command, FLEET=f"{tenancy.host}:8080")
        made["spec"]["volumes"][0]["configMap"]["defaultMode"] = 0o755
        space.apply(config_map(name, files), made)
    for name, space, _ in ways:
        phase = until(partial(ended, space, name), f"the pod {name} ends", seconds=120)
        said = space.kubectl("logs", name)
        if name == "refused":
            assert phase == "Failed", said
            assert f"may not read {OF_B} at GoProxy {tenancy.shared.name}/{FLEET}" in said
        else:
            assert phase == "Succeeded", said


def test_the_admin_of_one_namespace_reads_nothing_of_the_fleet(tenancy: Tenancy, space: Space) -> None:
    """Neither the audit log, which is in the logs of pods, nor config and Secrets, nor by a way around."""
    user = "anna"
    tenancy.a.kubectl("create", "rolebinding", "anna", "--clusterrole=admin", f"--user={user}")
    asked = [
        ("get", "pods/log"),
        ("get", "pods/proxy"),
        ("create", "pods/exec"),
        ("create", "pods/portforward"),
        ("create", "pods/attach"),
        ("get", "configmaps"),
        ("list", "configmaps"),
        ("get", "secrets"),
        ("get", "persistentvolumeclaims"),
        ("get", "goproxies.goproxy-operator.dev"),
        ("patch", "goproxies.goproxy-operator.dev"),
        ("create", "serviceaccounts/token"),
        ("create", "pods"),
    ]

    def may(at: Space, verb: str, what: str) -> bool:
        try:
            return at.kubectl("auth", "can-i", verb, what, f"--as={user}").strip() == "yes"
        except CommandError:
            return False

    with ThreadPoolExecutor(4) as pool:
        own = list(pool.map(lambda one: may(tenancy.a, *one), [("get", "pods/log"), ("get", "configmaps")]))
        others = list(pool.map(lambda one: may(tenancy.shared, *one), asked))
        tokens = may(tenancy.b, "create", "serviceaccounts/token")
    assert all(own), "the question can be answered with yes"
    assert not any(others), dict(zip(asked, others, strict=True))
    assert not tokens, "nobody else gets a token of the service account that a rule names"
    (first, *_) = tenancy.shared.pods(FLEET)
    with pytest.raises(CommandError, match="cannot get resource"):
        tenancy.shared.kubectl("logs", first["metadata"]["name"], f"--as={user}")


def test_the_audit_log_tells_of_a_refusal_and_of_no_secret(tenancy: Tenancy, begun: Begun, space: Space) -> None:
    token = bearer(tenancy.dex.token("bob@example.com", "team-b", "guild"))
    begun.shown.append(token)
    before = time.time()
    assert tenancy.ask(A, token, X_Request_Id="of-the-refusal").status == 403
    name = tenancy.shared.pods(FLEET)[0]["metadata"]["name"]

    def told() -> Object | None:
        lines = tenancy.shared.kubectl("logs", name, "--since=2m").splitlines()
        found = [json.loads(line) for line in lines if line.startswith('{"time"') and '"of-the-refusal"' in line]
        return found[-1] if found else None

    record = until(told, "the record of the refusal", seconds=30)
    assert record is not None and before
    expected = {
        "user_principal": "bob@example.com",
        "auth_method": "oidc",
        "verb": "read",
        "module": OF_A,
        "version": VERSION,
        "decision": "refused",
        "status": 403,
        "fleet": f"{tenancy.shared.name}/{FLEET}",
        "replica": name,
    }
    assert {key: record[key] for key in expected} == expected
    assert {"sso:team-b", "sso:guild"} <= set(record["groups"])
    assert record["rule"].startswith("access"), record

    for one in tenancy.shared.pods(FLEET):
        text = tenancy.shared.kubectl("logs", one["metadata"]["name"], "--tail=-1")
        for credential in begun.shown:
            secret = credential.partition(" ")[2]
            assert secret not in text
            assert secret.rpartition(".")[2] not in text, "the signature of a token"
        # Whoever reaches the admin port can read these two.
        shown = tenancy.shared.metrics(one["metadata"]["name"])
        shown += tenancy.shared.report(one["metadata"]["name"]).model_dump_json()
        for private in ("private", "bob", "guild", "b.example.com"):
            assert private not in shown


def test_waves_of_refusals_are_told(tenancy: Tenancy, begun: Begun, space: Space) -> None:
    token = bearer(tenancy.dex.token("carol@example.com", "team-c"))
    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(lambda n: tenancy.ask(A, token, n % 2).status, range(WAVE)))
        bad = set(pool.map(lambda n: tenancy.ask(A, "Bearer x.y.z", n % 2).status, range(WAVE)))
    assert (statuses, bad) == ({403}, {401})

    def counted() -> bool:
        found = tenancy.shared.get("goproxy", FLEET)["status"].get("refusals", [])
        counts = {one["rule"]: one["count"] for one in found}
        assert counts.get("access", 0) >= 100 and counts.get("identity", 0) >= 100, counts
        return True

    until(counted, "the status counts the refusals", seconds=90)

    def events() -> bool:
        reasons = {one["reason"] for one in tenancy.shared.items("events")}
        return {"ManyRefusals", "ManyFailedLogins"} <= reasons

    until(events, "an Event tells of each wave", seconds=30)


def test_a_token_that_expires_is_good_no_more(tenancy: Tenancy, begun: Begun, space: Space) -> None:
    time.sleep(max(0.0, begun.early_ends + 1 - time.monotonic()))
    for _ in range(2):
        assert tenancy.statuses(A, begun.early) == {401}
    assert "expired" in tenancy.ask(A, begun.early).text


def test_keys_that_are_rotated_under_load(tenancy: Tenancy, begun: Begun, tenants: tuple[Space, Space]) -> None:
    def said() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(tenancy.a.kubectl("logs", "load", "--tail=1"))
        assert not found["failures"], found
        return found

    rotated = until(lambda: len(said()["kids"]) >= 2 and said(), "the provider has another key", seconds=120)
    assert isinstance(rotated, dict)
    goal = rotated["asked"] + 300
    until(lambda: said()["asked"] >= goal, "300 requests with the new key", seconds=90)
    tenancy.a.kubectl("delete", "pod", "load", "--wait=false")


def test_what_changes_without_a_restart(tenancy: Tenancy, begun: Begun, space: Space) -> None:
    """Passwords of the Secret, which was changed when all began, and the rules."""
    until(lambda: tenancy.statuses(A, basic("alice", "first"), 1) == {401}, "the old password is bad", ROTATED, 5)
    assert tenancy.statuses(A, basic("alice", "second")) == {200}

    tenancy.change_access(rules=[], hide=True)
    until(lambda: tenancy.statuses(A, basic("alice", "second"), 1) == {404}, "the rules are gone", ROTATED, 1)
    tenancy.change_access(hide=None)
    until(lambda: tenancy.statuses(A, basic("alice", "second"), 1) == {200}, "the rules are back", ROTATED, 1)
    assert tenancy.containers() == begun.pods


def test_a_provider_that_is_away_is_named(tenancy: Tenancy, begun: Begun, space: Space) -> None:
    good = bearer(tenancy.dex.token("team-a@example.com", "team-a"))
    assert tenancy.statuses(A, good) == {200}
    unknown = bearer(sign(claims(tenancy.dex.issuer, email="x@example.com"), kid="of-nobody"))
    tenancy.dex.stop()
    assert tenancy.statuses(A, good) == {200}, "keys that are known stay good"

    def away() -> bool:
        # A token with an unknown key makes a replica ask for the keys at once, and not when it is time.
        assert tenancy.statuses(A, unknown, 1) == {401}
        return bool(tenancy.ready()["status"] == "False")

    until(away, "the object tells that the provider is away", seconds=150, every=3)
    found = tenancy.ready()
    assert found["reason"] == "IssuerUnusable"
    assert tenancy.dex.issuer in found["message"], found

    def told_once() -> bool:
        tenancy.statuses(A, unknown, 1)
        message = tenancy.ready()["message"]
        assert message.count("oidc http") == 1 and message.endswith("(seen by all replicas)"), message
        return True

    until(told_once, "both replicas tell it in the same words", seconds=90, every=3)
    tenancy.dex.start()
    until(lambda: tenancy.ready()["status"] == "True", "the object tells that all is well", seconds=120)
    assert tenancy.statuses(A, bearer(tenancy.dex.token("team-a@example.com", "team-a"))) == {200}
    assert tenancy.statuses(A, good) == {401}, "its key is gone"
    assert tenancy.containers() == begun.pods
