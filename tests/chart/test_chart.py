"""The chart: rendered as its golden files say, strict about its values, and equal to what kustomize makes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from goproxy_operator.api.crd.definitions import DEFINITIONS
from goproxy_operator.desired.monitoring.__main__ import FILES
from tests.chart.rendering import CHART, HERE, NAME, VALUES, HelmError, Object, as_golden, golden, helm, render
from tests.kubernetes import kube_binary
from tests.kubernetes.background import ROOT

DEFAULT = HERE / "values" / "default.yaml"
# What helm and only helm puts on objects.
HELM_LABELS = ("helm.sh/chart", "app.kubernetes.io/managed-by")
OURS = ("app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/version")

pytestmark = pytest.mark.timeout(60, func_only=True)


@pytest.fixture(scope="module", autouse=True)
def built() -> Path:
    """kubectl and helm, which may have to be built first: outside of any test's time."""
    helm("version")
    return kube_binary.ensure()


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_golden(values: Path) -> None:
    made = as_golden(render(values))
    assert made == golden(values).read_text(), "is it as intended? then: python -m tests.chart.rendering"


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_lint(values: Path) -> None:
    helm("lint", "--strict", "--quiet", CHART, "--values", values)


def test_every_value_is_in_the_schema_and_in_the_defaults() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(schema["properties"]) - {"global"} == set(defaults)


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("replica=3", "replica"),
        ("replicas=many", "replicas"),
        ("watchNamespaces={Build}", "watchNamespaces"),
        ("image.registry=registry.example.com/", "registry"),
        ("scrapeInterval=15", "scrapeInterval"),
        ("serviceAccount.create=false", "serviceAccount"),
        ("metrics.service=false,metrics.serviceMonitor.enabled=true", "metrics.service"),
        ("image.registry=", "image.registry is needed"),
        ("extraArgs={verbose}", "extraArgs"),
        ("fullnameOverride=Fleets", "fullnameOverride"),
        ("commonLabels.app\\.kubernetes\\.io/name=mine", "app.kubernetes.io/name"),
        ("docs=docs", "docs"),
        ("logFormat=xml", "logFormat"),
    ],
)
def test_refused(setting: str, named: str) -> None:
    with pytest.raises(HelmError, match=named):
        render(DEFAULT, setting)


@pytest.mark.parametrize(
    "source",
    [
        *(f"crds/{name}.yaml" for name in DEFINITIONS),
        "deploy/rbac.yaml",
        "deploy/admission.yaml",
        *(f"deploy/monitoring/{name}.json" for name in FILES),
    ],
)
def test_the_chart_has_its_sources_as_they_are(source: str) -> None:
    copy = CHART / "files" / Path(source).name
    # No link: Flux drops links from what it takes out of a repository.
    assert not copy.is_symlink()
    assert copy.read_bytes() == (ROOT / source).read_bytes(), "stale: run make generate"


def test_the_definitions_are_the_generated_ones() -> None:
    made = of_kind(render(DEFAULT), "CustomResourceDefinition")
    generated = [yaml.safe_load((ROOT / "crds" / f"{name}.yaml").read_text()) for name in DEFINITIONS]
    assert {item["metadata"]["name"]: item["spec"] for item in made} == {
        item["metadata"]["name"]: item["spec"] for item in generated
    }
    assert {item["metadata"]["annotations"]["helm.sh/resource-policy"] for item in made} == {"keep"}


def test_the_rules_are_those_of_deploy() -> None:
    stated = {
        (item["kind"], item["metadata"]["name"]): item
        for item in yaml.safe_load_all((ROOT / "deploy" / "rbac.yaml").read_text())
    }
    for values in VALUES:
        for kind in ("ClusterRole", "Role"):
            # Those of the external metrics are held equal to deploy/ as a whole.
            made = [
                item for item in of_kind(render(values), kind) if "-external-metrics" not in item["metadata"]["name"]
            ]
            assert made
            for item in made:
                name = item["metadata"]["name"].replace("go-proxies", "goproxy-operator")
                assert item["rules"] == stated[kind, name]["rules"]


