"""Registers the secrets that a test gives to a program: in folders, in variables, in documents, in a client's home."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import yaml

from tests.secrecy.registry import LEAST, REGISTRY

_LOGIN = re.compile(r"://([^/@:\s]*):([^/@\s]*)@")
_NETRC = re.compile(r"login\s+(\S+)\s+password\s+(\S+)")
MACHINE = "login of the machine"


def note_secrets(folder: Path) -> None:
    """Register the Secrets of a folder as the kubelet mounts them: a folder each, with a file for each key."""
    for secret in folder.iterdir() if folder.exists() else ():
        if secret.is_dir() and not secret.name.startswith("."):
            _note_secret(secret.name, {path.name: path.read_bytes() for path in secret.iterdir() if path.is_file()})


def note_documents(text: str) -> None:
    """Register the Secrets of a file of documents, which may be no YAML."""
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError:
        return
    for document in documents:
        if isinstance(document, dict) and document.get("kind") == "Secret":
            keys = {key: str(value).encode() for key, value in (document.get("stringData") or {}).items()}
            for key, value in (document.get("data") or {}).items():
                keys.setdefault(key, base64.b64decode(str(value) + "=="))
            _note_secret(str(document.get("metadata", {}).get("name")), keys)


def note_environment(variables: Mapping[str, str], name: str = MACHINE) -> None:
    """Register the logins of URLs in variables, and those of the file that NETRC names."""
    for value in variables.values():
        for user, password in _LOGIN.findall(value):
            REGISTRY.add_login(unquote(user), unquote(password), name)
    if "NETRC" in variables:
        note_netrc(Path(variables["NETRC"]), name)


def note_netrc(file: Path, name: str = MACHINE) -> None:
    """Register the logins of a netrc file."""
    for user, password in _NETRC.findall(file.read_text()) if file.exists() else ():
        REGISTRY.add_login(user, password, name)


def note_location(url: str) -> None:
    """Register the query of a URL to which somebody is redirected."""
    REGISTRY.add(url.partition("?")[2], "query of a redirect")


def note_kubeconfig(file: Path) -> None:
    """Register the tokens and private keys of a kubeconfig, which several tests use."""
    for user in yaml.safe_load(file.read_text()).get("users") or ():
        content = user.get("user") or {}
        if "token" in content:
            REGISTRY.add_token(content["token"], "token of a kubeconfig", lasting=True)
        if "client-key-data" in content:
            key = base64.b64decode(content["client-key-data"]).decode()
            REGISTRY.add_pem(key, "key of a kubeconfig", lasting=True)


def _note_secret(name: str, keys: Mapping[str, bytes]) -> None:
    texts = {key: content.decode(errors="replace") for key, content in keys.items() if not key.startswith(".")}
    REGISTRY.add_keys(f"Secret {name}", texts)
    for key in ("password", "secret"):
        short = 0 < len(texts.get(key, "").strip()) < LEAST
        assert not short, f"Secret {name}: its {key} is too short to be told from other text: use new_secret()"
