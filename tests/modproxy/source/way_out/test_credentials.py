"""What a Secret for a credential has to hold."""

from pathlib import Path

import pytest

from modproxy.contract.config import CredentialConfig
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.wallet import Basic, CredentialError, Ssh


def read_one(folder: Path, **keys: str) -> Basic | Ssh | CredentialError:
    (folder / "s").mkdir()
    for key, text in keys.items():
        (folder / "s" / key.replace("__", "-")).write_text(text)
    [credential] = (
        Credentials([CredentialConfig(pattern="git.example.com", secret_name="s")], folder).read().credentials
    )
    return credential.content


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"password": "p\r\n", "username": "u\n"}, ("u", "p")),
        ({"password": "p"}, ("git", "p")),
        ({"password": "two words, 'quotes\" % # @ : \\ \N{SNOWMAN}", "username": "ü ser@corp"},
         ("ü ser@corp", "two words, 'quotes\" % # @ : \\ \N{SNOWMAN}")),
        ({"username": "u"}, "has no key password"),
        ({}, "has no key password"),
        ({"password": "two\nlines"}, "a line break or another control character"),
        ({"password": "nul\0"}, "a line break or another control character"),
        ({"password": "p", "username": "a:b"}, "a colon in username"),
        ({"ssh__privatekey": "K"}, "no known_hosts"),
    ],
)  # fmt: skip
def test_what_a_secret_has_to_hold(tmp_path: Path, keys: dict[str, str], expected: tuple[str, str] | str) -> None:
    content = read_one(tmp_path, **keys)
    if isinstance(expected, str):
        assert isinstance(content, CredentialError)
        assert expected in str(content)
        assert "two" not in str(content)
    else:
        assert content == Basic(*expected)
        assert expected[1] not in repr(content)


def test_a_key_for_ssh(tmp_path: Path) -> None:
    content = read_one(tmp_path, ssh__privatekey="KEY\n", known_hosts="git.example.com AAAA\n")
    assert content == Ssh("KEY", "git.example.com AAAA")
    assert "KEY" not in repr(content)
