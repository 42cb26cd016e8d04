"""`spec.hosted` and `spec.sync`: what is refused, with which words, and what is accepted."""

from __future__ import annotations

from typing import Any

from tests.operator.api.cases.case import Case, both, models_only, schema

_BUCKET = {"cache": {"objectStore": {"url": "s3://go/team-a"}}}
_ONE = {"replicas": 1}
_RANGE = {"minReplicas": 1, "maxReplicas": 3, "targetRequestsPerSecond": 100}
_EPHEMERAL = {"storage": {"ephemeral": True, "size": "20Gi"}}
_WHERE = "what is published has no place that is kept: write cache.objectStore, or replicas: 1 with a claim"


def hosted(*modules: str, **more: Any) -> dict[str, Any]:
    return {"hosted": {"enabled": True, **({"modules": list(modules)} if modules else {})}, **more}


def sync(*modules: str, **more: Any) -> dict[str, Any]:
    return {"sync": {"modules": list(modules) or ["git.example.com/platform"], **more}}


_NO_SCHEDULE = "is no schedule: write the five fields of cron, in UTC, with one blank between two of them, such as"

REFUSED: list[Case] = [
    models_only(hosted(), _WHERE, "spec"),
    models_only(hosted(replicas=2), _WHERE, "spec"),
    models_only(hosted(autoscaling=_RANGE), _WHERE, "spec"),
    models_only(hosted(**_ONE, cache=_EPHEMERAL), _WHERE, "spec"),
    both(
        {"hosted": {"modules": ["corp.example.com"]}, **_ONE},
        "modules are named that are hosted only, and hosting is off, so that upstream would be asked about them",
        "spec.hosted",
    ),
    both({"hosted": {"enabled": False, "modules": ["corp.example.com"]}, **_ONE}, "and hosting is off", "spec.hosted"),
    both(hosted("https://corp.example.com", **_ONE), '"https://corp.example.com" is a URL', "spec.hosted.modules[0]"),
    both(sync(), "nothing says when new versions are looked for: write schedule, or webhookSecretName", "spec.sync"),
    *(
        both(sync(schedule=text), f'"{text}" {_NO_SCHEDULE}', "spec.sync.schedule")
        for text in ("every hour", "* * * * * *", "*/15  * * * *", "0 0 * * ?", " 0 0 * * *")
    ),
    *(
        models_only(sync(schedule=text), "is no schedule: ", "spec.sync.schedule")
        for text in ("61 * * * *", "0 0 31 2 *", "0 25 * * *", "*/0 * * * *")
    ),
    both(sync(webhookSecretName="../a"), '"../a" is no name of', "spec.sync.webhookSecretName"),
    both(sync("a b", schedule="0 * * * *"), '"a b" has white space or a comma', "spec.sync.modules[0]"),
    schema(
        {"sync": {"schedule": "0 * * * *"}},
        server="spec.sync.modules: Required value",
        models="Field required",
        path="spec.sync.modules",
    ),
]
ACCEPTED: list[dict[str, Any]] = [
    hosted(**_ONE),
    hosted(replicas=0),
    hosted(**_BUCKET),
    hosted("corp.example.com", "*.corp.example.com", autoscaling=_RANGE, **_BUCKET),
    hosted(cache={**_EPHEMERAL, **_BUCKET["cache"]}),
    {"hosted": {}},
    {"hosted": {"enabled": False}},
    sync(schedule="*/15 * * * *"),
    sync(schedule="0 3 * * MON-FRI"),
    sync("git.example.com/platform", "git.example.com/a*", webhookSecretName="git-webhook", schedule="7 */6 1,15 * *"),
    sync(webhookSecretName="git-webhook"),
]
