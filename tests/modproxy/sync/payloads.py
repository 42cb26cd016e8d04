"""Webhooks as forges send them, shortened to what tells of repository and refs, with a few of the other fields."""

import base64
import hashlib
import hmac
import json
from typing import Any

ZEROS = "0" * 40
COMMIT = "7638417db6d59f3c431d3e1f261cc637155684cd"
SECRET = "It's a Secret to Everybody"
LOGIN = ("hook", "azure-password")


def github(ref: str = "refs/tags/v1.2.3", **changed: Any) -> dict[str, Any]:
    return {
        "ref": ref, "before": ZEROS, "after": COMMIT, "created": True, "deleted": False, "forced": False,
        "base_ref": None, "compare": "https://git.example.com/platform/lib/compare/v1.2.3", "commits": [],
        "repository": {
            "id": 1296269, "name": "lib", "full_name": "platform/lib", "private": True,
            "html_url": "https://git.example.com/platform/lib", "git_url": "git://git.example.com/platform/lib.git",
            "ssh_url": "git@git.example.com:platform/lib.git", "clone_url": "https://git.example.com/platform/lib.git",
        },
        "pusher": {"name": "dev", "email": "dev@example.com"}, **changed,
    }  # fmt: skip


def github_create(name: str = "v1.2.3", kind: str = "tag") -> dict[str, Any]:
    body = github()
    return {
        "ref": name, "ref_type": kind, "master_branch": "main", "description": None,
        "pusher_type": "user", "repository": body["repository"],
    }  # fmt: skip


def gitlab(ref: str = "refs/tags/v1.2.3", before: str = ZEROS, after: str = COMMIT) -> dict[str, Any]:
    return {
        "object_kind": "tag_push" if ref.startswith("refs/tags/") else "push", "event_name": "tag_push",
        "before": before, "after": after, "ref": ref, "checkout_sha": after, "user_id": 1, "project_id": 1,
        "project": {
            "id": 1, "name": "lib", "web_url": "https://git.example.com/platform/lib",
            "git_ssh_url": "git@git.example.com:platform/lib.git",
            "git_http_url": "https://git.example.com/platform/lib.git", "namespace": "platform",
            "path_with_namespace": "platform/lib", "default_branch": "main",
        },
        "repository": {"name": "lib", "url": "git@git.example.com:platform/lib.git"},
        "commits": [], "total_commits_count": 0,
    }  # fmt: skip


def bitbucket_cloud(name: str = "v1.2.3", kind: str = "tag", *, deleted: bool = False) -> dict[str, Any]:
    ref = {"type": kind, "name": name, "target": {"hash": COMMIT}, "links": {}}
    return {
        "actor": {"type": "user"},
        "repository": {
            "type": "repository", "full_name": "platform/lib", "uuid": "{673a6070}", "name": "lib",
            "links": {"html": {"href": "https://bitbucket.example.com/platform/lib"}},
        },
        "push": {"changes": [{
            "new": None if deleted else ref, "old": ref if deleted else None, "created": not deleted,
            "closed": deleted, "forced": False, "truncated": False,
        }]},
    }  # fmt: skip


def bitbucket_data_center(ref: str = "refs/tags/v1.2.3", kind: str = "ADD", *, links: bool = True) -> dict[str, Any]:
    clone = [
        {"href": "ssh://git@git.example.com:7999/platform/lib.git", "name": "ssh"},
        {"href": "https://git.example.com/scm/platform/lib.git", "name": "http"},
    ]
    tag = ref.startswith("refs/tags/")
    return {
        "eventKey": "repo:refs_changed", "date": "2017-09-19T09:58:11+1000", "actor": {"name": "admin"},
        "repository": {
            "slug": "lib", "id": 84, "project": {"key": "PLATFORM", "id": 84, "type": "NORMAL"},
            **({"links": {"clone": clone}} if links else {}),
        },
        "changes": [{
            "ref": {"id": ref, "displayId": ref.rpartition("/")[2], "type": "TAG" if tag else "BRANCH"}, "refId": ref,
            "fromHash": ZEROS, "toHash": COMMIT, "type": kind,
        }],
    }  # fmt: skip


def azure(ref: str = "refs/tags/v1.2.3", old: str = ZEROS, new: str = COMMIT) -> dict[str, Any]:
    return {
        "subscriptionId": "5df0a9c8", "notificationId": 3, "id": "03c164c2-8912-4d5e-8009-3707d5f83734",
        "eventType": "git.push", "publisherId": "tfs",
        "resource": {
            "refUpdates": [{"name": ref, "oldObjectId": old, "newObjectId": new}],
            "repository": {
                "id": "278d5cd2", "name": "lib", "project": {"name": "platform"},
                "remoteUrl": "https://corp@dev.example.com/corp/platform/_git/lib",
            },
            "pushId": 14,
        },
        "resourceVersion": "1.0", "createdDate": "2026-01-01T00:00:00Z",
    }  # fmt: skip


def digest(body: bytes, secret: str = SECRET, algorithm: str = "sha256") -> str:
    return hmac.new(secret.encode(), body, getattr(hashlib, algorithm)).hexdigest()


def signed(forge: str, payload: dict[str, Any] | bytes, event: str = "push", secret: str = SECRET, delivery: str = "d1"
           ) -> tuple[bytes, dict[str, str]]:  # fmt: skip
    """Return the body and the headers of a webhook, with all the headers that its forge sends."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    sha256, sha1 = digest(body, secret), digest(body, secret, "sha1")
    of_github = {
        "X-GitHub-Event": event, "X-GitHub-Delivery": delivery, "X-Hub-Signature": f"sha1={sha1}",
        "X-Hub-Signature-256": f"sha256={sha256}",
    }  # fmt: skip
    of_gitea = {
        **of_github, "X-Gitea-Event": event, "X-Gitea-Event-Type": event, "X-Gitea-Delivery": delivery,
        "X-Gitea-Signature": sha256, "X-Gogs-Event": event, "X-Gogs-Delivery": delivery, "X-Gogs-Signature": sha256,
    }  # fmt: skip
    match forge:
        case "github":
            headers = of_github
        case "gitea":
            headers = of_gitea
        case "forgejo":
            headers = {
                **of_gitea, "X-Forgejo-Event": event, "X-Forgejo-Delivery": delivery, "X-Forgejo-Signature": sha256,
            }  # fmt: skip
        case "gitlab":
            headers = {"X-Gitlab-Event": "Tag Push Hook", "X-Gitlab-Event-UUID": delivery, "X-Gitlab-Token": secret}
        case "bitbucketCloud":
            headers = {
                "X-Event-Key": event, "X-Hook-UUID": "h1", "X-Request-UUID": delivery,
                "X-Attempt-Number": "1", "X-Hub-Signature": f"sha256={sha256}",
            }  # fmt: skip
        case "bitbucketDataCenter":
            headers = {"X-Event-Key": event, "X-Request-Id": delivery, "X-Hub-Signature": f"sha256={sha256}"}
        case _:
            headers = {"Authorization": "Basic " + base64.b64encode(":".join(LOGIN).encode()).decode()}
    return body, {"Content-Type": "application/json", **headers}
