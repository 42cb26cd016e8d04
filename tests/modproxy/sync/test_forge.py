"""Webhooks of every forge: who sends, what has changed, and whether it is proved."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from multidict import CIMultiDict

from modproxy.identity.authorization import Login
from modproxy.sync.events import EventError, RefChange, is_ping, read_push, repository_path
from modproxy.sync.forge import Sender, sender_of
from modproxy.sync.proof import Lack, WebhookKeys, lack_of_proof, may_prove
from tests.modproxy.sync import payloads
from tests.modproxy.sync.payloads import COMMIT, LOGIN, SECRET, ZEROS, signed

KEYS = WebhookKeys(("an older secret", SECRET), Login(*LOGIN))
NOW = 1_800_000_000.0
V1 = RefChange("v1.2.3", tag=True)
WHERE = ("platform/lib",)


def sender(forge: str, event: str = "push") -> Sender:
    _, headers = signed(forge, {}, event)
    found = sender_of(CIMultiDict(headers))
    assert found is not None and found.forge.value == forge
    return found


EVENTS: list[tuple[str, str, dict[str, Any], tuple[str, ...], RefChange | None]] = [
    ("github", "push", payloads.github(), WHERE, V1),
    ("github", "push", payloads.github("refs/heads/main", before=COMMIT), WHERE, RefChange("main", False, moved=True)),
    ("github", "push", payloads.github(before=COMMIT, after=ZEROS, deleted=True), WHERE,
     RefChange("v1.2.3", True, deleted=True)),
    ("github", "push", payloads.github(before=COMMIT), WHERE, RefChange("v1.2.3", True, moved=True)),
    ("github", "create", payloads.github_create(), WHERE, V1),
    ("github", "create", payloads.github_create("sub/v1.0.0"), WHERE, RefChange("sub/v1.0.0", True)),
    ("github", "delete", payloads.github_create(), WHERE, RefChange("v1.2.3", True, deleted=True)),
    ("github", "create", payloads.github_create("dev", "branch"), WHERE, RefChange("dev", False)),
    ("gitea", "push", payloads.github(), WHERE, V1),
    ("gitea", "create", payloads.github_create(), WHERE, V1),
    ("forgejo", "push", payloads.github(), WHERE, V1),
    ("gitlab", "", payloads.gitlab(), WHERE, V1),
    ("gitlab", "", payloads.gitlab("refs/heads/main", COMMIT), WHERE, RefChange("main", False, moved=True)),
    ("gitlab", "", payloads.gitlab(before=COMMIT, after=ZEROS), WHERE, RefChange("v1.2.3", True, deleted=True)),
    ("bitbucketCloud", "repo:push", payloads.bitbucket_cloud(), WHERE, V1),
    ("bitbucketCloud", "repo:push", payloads.bitbucket_cloud("main", "branch"), WHERE, RefChange("main", False)),
    ("bitbucketCloud", "repo:push", payloads.bitbucket_cloud(deleted=True), WHERE,
     RefChange("v1.2.3", True, deleted=True)),
    ("bitbucketDataCenter", "repo:refs_changed", payloads.bitbucket_data_center(),
     ("platform/lib", "scm/platform/lib"), V1),
    ("bitbucketDataCenter", "repo:refs_changed", payloads.bitbucket_data_center(kind="DELETE", links=False),
     ("platform/lib", "scm/platform/lib"), RefChange("v1.2.3", True, deleted=True)),
    ("azureDevOps", "", payloads.azure(), ("corp/platform/_git/lib",), V1),
    ("azureDevOps", "", payloads.azure("refs/heads/main", COMMIT, COMMIT), ("corp/platform/_git/lib",),
     RefChange("main", False, moved=True)),
]  # fmt: skip


@pytest.mark.parametrize(("forge", "event", "payload", "places", "change"), EVENTS)
def test_what_has_changed(
    forge: str, event: str, payload: dict[str, Any], places: tuple[str, ...], change: RefChange
) -> None:
    push = read_push(sender(forge, event), payload)
    assert push is not None
    assert (push.places, push.changes) == (places, (change,))


@pytest.mark.parametrize(
    ("forge", "event", "payload"),
    [
        ("github", "issues", payloads.github()), ("gitlab", "", {"object_kind": "merge_request"}),
        ("bitbucketCloud", "pullrequest:created", {}), ("bitbucketDataCenter", "pr:opened", {}),
        ("azureDevOps", "", {"eventType": "build.complete"}),
        ("github", "create", {**payloads.github_create(), "ref_type": "repository"}),
    ],
)  # fmt: skip
def test_other_events_say_nothing(forge: str, event: str, payload: dict[str, Any]) -> None:
    assert read_push(sender(forge, event), payload) is None


@pytest.mark.parametrize(("forge", "event"), [(forge, event) for forge, event, *_ in EVENTS])
@pytest.mark.parametrize("repository", [None, 7, [], {}, {"full_name": 1, "clone_url": "../.."}])
def test_payloads_without_their_repository_are_refused(forge: str, event: str, repository: object) -> None:
    body = {
        "repository": repository, "project": repository, "object_kind": "push", "ref": "refs/heads/x",
        "ref_type": "tag", "push": {"changes": []}, "changes": [], "eventType": "git.push",
        "resource": {"repository": repository, "refUpdates": []},
    }  # fmt: skip
    with pytest.raises(EventError, match="it "):
        read_push(sender(forge, event), body)


def test_pings() -> None:
    assert is_ping(sender("github", "ping")) and is_ping(sender("bitbucketDataCenter", "diagnostics:ping"))
    assert not is_ping(sender("github", "push"))
    assert sender_of(CIMultiDict({"Content-Type": "application/json"})) is None


@pytest.mark.parametrize("forge", sorted({forge for forge, *_ in EVENTS}))
def test_proofs_of_each_forge(forge: str) -> None:
    body, made = signed(forge, payloads.github())
    headers, who = CIMultiDict(made), sender(forge)
    assert may_prove(who, headers)
    assert lack_of_proof(who, headers, body, KEYS, NOW) is None
    assert lack_of_proof(who, headers, body, WebhookKeys(), NOW) is Lack.WRONG
    other = WebhookKeys(("another secret",), Login(LOGIN[0], "another password"))
    assert lack_of_proof(who, headers, body, other, NOW) is Lack.WRONG
    if forge not in ("gitlab", "azureDevOps"):
        assert lack_of_proof(who, headers, body + b" ", KEYS, NOW) is Lack.WRONG
    for name in list(headers):
        if "Signature" in name or "Token" in name or name == "Authorization":
            del headers[name]
    if forge != "azureDevOps":
        assert not may_prove(who, headers)
        assert lack_of_proof(who, headers, body, KEYS, NOW) is Lack.UNSIGNED


@pytest.mark.parametrize("forge", ["github", "gitea", "forgejo"])
def test_a_signature_of_sha1_alone_is_refused(forge: str) -> None:
    body, made = signed(forge, payloads.github())
    headers = CIMultiDict({k: v for k, v in made.items() if k == "X-Hub-Signature" or "Signature" not in k})
    assert lack_of_proof(sender(forge), headers, body, KEYS, NOW) is Lack.WEAK
    headers["X-Hub-Signature-256"] = headers["X-Hub-Signature"]
    assert lack_of_proof(sender(forge), headers, body, KEYS, NOW) is Lack.WEAK


def test_a_newer_signature_of_gitlab() -> None:
    key = b"0123456789abcdef01234567"
    keys = WebhookKeys(("whsec_" + base64.b64encode(key).decode(),))
    content = f"m1.{NOW:.0f}.".encode() + b"{}"
    good = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    headers = CIMultiDict({
        "X-Gitlab-Event": "Push Hook", "webhook-id": "m1", "webhook-timestamp": f"{NOW:.0f}",
        "webhook-signature": f"v1,{'A' * 43}= {good}",
    })  # fmt: skip
    who = sender_of(headers)
    assert who is not None and who.delivery == "m1"
    assert lack_of_proof(who, headers, b"{}", keys, NOW + 299) is None
    assert lack_of_proof(who, headers, b"{}", keys, NOW + 301) is Lack.LATE
    assert lack_of_proof(who, headers, b"{ }", keys, NOW) is Lack.WRONG
    assert lack_of_proof(who, headers, b"{}", KEYS, NOW) is Lack.WRONG
    headers["webhook-timestamp"] = "yesterday"
    assert lack_of_proof(who, headers, b"{}", keys, NOW) is Lack.WRONG
    headers["X-Gitlab-Token"] = SECRET
    assert lack_of_proof(who, headers, b"{}", KEYS, NOW) is None


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("https://user:x@git.example.com:8443/a/b.git", "a/b"), ("git@git.example.com:a/b.git", "a/b"),
        ("ssh://git@git.example.com:7999/a/b.git", "a/b"), ("a/b", "a/b"), ("/a/b/", "a/b"), ("a/../b", ""),
        ("https://[::1/a", ""), ("https://git.example.com/", ""), ("", ""), ("https://h/a%2F..%2Fb", ""),
        ("https://h/my%20project/_git/b", "my project/_git/b"), ("a//b", ""), ("a\nb", ""),
    ],
)  # fmt: skip
def test_paths_of_repositories(text: str, path: str) -> None:
    assert repository_path(text) == path


def test_headers_that_are_no_text_prove_nothing() -> None:
    headers = CIMultiDict({"X-Gitlab-Event": "Push Hook", "webhook-id": "\udcff", "webhook-signature": "v1,\udcff"})
    headers["webhook-timestamp"] = "\udcff"
    found = sender_of(headers)
    assert found is not None and lack_of_proof(found, headers, b"{}", KEYS, NOW) is Lack.WRONG
