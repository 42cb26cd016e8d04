"""The config file and the allowlist beside it: how they are read, refused with place and reason, and read anew."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from modproxy.config_file import Loaded, changes, load
from modproxy.contract.config import ConfigError, config_hash


def write(folder: Path, config: str, allowlist: str | None = None) -> Path:
    file = folder / "config.json"
    file.write_text(config)
    if allowlist is not None:
        (folder / "allowlist").write_text(allowlist)
    return file


def test_both_documents_are_read(tmp_path: Path) -> None:
    text = '{"modules": {"allowlistFile": "allowlist"}}'
    found = load(write(tmp_path, text, "github.com/acme\n"))
    assert (found.allowlist, found.hash) == ("github.com/acme\n", config_hash(text, "github.com/acme\n"))


@pytest.mark.parametrize(
    ("config", "allowlist", "said"),
    [
        ("{", None, "config.json: not JSON"),
        ("[" * 100_000, None, "config.json: not JSON"),
        ('{"modules": {"allowlistFile": "\\u0000"}}', None, "null byte"),
        ("[]", None, "config.json: not a JSON object: write {} for all defaults"),
        ('{"listn": ""}', None, "config.json: listn: unknown key"),
        ('{"modules": {"allowlistFile": "allowlist"}}', None, "allowlist: No such file"),
        ('{"modules": {"allowlistFile": "allowlist"}}', "a\n[\n", "allowlist: line 2"),
        ('{"modules": {"allowlistFile": "allowlist"}}', "a\n" * 10_001, "allowlist: more than 10000 lines"),
        ('{"modules": {"allowlistFile": "allowlist"}}', "[a-b]" * 200_000, "allowlist: more than 262144 characters"),
        ('{"modules": {"allowlistFile": "allowlist"}}', "[a-b]" * 50_000, "has 250000 characters: write a pattern"),
    ],
)
def test_what_cannot_be_taken_is_told_with_its_place(
    tmp_path: Path, config: str, allowlist: str | None, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, config, allowlist))
    assert said in str(caught.value)


async def test_each_state_is_told_once(tmp_path: Path) -> None:
    file = write(tmp_path, "{}")
    news = changes(file, load(file))

    async def following() -> Loaded | ConfigError:
        return await asyncio.wait_for(anext(news), 10)

    write(tmp_path, '{"pathPrefix": "/go"}')
    taken = await following()
    assert isinstance(taken, Loaded)
    assert taken.config.path_prefix == "/go"
    write(tmp_path, "{")
    assert isinstance(await following(), ConfigError)
    write(tmp_path, '{ "pathPrefix": "/go" }')
    assert isinstance(await following(), Loaded)
    with contextlib.suppress(TimeoutError):
        assert await asyncio.wait_for(anext(news), 1.2) is None, "nothing changed"


async def test_a_file_that_breaks_the_reader_is_told_and_the_next_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, "{}")
    beats: list[None] = []
    news = changes(file, load(file), lambda: beats.append(None))
    with monkeypatch.context() as patched:
        patched.setattr("modproxy.config_file.parse_config", lambda text: text.encode("idna"))  # any fault of a parser
        write(tmp_path, "x" * 64)
        told = await asyncio.wait_for(anext(news), 10)
    assert isinstance(told, ConfigError)
    assert "cannot be read, by a fault of this program: UnicodeError" in str(told)
    write(tmp_path, '{"pathPrefix": "/go"}')
    assert isinstance(await asyncio.wait_for(anext(news), 10), Loaded)
    assert len(beats) >= 2


async def test_a_name_that_no_file_system_takes_does_not_end_it(tmp_path: Path) -> None:
    """Who follows such a config looks for a file of that name each time."""
    good = load(write(tmp_path, "{}"))
    modules = good.config.modules.model_copy(update={"allowlist_file": "a\0b"})
    strange = Loaded(good.config.model_copy(update={"modules": modules}), None, "another")
    news = changes(tmp_path / "config.json", strange)
    assert await asyncio.wait_for(anext(news), 10) == good
