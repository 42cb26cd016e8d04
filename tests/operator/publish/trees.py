"""Trees of modules, and what each of them shows of the rules: made on a disk, they are packed by x/mod and by us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    to: str


LAWFUL = (
    "blank in it", "ünïcode", "日本", "a+b", "a~1", "x,y", "(a)", "[a]", "{a}", "$a", "%a", "^a", "_a", "-a", "@a",
    "!a", "#a", "&a", "=a", ".hidden", "..two", "a..b", "com10.txt", "console",
)  # fmt: skip
UNLAWFUL = (
    "a:b", "a*b", 'a"b', "a'b", "a|b", "a?b", "a<b", "a\\b", "a\tb", "a;b", "con", "AUX.txt", "a/nul.go", "com1",
    "trailing.", "a./b", "a`b", "\N{ZERO WIDTH SPACE}", "½",
)  # fmt: skip
OLD, NEW = b"module example.com/m\n\ngo 1.21\n", b"module example.com/m\n\ngo 1.24\n"
VENDORED = {
    "vendor/modules.txt": b"# x\n",
    "vendor/x.go": b"package vendor\n",
    "vendor/example.com/d/d.go": b"package d\n",
    "pkg/vendor/vendor.go": b"package vendor\n",
    "pkg/vendor/d/d.go": b"package d\n",
    "long/er/path/vendor/one.go": b"package one\n",
    "xvendor/d/d.go": b"package d\n",
}


@dataclass(frozen=True)
class Case:
    """A tree, and the module it is packed as."""

    name: str
    files: Mapping[str, bytes | Link] = field(default_factory=dict)
    refused: bool = False
    path: str = "example.com/m"
    version: str = "v1.0.0"

    def write(self, folder: Path) -> None:
        for name, content in self.files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Link):
                place.symlink_to(content.to)
            else:
                place.write_bytes(content)


CASES = [
    Case("one file", {"go.mod": OLD, "m.go": b"package m\n"}),
    Case("no go.mod", {"m.go": b"package m\n"}),
    Case("empty files and binary ones", {"go.mod": OLD, "empty": b"", "b": bytes(range(256)) * 4096}),
    Case("folders in folders", {"go.mod": OLD, **{"/".join("abcdefgh"[:n]) + "/x.go": b"x" for n in range(1, 8)}}),
    Case("a module in a folder", {"go.mod": OLD, "sub/go.mod": NEW, "sub/s.go": b"x", "sub/d/d.go": b"x", "s": b"x"}),
    Case("a module in upper case", {"go.mod": OLD, "sub/GO.MOD": NEW, "sub/s.go": b"x"}),
    Case("a module in a vendored folder", {"go.mod": OLD, "vendor/a/go.mod": NEW, "vendor/a/x.go": b"x"}),
    Case("a module that is a link", {"go.mod": OLD, "sub/go.mod": Link("../go.mod"), "sub/s.go": b"x"}),
    Case("vendored packages before go 1.24", {"go.mod": OLD, **VENDORED}),
    Case("vendored packages since go 1.24", {"go.mod": NEW, **VENDORED}),
    Case("vendored packages without a go line", {"go.mod": b"module example.com/m\n", **VENDORED}),
    Case("vendored packages for a release candidate", {"go.mod": b"module example.com/m\n\ngo 1.24rc1\n", **VENDORED}),
    Case("vendored packages for go 1.9", {"go.mod": b"module example.com/m\n\ngo 1.9\n", **VENDORED}),
    Case("vendored packages for go 2.0", {"go.mod": b"module example.com/m\n\ngo 2.0\n", **VENDORED}),
    Case("folders of version control", {
        "go.mod": OLD, ".git/config": b"x", "a/.hg/x": b"x", "a/.svn/x": b"x", "b/.bzr/x": b"x", "c/.github/x": b"x",
        ".gitignore": b"x", "a/.git": b"gitdir: elsewhere\n",
    }),
    Case("hg archive", {"go.mod": OLD, ".hg_archival.txt": b"x", "a/.hg_archival.txt": b"x"}),
    Case("links", {"go.mod": OLD, "l": Link("go.mod"), "d": Link("."), "dead": Link("nowhere"), "a/l": Link("/")}),
    Case("LICENSE", {"go.mod": OLD, "LICENSE": b"x", "a/LICENSE": b"y"}),
    Case("names of many kinds", {"go.mod": OLD, **dict.fromkeys(LAWFUL, b"x")}),
    *(Case(f"the name {name!r}", {"go.mod": OLD, name: b"x"}, refused=True) for name in UNLAWFUL),
    Case("names that fold to one", {"go.mod": OLD, "a/File": b"x", "a/file": b"y"}, refused=True),
    Case("folders that fold to one", {"go.mod": OLD, "Dir/a": b"x", "dir/b": b"y"}, refused=True),
    Case("letters that fold to one", {"go.mod": OLD, "k": b"x", "\N{KELVIN SIGN}": b"y"}, refused=True),
    Case("a link that folds to a file", {"go.mod": OLD, "File": b"x", "file": Link("go.mod")}),
    Case("go.mod in upper case", {"Go.Mod": OLD, "m.go": b"x"}, refused=True),
    Case("a large go.mod", {"go.mod": OLD + b"// " + b"x" * (16 << 20)}, refused=True),
    Case("a large LICENSE", {"go.mod": OLD, "LICENSE": b"x" * ((16 << 20) + 1)}, refused=True),
    Case("a major version", {"go.mod": b"module example.com/m/v2\n"}, path="example.com/m/v2", version="v2.1.0"),
    Case("an incompatible version", {"m.go": b"x"}, version="v2.0.0+incompatible"),
    Case("upper case in the path", {"go.mod": b"module example.com/Mixed\n"}, path="example.com/Mixed"),
]  # fmt: skip