def test_watched_namespaces_bind_nothing_elsewhere() -> None:
    made = render(HERE / "values" / "namespaced.yaml")
    assert not of_kind(made, "ClusterRoleBinding")
    assert {item["metadata"]["namespace"] for item in of_kind(made, "RoleBinding")} == {
        "build",
        "test",
        "goproxy-operator",
    }


def test_kustomize_makes_the_same() -> None:
    kustomized = kustomize(ROOT / "deploy")
    # helm is given a namespace; a kustomization makes its own.
    without_namespace = [item for item in kustomized if item["kind"] != "Namespace"]
    assert by_name(map(plain, without_namespace)) == by_name(map(plain, render(DEFAULT)))


@pytest.mark.parametrize(
    ("component", "settings"),
    [
        ("external-metrics", "externalMetrics.enabled=true"),
        ("monitoring", "metrics.serviceMonitor.enabled=true,metrics.rules.enabled=true"),
    ],
)
def test_kustomize_makes_the_same_with_a_component(component: str, settings: str, tmp_path: Path) -> None:
    overlay = {"resources": ["deploy"], "components": [f"deploy/{component}"]}
    for name in ("deploy", "crds"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    kustomized = [item for item in kustomize(tmp_path) if item["kind"] != "Namespace"]
    assert by_name(map(plain, kustomized)) == by_name(map(plain, render(DEFAULT, settings)))


def test_the_api_service_is_the_releases_own() -> None:
    rendered = render(DEFAULT, "externalMetrics.enabled=true")
    # A release's own: uninstalled with it, or it would keep every namespace from being deleted.
    assert len(of_kind(rendered, "APIService")) == 1
    assert "APIService" not in {item["kind"] for item in render(DEFAULT)}


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_names_of_ports_are_such_as_kubernetes_takes(values: Path) -> None:
    for item in render(values):
        if item["kind"] == "Deployment":
            (container,) = item["spec"]["template"]["spec"]["containers"]
            assert all(len(port["name"]) <= 15 for port in container["ports"])
        if item["kind"] == "Service":
            assert all(len(port["targetPort"]) <= 15 for port in item["spec"]["ports"])


def test_names_of_external_metrics_fit_whatever_the_releases_name() -> None:
    text = helm("template", "a" * 53, CHART, "--values", DEFAULT, "--set", "externalMetrics.enabled=true")
    names = {item["metadata"]["name"] for item in yaml.safe_load_all(text) if item and item["kind"] == "Service"}
    assert max(map(len, names)) <= 63


def test_the_kustomize_example_sets_both_images() -> None:
    (deployment,) = of_kind(kustomize(ROOT / "examples" / "kustomize"), "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example.com/platform/goproxy-operator:0.1.0"
    assert "--image=registry.example.com/platform/modproxy:0.1.0" in container["args"]
    (policy,) = of_kind(kustomize(ROOT / "examples" / "kustomize"), "ValidatingAdmissionPolicy")
    assert variables(policy)["images"] == ["registry.example.com/platform/modproxy:*"]


def test_the_policy_is_about_this_installation() -> None:
    made = render(HERE / "values" / "everything.yaml", "serviceAccount.name=other", "watchNamespaces={build,test}")
    (policy,), (binding,) = (of_kind(made, f"ValidatingAdmissionPolicy{kind}") for kind in ("", "Binding"))
    assert binding["spec"]["policyName"] == policy["metadata"]["name"] == binding["metadata"]["name"]
    (condition,) = policy["spec"]["matchConditions"]
    assert condition["expression"] == "request.userInfo.username == 'system:serviceaccount:goproxy-operator:other'"
    assert variables(policy) == {
        "images": [
            "registry.example.com/platform/px:*",
            "registry.example.com/platform/px@*",
            "registry.example.com/go/*",
        ],
        "secrets": ["goproxy-*"],
        "serviceAccounts": ["goproxy"],
        "namespaces": ["build", "test"],
        "operatorNamespace": "goproxy-operator",
        "externalMetrics": "go-proxies-external-metrics",
    }
    (stated, _) = yaml.safe_load_all((ROOT / "deploy" / "admission.yaml").read_text())
    assert policy["spec"]["validations"] == stated["spec"]["validations"]


def variables(policy: Object) -> Object:
    """The first variables of the policy, which are what an installation sets."""
    return {one["name"]: yaml.safe_load(one["expression"]) for one in policy["spec"]["variables"][:6]}


def test_versions_agree() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = (ROOT / "pyproject.toml").read_text()
    assert f'version = "{chart["appVersion"]}"' in project
    assert chart["version"] == chart["appVersion"]
    assert f"ARG VERSION={chart['version']}" in (ROOT / "Dockerfile").read_text()


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    return [item for item in objects if item["kind"] == kind]


def kustomize(folder: Path) -> list[Object]:
    command: list[str | Path] = [kube_binary.ensure() / "kubectl", "kustomize", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [item for item in yaml.safe_load_all(done.stdout) if item]


def plain(item: Object) -> Object:
    """An object without what only says who rendered it."""
    metadata = dict(item["metadata"])
    for key in ("labels", "annotations"):
        own = (*HELM_LABELS, *OURS, "helm.sh/resource-policy")
        metadata[key] = {name: value for name, value in metadata.get(key, {}).items() if name not in own}
    return item | {"metadata": metadata}


def by_name(objects: Iterable[Object]) -> dict[tuple[str, str, str], Object]:
    found = list(objects)
    made = {(item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]): item for item in found}
    assert len(made) == len(found)
    return made


def test_the_notes_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    """A shell that has a program called kubectl, which keeps what it is given, runs every line of the notes."""
    keep = f'printf "%s\\n" "$*" >>{tmp_path}/calls\ncase "$*" in *"apply -f -"*) cat >>{tmp_path}/applied;; esac\n'
    fake = tmp_path / "kubectl"
    fake.write_text(f"#!/bin/sh\n{keep}")
    fake.chmod(0o755)
    # Without a cluster helm renders no notes, but it renders them as a value of a template.
    chart = shutil.copytree(CHART, tmp_path / "chart")
    shutil.copy(chart / "templates" / "NOTES.txt", chart / "files")
    (chart / "templates" / "notes.yaml").write_text('notes: {{ tpl (.Files.Get "files/NOTES.txt") . | toJson }}')
    for values in (DEFAULT, HERE / "values" / "namespaced.yaml"):
        text = helm("template", NAME, chart, "--values", values, "--show-only", "templates/notes.yaml")
        notes = yaml.safe_load(text)["notes"]
        begin = notes.index("\nkubectl")
        pasted = notes[begin : notes.index("\nENDPOINT")]
        subprocess.run(["sh", "-eu", "-c", pasted], check=True, timeout=30, env={"PATH": f"{tmp_path}:{os.defpath}"})
        (applied,) = yaml.safe_load_all((tmp_path / "applied").read_text())
        assert (applied["kind"], applied["spec"]) == ("GoProxy", {})
        (tmp_path / "applied").unlink()
    assert len((tmp_path / "calls").read_text().splitlines()) == 6


def test_names_and_labels_of_ones_own() -> None:
    made = render(HERE / "values" / "everything.yaml")
    named = [item for item in made if item["kind"] not in ("CustomResourceDefinition", "APIService")]
    assert {item["metadata"]["name"].partition("-external")[0].startswith("go-proxies") for item in named} == {True}
    assert {item["metadata"]["labels"]["cost-centre"] for item in made} == {"42"}
    (deployment,) = of_kind(made, "Deployment")
    template = deployment["spec"]["template"]
    assert template["metadata"]["labels"]["cost-centre"] == "42"
    assert "cost-centre" not in deployment["spec"]["selector"]["matchLabels"]
    (container,) = template["spec"]["containers"]
    assert "--discovery-interval=5m" in container["args"]
    assert container["env"] == [{"name": "HTTPS_PROXY", "value": "http://egress.example.com:3128"}]
    assert "runAsUser" not in of_kind(render(DEFAULT), "Deployment")[0]["spec"]["template"]["spec"]["securityContext"]


def test_every_alert_links_to_a_page_that_exists() -> None:
    (rule,) = of_kind(render(HERE / "values" / "everything.yaml"), "PrometheusRule")
    (group,) = rule["spec"]["groups"]
    base = "https://git.example.com/platform/goproxy-operator/docs/runbooks/"
    for alert in group["rules"]:
        assert alert["annotations"]["runbook_url"] == f"{base}{alert['alert']}.md"
        assert (ROOT / "docs" / "runbooks" / f"{alert['alert']}.md").is_file()
