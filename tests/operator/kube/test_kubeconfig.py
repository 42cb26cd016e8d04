"""Kubeconfigs as users have them, and what is told of those that give no access."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from goproxy_operator.kube.access import load_access
from goproxy_operator.kube.credentials import AccessError
from goproxy_operator.kube.kubeconfig import Kubeconfig
from tests.operator.kube.user_config import executing, jwt, kubeconfig, plugin, runs

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


BASIC = f"Basic {encoded('jane:secret')}"


@pytest.mark.parametrize(
    ("user", "authorization"),
    [
        ({"token": "t"}, "Bearer t"),
        ({"tokenFile": "token"}, "Bearer from-a-file"),
        ({"username": "jane", "password": "secret"}, BASIC),
        ({"token": "t", **executing("/nowhere/plugin")}, "Bearer t"),
    ],
)
def test_who_we_are(tmp_path: Path, user: dict[str, Any], authorization: str) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    found = Kubeconfig(kubeconfig(tmp_path, user)).read(refused=False)
    assert (found.server, found.authorization) == ("https://one.example:6443", authorization)
    assert found.expires is None


def test_an_oidc_token_that_is_not_expired_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    token = jwt(3600)
    path = kubeconfig(tmp_path, {"auth-provider": {"name": "oidc", "config": {"id-token": token}}})
    before = path.read_bytes()
    assert Kubeconfig(path).read(refused=False).authorization == f"Bearer {token}"
    assert path.read_bytes() == before


def test_certificates_are_taken_from_the_file_and_from_files_beside_it(tmp_path: Path) -> None:
    for name in ("ca", "crt", "key"):
        (tmp_path / name).write_text(f"{PEM}{name}")
    beside = Kubeconfig(
        kubeconfig(tmp_path, {"client-certificate": "crt", "client-key": "key"}, {"certificate-authority": "ca"})
    ).read(refused=False)
    inside = Kubeconfig(
        kubeconfig(
            tmp_path,
            {"client-certificate-data": encoded(f"{PEM}crt"), "client-key-data": encoded(f"{PEM}key")},
            {"certificate-authority-data": encoded(f"{PEM}ca")},
        )
    ).read(refused=False)
    assert beside == inside
    tls = inside.tls
    assert (tls.authorities, tls.certificate, tls.key) == tuple(
        f"{PEM}{name}".encode() for name in ("ca", "crt", "key")
    )


def test_the_key_stays_in_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    user = {"client-certificate-data": encoded(f"{PEM}1"), "client-key-data": encoded(f"{PEM}2")}
    login = Kubeconfig(kubeconfig(tmp_path, user))
    assert login.read(refused=False) == login.read(refused=False)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_is_said_of_the_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://egress.example:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    user = {"token": "t"}
    for cluster, proxy in (
        ({}, "http://egress.example:3128"),
        ({"proxy-url": "http://own.example:3128"}, "http://own.example:3128"),
        ({"server": "https://inside.example"}, None),
    ):
        assert Kubeconfig(kubeconfig(tmp_path, user, cluster)).read(refused=False).proxy == proxy
    lax = Kubeconfig(kubeconfig(tmp_path, user, {"insecure-skip-tls-verify": True})).read(refused=False)
    assert lax.tls.insecure
    named = Kubeconfig(kubeconfig(tmp_path, user, {"tls-server-name": "api.example"})).read(refused=False)
    assert (named.tls.server_name, named.tls.insecure) == ("api.example", False)


def test_a_context_is_chosen_by_its_name(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, {"token": "t"})
    found = Kubeconfig(path, "other").read(refused=False)
    assert (found.server, found.authorization) == ("https://other.example", "Bearer other")
    with pytest.raises(AccessError, match="has no context x: choose one of one, other with --context NAME"):
        Kubeconfig(path, "x").read(refused=False)


@pytest.mark.parametrize(
    ("user", "cluster", "told"),
    [
        ({}, {}, "its context one has no credentials: give its user a token"),
        (None, {}, "its context one has no credentials: give its user a token"),
        ({"auth-provider": {"name": "azure"}}, {}, "nothing came of auth-provider azure: log in anew with kubectl"),
        ({"token": "t"}, {"server": ""}, "its context one names no server"),
        ({"token": "t\nu"}, {}, "the token of its context one is none: it has more than one line"),
        ({"token": "t"}, {"proxy-url": "socks5://own.example"}, "name one with http:// or https://"),
        ({"tokenFile": "nowhere"}, {}, "is no usable kubeconfig: FileNotFoundError"),
        ({"client-certificate": "nowhere"}, {}, "File does not exist"),
        (executing("get-token-x"), {}, "get-token-x is not installed"),
    ],
)
async def test_refused(tmp_path: Path, user: dict[str, Any] | None, cluster: dict[str, Any], told: str) -> None:
    with pytest.raises(AccessError, match=told) as caught:
        await load_access(kubeconfig(tmp_path, user, cluster))
    assert str(caught.value).startswith(str(tmp_path / "config"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "no: [yaml", "contexts: 5", '{"current-context": "a", "contexts": []}']
)
async def test_no_kubeconfig(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(AccessError, match=r"usable kubeconfig|has no context") as caught:
        await load_access(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(AccessError, match="is no file"):
        await load_access(tmp_path / "nowhere")


@pytest.mark.parametrize(("seconds", "wanted"), [(None, 1), (3600, 1), (-60, 3)], ids=["never", "later", "expired"])
def test_a_plugin_is_run_no_more_often_than_its_answers_expire(
    tmp_path: Path, seconds: int | None, wanted: int
) -> None:
    expires = "" if seconds is None else f", expirationTimestamp=later({seconds})"
    path = plugin(tmp_path, f"answer(token='t'{expires})")
    login = Kubeconfig(kubeconfig(tmp_path, executing(path)))
    for _ in range(3):
        found = login.read(refused=False)
        assert found.authorization == "Bearer t"
        assert (found.expires is None) == (seconds is None)
    assert runs(path) == wanted


def test_a_plugin_is_run_again_when_its_answer_is_refused_and_when_it_is_another(tmp_path: Path) -> None:
    path = plugin(tmp_path, "answer(token='t')")
    patient, quick = (Kubeconfig(kubeconfig(tmp_path, executing(path)), refused_pause=pause) for pause in (60, 0))
    for login, expected in ((patient, 1), (quick, 2)):
        before = runs(path)
        login.read(refused=False)
        login.read(refused=True)
        assert runs(path) - before == expected
    other = plugin(tmp_path, "answer(clientCertificateData='c', clientKeyData='k')", "get-certificate")
    kubeconfig(tmp_path, executing(other))
    found = quick.read(refused=False)
    assert (found.authorization, found.tls.certificate, found.tls.key) == (None, b"c", b"k")


def test_a_plugin_leaves_no_trace_in_the_kubeconfig(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, executing(plugin(tmp_path, "answer(token='t')")))
    before = path.read_bytes()
    Kubeconfig(path).read(refused=False)
    assert path.read_bytes() == before


def test_what_the_loader_takes_first_is_not_asked_of_a_plugin(tmp_path: Path) -> None:
    path = plugin(tmp_path, "answer(token='t')")
    user = executing(path) | {"auth-provider": {"name": "oidc", "config": {"id-token": jwt(3600)}}}
    assert Kubeconfig(kubeconfig(tmp_path, user)).read(refused=False).authorization != "Bearer t"
    assert runs(path) == 0
