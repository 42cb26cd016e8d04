"""Credential plugins: programs that a kubeconfig names, which print a token or a client certificate.

Source of the protocol: client.authentication.k8s.io/v1. The official client's loader runs them too, but without a limit
on their time, and it only logs why one has failed; so we run them.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from goproxy_operator.kube.credentials import AccessError

SECONDS = 60.0
"""How long a plugin may take: some ask another program, or a server far away."""
_AHEAD = timedelta(minutes=2)
_SHARE = 4
"""A plugin is run again this long before its answer expires, or in the last quarter of the answer's life."""
_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """A plugin as a kubeconfig describes it."""

    command: str
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    api_version: str = _VERSIONS[0]
    install_hint: str = ""
    cluster: str = ""
    """What the plugin is told of the cluster, as JSON; empty unless it wants to know."""


@dataclass(frozen=True, slots=True)
class PluginCredential:
    """What a plugin answered, and when the plugin has to be run again."""

    token: str = field(default="", repr=False)
    certificate: bytes = b""
    key: bytes = field(default=b"", repr=False)
    expires: datetime | None = None
    renew: datetime | None = None


def parse_plugin(document: object, folder: str, cluster: Mapping[str, Any]) -> ExecPlugin:
    """Read the `exec` of a user. `folder` is the kubeconfig's: a relative path of a command starts there."""
    if not isinstance(document, Mapping):
        raise AccessError("exec of its user is no object")
    command, version = document.get("command"), document.get("apiVersion")
    if not isinstance(command, str) or not command:
        raise AccessError("exec of its user names no command")
    if version not in _VERSIONS:
        raise AccessError(f"{command}: apiVersion {version} is not known: update the kubeconfig, to {_VERSIONS[0]}")
    if document.get("interactiveMode") == "Always":
        raise AccessError(f"{command} has to ask somebody at a terminal: choose another user, such as a ServiceAccount")
    if os.sep in command:
        command = str(Path(folder) / command)
    told = {key: value for key, value in cluster.items() if key not in ("extensions", "certificate-authority")}
    for extension in cluster.get("extensions") or ():
        if extension.get("name") == "client.authentication.k8s.io/exec":
            told["config"] = extension.get("extension")
    return ExecPlugin(
        command,
        tuple(str(argument) for argument in document.get("args") or ()),
        tuple((str(one["name"]), str(one["value"])) for one in document.get("env") or ()),
        str(version),
        str(document.get("installHint") or ""),
        json.dumps(told, sort_keys=True) if document.get("provideClusterInfo") else "",
    )


def run_plugin(plugin: ExecPlugin, seconds: float = SECONDS) -> PluginCredential:
    """Run the plugin and read its answer. Raises `AccessError`, whose message says what to do."""
    environment = {**os.environ, **dict(plugin.environment)}
    info: dict[str, Any] = {"interactive": False}
    if plugin.cluster:
        info["cluster"] = json.loads(plugin.cluster)
    question = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": info}
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(question)
    program = shutil.which(plugin.command, path=environment.get("PATH"))
    if program is None:
        hint = " ".join(plugin.install_hint.split()) or "install it"
        raise AccessError(f"the credential plugin {plugin.command} is not installed: {hint}, or choose another user")
    try:
        process = subprocess.Popen(
            [program, *plugin.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except OSError as e:
        raise AccessError(f"the credential plugin {plugin.command} cannot be run: {e}") from e
    by_hand = " ".join([plugin.command, *plugin.arguments])
    try:
        answer, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        raise AccessError(
            f"the credential plugin has not answered within {seconds:.0f} s: run it by hand to see why ({by_hand})"
        ) from None
    if process.returncode != 0:
        last = (said.decode(errors="replace").strip().splitlines() or ["it says nothing"])[-1]
        raise AccessError(f"the credential plugin failed with {process.returncode}: {last}; run it by hand ({by_hand})")
    return parse_answer(plugin, answer, datetime.now(UTC))


def parse_answer(plugin: ExecPlugin, answer: bytes, now: datetime) -> PluginCredential:
    """Read what a plugin printed. Raises `AccessError`."""
    by_hand = "run it by hand ({})".format(" ".join([plugin.command, *plugin.arguments]))
    try:
        document = json.loads(answer)
        version, status = document["apiVersion"], document["status"]
        token = status.get("token") or ""
        certificate, key = status.get("clientCertificateData") or "", status.get("clientKeyData") or ""
        expires = status.get("expirationTimestamp")
        until = None if expires is None else datetime.fromisoformat(expires).astimezone(UTC)
        made = PluginCredential(str(token).strip(), certificate.encode(), key.encode(), until, _renew(until, now))
    except (ValueError, LookupError, TypeError, AttributeError):
        raise AccessError(f"the credential plugin printed no ExecCredential: {by_hand}") from None
    if version != plugin.api_version:
        raise AccessError(f"the credential plugin speaks {version}, and the kubeconfig asks for {plugin.api_version}")
    if not made.token and not (made.certificate and made.key):
        raise AccessError(f"the credential plugin printed neither a token nor a certificate with its key: {by_hand}")
    return made


def _renew(expires: datetime | None, now: datetime) -> datetime | None:
    return None if expires is None else expires - min(_AHEAD, max(expires - now, timedelta()) / _SHARE)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End the plugin and what it has started, which may hold its output open."""
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
