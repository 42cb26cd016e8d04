"""Files that can be run, and the errors for other files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from goproxy_operator.local.fleet_file import missing, parse_fleet_file
from goproxy_operator.local.yaml_text import DocumentError

EXAMPLES = Path(__file__).parents[2] / "examples"
OF_A_CLUSTER_ONLY = {"class.yaml"}
FLEET = "apiVersion: goproxy-operator.dev/v1alpha1\nkind: GoProxy\nmetadata: {name: team-a}\n"
NAMING = FLEET + "spec: {modules: {allowlistConfigMapName: shared}}\n"


def config_map(metadata: str = "{name: shared}", data: str = "{modules: github.com/acme}") -> str:
    return f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\ndata: {data}\n"


@pytest.mark.parametrize(
    ("spec", "replicas"),
    [
        ("", 2),
        ("spec: {}\n", 2),
        ("spec: {replicas: 0}\n", 0),
        ("spec: {replicas: 3}\n", 3),
        ("spec: {autoscaling: {minReplicas: 4, maxReplicas: 9, targetRequestsPerSecond: 400}}\n", 4),
    ],
)
def test_replicas(spec: str, replicas: int) -> None:
    assert parse_fleet_file(FLEET + spec).replicas == replicas


@pytest.mark.parametrize(
    ("text", "allowlist"),
    [
        pytest.param(FLEET, None, id="none named"),
        pytest.param(FLEET + config_map(), None, id="not named, so not in force"),
        pytest.param(NAMING + config_map(), "github.com/acme", id="named"),
        pytest.param(config_map() + "---\n" + NAMING, "github.com/acme", id="before the fleet"),
        pytest.param("---\n---\n" + NAMING + config_map() + "---\n", "github.com/acme", id="empty documents"),
        pytest.param(NAMING + config_map(data="{modules: ''}"), "", id="empty, and in force"),
        pytest.param(NAMING + config_map("{name: shared, namespace: x}"), "github.com/acme", id="namespace left out"),
        pytest.param(NAMING + config_map("{name: other}"), None, id="another name"),
        pytest.param(
            NAMING.replace("team-a", "team-a, namespace: build") + config_map("{name: shared, namespace: x}"),
            None,
            id="another namespace",
        ),
    ],
)
def test_allowlist(text: str, allowlist: str | None) -> None:
    assert parse_fleet_file(text).allowlist == allowlist


def test_a_missing_config_map_is_told() -> None:
    told = missing(parse_fleet_file(NAMING))
    assert told is not None
    assert "ConfigMap shared is not in the file" in told
    assert missing(parse_fleet_file(NAMING + config_map())) is None
    assert missing(parse_fleet_file(FLEET)) is None


@pytest.mark.parametrize("example", sorted({path.name for path in EXAMPLES.glob("*.yaml")} - OF_A_CLUSTER_ONLY))
def test_an_example_is_whole(example: str) -> None:
    assert missing(parse_fleet_file((EXAMPLES / example).read_text())) is None


def test_what_looks_like_a_date_is_text_as_in_kubernetes() -> None:
    assert parse_fleet_file(FLEET + "spec: {pod: {annotations: {since: 2026-01-01}}}\n").replicas == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "0 GoProxy objects: write one", id="empty"),
        pytest.param(config_map(), "0 GoProxy objects: write one", id="only a ConfigMap"),
        pytest.param(f"{FLEET}---\n{FLEET}---\n{FLEET}", "3 GoProxy objects: .* a file of its own", id="several"),
        pytest.param(FLEET + "spec: [\n", r"line \d+, column 1: not YAML: ", id="no YAML"),
        pytest.param(FLEET + "spec:\n\treplicas: 1\n", r"line 5, column 1: not YAML: ", id="a tab"),
        pytest.param(
            FLEET + "spec: {replicas: 1\n---\n",
            r"line 5, column 1: not YAML: expected ',' or '}', but got .* begins at line 4, column 7",
            id="a brace without an end",
        ),
        pytest.param(
            FLEET
            + "spec:\n- &a [x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"- &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefghi")),
            r"line \d+: more than 100000 values up to here, each alias .* write fewer",
            id="aliases of aliases",
        ),
        pytest.param(FLEET + f"spec: {'[' * 200}{']' * 200}\n", "line 4: values lie in one another deeper", id="deep"),
        pytest.param(FLEET + f"spec: {'[' * 9000}{']' * 9000}\n", "values lie in one another deeper", id="deeper"),
        pytest.param("just text\n", "line 1: not an object: write apiVersion", id="text"),
        pytest.param(f"{FLEET}---\n- a\n", "line 5: not an object", id="a list"),
        pytest.param(
            FLEET + "---\napiVersion: apps/v1\nkind: Deployment\n", "line 5: .*'Deployment': write one", id="kind"
        ),
        pytest.param(FLEET.replace("v1alpha1", "v1"), "line 1: .*/v1'.*write one GoProxy of", id="version"),
        pytest.param(FLEET.replace("team-a", "Team_A"), "metadata.name must .*write for example team-a", id="name"),
        pytest.param(FLEET + "spec: {replica: 1}\n", "spec.replica: unknown field: remove it", id="unknown field"),
        pytest.param(
            FLEET + "spec: {modules: {deny: [a.example, 'b c']}}\n", r'spec.modules.deny\[1\]: "b c"', id="pattern"
        ),
        pytest.param(
            FLEET + "spec: {modules: {deny: a.example}}\n",
            r"spec.modules.deny: .*: write a list, such as",
            id="no list",
        ),
        pytest.param(
            FLEET + "spec: {replicas: two}\n", "spec.replicas: .*: write a number without quotes", id="a number"
        ),
        pytest.param(
            FLEET + f"spec: {{modules: {{deny: [{', '.join(f'a.example/{n}' for n in range(600))}]}}}}\n",
            "spec.modules.deny: has too many entries: write at most 512",
            id="too many",
        ),
        pytest.param(
            FLEET + "spec: {replicas: 1, autoscaling: {maxReplicas: 3, targetRequestsPerSecond: 4}}\n",
            "spec: write either replicas",
            id="replicas and autoscaling",
        ),
        pytest.param(
            FLEET + "spec: {monitoring: {objectives: {availability: 99.9}}}\n",
            'spec.monitoring.objectives.availability: has to be text: write it in quotes, as "99.9"',
            id="a number without quotes",
        ),
        pytest.param(FLEET + "spec: {}\nspec: {}\n", "line 5: spec is written twice", id="a key twice"),
        pytest.param(FLEET + "spec: !!binary aGk=\n", "line 4: a tag has no meaning here", id="a tag"),
        pytest.param(FLEET + "spec: {? [a] : b}\n", "line 4: a key that is no plain word", id="a key that is a list"),
        pytest.param(FLEET + "spec: &s {pod: *s}\n", "an anchor that holds itself", id="an endless anchor"),
        pytest.param(NAMING + config_map() * 2, "2 ConfigMaps are called shared", id="two ConfigMaps"),
        pytest.param(NAMING + config_map(data="{other: x}"), "ConfigMap shared: data.modules is no text", id="key"),
        pytest.param(
            NAMING + config_map(data='{modules: "ok.com\\nnot ok"}'),
            "ConfigMap shared: data.modules: line 2: 'not ok'",
            id="a pattern of the list",
        ),
    ],
)
def test_one_line_says_where_and_what_to_do(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message) as raised:
        parse_fleet_file(text)
    assert "\n" not in str(raised.value)


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    text = (
        FLEET
        + """
