"""What the pages show works: the program knows each command, the models each object, and each file is there."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from goproxy_operator.__main__ import dispatch
from goproxy_operator.api.goproxy import API_VERSION, KIND, InvalidGoProxyError, parse_goproxy
from goproxy_operator.api.goproxyclass import CLASS_KIND, parse_class
from goproxy_operator.api.spec import GoProxySpec
from goproxy_operator.arguments import Parser
from tests.docs.pages import DOCS, ROOT, Block, blocks, written_pages

PAGES = [*written_pages(), DOCS / "troubleshooting.md", DOCS / "commands.md"]
BLOCKS = [block for page in PAGES for block in blocks(page)]
FIELDS = {field.alias or name for name, field in GoProxySpec.model_fields.items()}
_INLINE = re.compile(r"(?<!`)`((?:goproxy-operator|kubectl goproxy) [a-z][^`]*)`")
_PROGRAMS = (["goproxy-operator"], ["kubectl", "goproxy"])


class _ParsedError(Exception):
    """The line has been parsed; the text is what the parser says against it."""


def _said(words: list[str]) -> str:
    """Return what the program's own parser says against these arguments; nothing where it takes them."""

    def parse(parser: Parser) -> None:
        told = io.StringIO()
        with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
            try:
                parser.parse_args(words)
            except SystemExit as e:
                raise _ParsedError(told.getvalue() if e.code else "") from None
        raise _ParsedError("")

    try:
        dispatch("goproxy-operator", words, parse)
    except _ParsedError as e:
        return str(e)
    raise AssertionError(f"nothing has parsed {words}")


def _commands(text: str) -> Iterator[list[str]]:
    """Yield the arguments of every call of the program in a block."""
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        plain = re.sub(r"^\s*(?:\$ |- )?", "", line).replace("[--", "--").replace("]", "")
        if "goproxy" not in plain:
            continue
        lexer = shlex.shlex(plain, posix=True, punctuation_chars="|&;<>()")
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError:
            continue  # a text with an apostrophe
        while words:
            end = next((place for place, word in enumerate(words) if set(word) <= set("|&;<>()")), len(words))
            call, words = words[:end], words[end + 1 :]
            while call and re.fullmatch(r"[A-Z_]+=.*", call[0]):
                call = call[1:]
            for program in _PROGRAMS:
                shown = call[: len(program)] == program and call[len(program) :]
                if shown and not shown[0].endswith(":"):  # what the program says of an error is no call
                    yield call[len(program) :]


CALLS = [(str(block), call) for block in BLOCKS for call in _commands(block.text)]


def test_calls_are_found() -> None:
    assert len(CALLS) > 40
    assert {call[0] for _, call in CALLS} >= {"local", "run", "publish", "bundle", "prefetch", "login", "status", "why"}


@pytest.mark.parametrize(("place", "call"), CALLS, ids=[f"{place} {call[0]}" for place, call in CALLS])
def test_a_call_is_one_that_the_program_takes(place: str, call: list[str]) -> None:
    assert _said(call) == "", f"{place}: {shlex.join(call)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_calls_in_a_sentence_name_what_there_is(page: Path) -> None:
    for text in _INLINE.findall(page.read_text()):
        words = [word for word in shlex.split(text.removeprefix("kubectl ").partition(" ")[2]) if word != "..."]
        said = _said(words)
        assert "unrecognized arguments" not in said and "invalid choice" not in said, f"{text}: {said}"


def test_an_unknown_flag_is_seen() -> None:
    assert "unrecognized arguments: --never" in _said(["status", "--never"])


def _documents(block: Block) -> list[dict[str, Any]]:
    try:
        found = list(yaml.safe_load_all(block.text))
    except yaml.YAMLError:
        assert block.language != "yaml", f"{block} is no YAML"
        return []
    return [one for one in found if isinstance(one, dict)]


def _refused(document: dict[str, Any]) -> str:
    """Return why the models refuse an object, or a part of one; nothing where they take it."""
    kind = document.get("kind")
    part = {"spec": document} if set(document) <= FIELDS else document
    try:
        if kind == CLASS_KIND:
            parse_class(document)
        elif kind == KIND:
            parse_goproxy(document)
        else:
            parse_goproxy({"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": "team-a"}, **part})
    except InvalidGoProxyError as e:
        # What a section wants of another one may be in a part that the page does not show.
        return "; ".join(one for one in e.mistakes if kind or not one.startswith("spec: "))
    except ValueError as e:
        return str(e)
    return ""


def _is_ours(document: dict[str, Any]) -> bool:
    return document.get("kind") in (KIND, CLASS_KIND) or set(document) == {"spec"} or set(document) <= FIELDS


OBJECTS = [(block, document) for block in BLOCKS for document in _documents(block) if _is_ours(document)]


def test_objects_are_found() -> None:
    assert len(OBJECTS) > 25


@pytest.mark.parametrize(("block", "document"), OBJECTS, ids=[str(block) for block, _ in OBJECTS])
def test_an_object_is_one_that_the_models_take(block: Block, document: dict[str, Any]) -> None:
    assert (_refused(document) != "") == (block.told == "refused")


def test_a_wrong_field_is_seen() -> None:
    assert "spec.modules.never: unknown field" in _refused({"modules": {"never": 1}})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    text = re.sub(r"https?://\S+", "", page.read_text())
    for name in re.findall(r"(?<![\w./-])((?:examples|docs|crds|charts|bench|tests)/[\w./-]*\w)", text):
        assert (ROOT / name).exists() or list(ROOT.glob(f"{name}.*")), f"{page.name} names {name}"