spec:
  replica: 3
  image: no image
  modules: {deny: [rsc.io/...], allowlistConfigMapName: list}
  pod: {resources: {limits: {memory: 1GB}}}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
data: {password: "?"}
---
apiVersion: v1
kind: Pod
"""
    )
    with pytest.raises(DocumentError) as raised:
        parse_fleet_file(text)
    starts = [
        "line 16: apiVersion 'v1', kind 'Pod'",
        "Secret login: data.password",
        "spec.modules.deny[0]: ",
        "spec.image: ",
        "spec.pod.resources.limits.memory: ",
        "spec.replica: unknown field",
    ]
    assert len(raised.value.mistakes) == len(starts)
    for start in starts:
        assert sum(mistake.startswith(start) for mistake in raised.value.mistakes) == 1, raised.value.mistakes


def test_lines_of_the_list_that_match_no_module_are_told() -> None:
    text = (
        FLEET
        + """
spec: {modules: {allowlistConfigMapName: list}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: list}
data: {modules: "github.com/acme\\ngolang.org/x/...\\nGitHub.com/b"}
"""
    )
    with pytest.raises(DocumentError) as raised:
        parse_fleet_file(text)
    assert [mistake.partition("matches no module: ")[2] for mistake in raised.value.mistakes] == [
        "a pattern matches all that is below it: write golang.org/x",
        "module paths begin in lower case: write github.com/b",
    ]


def test_service_accounts_need_a_cluster() -> None:
    access = "access: {serviceAccounts: {audience: goproxy}, basic: {secretName: users}}"
    told = missing(parse_fleet_file(FLEET + f"spec: {{{access}, expose: {{tls: {{secretName: edge}}}}}}\n"))
    assert told is not None
    assert told.count("there is no cluster here") == 1
    assert "Secret users is not in the file: nobody can prove who he is by it" in told


@pytest.mark.parametrize(
    ("cache", "told"),
    [
        (
            "{parent: {name: org-cache}}",
            "spec.cache.parent: there is no cluster here, and so no GoProxy org-cache to ask",
        ),
        ("{objectStore: {claimName: shared}}", "no claim: write url: file:///FOLDER"),
    ],
)
def test_what_only_a_cluster_has_is_refused(cache: str, told: str) -> None:
    with pytest.raises(DocumentError, match=told):
        parse_fleet_file(FLEET + f"spec: {{cache: {cache}}}\n")


def test_an_object_store_may_be_a_folder_and_its_secret_has_to_be_in_the_file() -> None:
    assert missing(parse_fleet_file(FLEET + "spec: {cache: {objectStore: {url: 'file:///srv/go'}}}\n")) is None
    named = FLEET + "spec: {cache: {objectStore: {url: 's3://go', secretName: bucket}}}\n"
    assert "spec.cache.objectStore: Secret bucket is not in the file" in (missing(parse_fleet_file(named)) or "")
    secret = (
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: bucket}\nstringData: {AWS_ACCESS_KEY_ID: a, other: b}\n"
    )
    found = parse_fleet_file(named + secret)
    assert missing(found) is None
    assert [secret.data for secret in found.secrets] == [{"AWS_ACCESS_KEY_ID": b"a"}]
