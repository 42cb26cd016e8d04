from pathlib import Path

from modproxy.mod.bundle.manifest import Standing
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream, cut, status
from tests.modproxy.made_bundle import record_all
from tests.operator.bundle.conftest import PRIVATE, PUBLIC, Command, go_sum, opened


async def test_a_bundle_has_what_go_sum_names(
    command: Command, tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    (tmp_path / "go.sum").write_text(
        go_sum(upstream, [*PUBLIC[1:], *PRIVATE]) + go_sum(upstream, PUBLIC[:1], mod_only=True)
    )
    out = tmp_path / "x.bundle"
    export = "export", "--from", upstream.url, "--go-sum", tmp_path / "go.sum", "--sumdb", sumdb.verifier_key, "-o", out
    ended = await command(*export)
    assert ended.status == 0, ended.err
    found = opened(out, sumdb)
    standings = {(v.module, v.version): (v.standing, bool(v.zip)) for v in found.manifest.versions}
    assert standings == {
        PUBLIC[0]: (Standing.PUBLIC, False),
        PUBLIC[1]: (Standing.PUBLIC, True),
        PUBLIC[2]: (Standing.PUBLIC, True),
        PRIVATE[0]: (Standing.PRIVATE, True),
    }
    assert not (tmp_path / "x.bundle.parts").exists()
    assert "example.com/a/@v/v1.0.0.zip" not in upstream.requests
    first = out.read_bytes()
    assert (await command(*export)).status == 0
    assert out.read_bytes() == first
    verified = await command("verify", out, "--sumdb", sumdb.verifier_key, "--list")
    assert verified.status == 0
    assert "corp.example.com/p@v1.0.0  private" in verified.out
    other = await command("verify", out)
    assert other.status == 1
    assert "--sumdb" in other.err


async def test_a_version_that_is_not_what_go_sum_says_leaves_no_bundle(
    command: Command, tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    text = go_sum(upstream, PUBLIC)
    (tmp_path / "go.sum").write_text(text.replace("v1.0.0 h1:", "v1.0.0 h1:x"))
    out = tmp_path / "x.bundle"
    ended = await command(
        "export", "--from", upstream.url, "--go-sum", tmp_path / "go.sum", "--sumdb", sumdb.verifier_key, "-o", out
    )
    assert ended.status == 1
    assert "SECURITY" in ended.err
    assert "example.com/a@v1.0.0" in ended.err
    assert not out.exists()


async def test_a_file_that_another_one_than_the_database_knows_leaves_no_bundle(
    command: Command, tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    upstream.add("example.com/a", "v1.0.0", payload=b"package evil\n")
    (tmp_path / "go.sum").write_text(go_sum(upstream, PUBLIC))
    ended = await command(
        "export", "--from", upstream.url, "--go-sum", tmp_path / "go.sum", "--sumdb", sumdb.verifier_key,
        "-o", tmp_path / "x.bundle",
    )  # fmt: skip
    assert ended.status == 1
    assert "checksum database sum.example.com says" in ended.err
    assert not (tmp_path / "x.bundle").exists()


async def test_an_interrupted_export_goes_on_where_it_was(
    command: Command, tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    (tmp_path / "go.sum").write_text(go_sum(upstream, PUBLIC))
    out, broken = tmp_path / "x.bundle", "example.com/!upper/b/v2/@v/v2.0.0.zip"
    export = "export", "--from", upstream.url, "--go-sum", tmp_path / "go.sum", "--sumdb", sumdb.verifier_key, "-o", out
    upstream.behaviours[broken] = cut(upstream.files[broken], 50)
    ended = await command(*export)
    assert ended.status == 1
    assert not out.exists()
    del upstream.behaviours[broken]
    upstream.requests.clear()
    # What is left of it may be half of a file, where the machine went down.
    left = tmp_path / "x.bundle.parts" / "example.com/a/@v/v1.0.0.zip"
    if left.exists():
        left.write_bytes(left.read_bytes()[:40])
    assert (await command(*export)).status == 0
    assert upstream.requests[broken] == 1
    assert opened(out, sumdb).tree is not None


async def test_an_increment_has_what_is_new_and_goes_on_from_the_one_before(
    command: Command, tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    (tmp_path / "1.sum").write_text(go_sum(upstream, PUBLIC))
    export = "export", "--from", upstream.url, "--sumdb", sumdb.verifier_key
    assert (await command(*export, "--go-sum", tmp_path / "1.sum", "-o", tmp_path / "1")).status == 0
    upstream.add("example.com/new", "v1.0.0")
    sumdb.pad(400)
    record_all(upstream, sumdb, [("example.com/new", "v1.0.0")])
    (tmp_path / "2.sum").write_text(go_sum(upstream, [*PUBLIC, ("example.com/new", "v1.0.0")]))
    ended = await command(*export, "--go-sum", tmp_path / "2.sum", "--after", tmp_path / "1", "-o", tmp_path / "2")
    assert ended.status == 0, ended.err
    first, second = opened(tmp_path / "1", sumdb), opened(tmp_path / "2", sumdb)
    assert [str(v) for v in second.manifest.versions] == ["example.com/new@v1.0.0"]
    assert first.tree is not None
    assert second.manifest.log is not None
    assert second.manifest.log.before == (first.tree.size,)
    older = await command(*export, "--go-sum", tmp_path / "1.sum", "--after", tmp_path / "go.sum", "-o", tmp_path / "3")
    assert older.status == 1


async def test_what_a_server_refuses_is_told_in_words(
    command: Command, tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    (tmp_path / "go.sum").write_text(go_sum(upstream, PUBLIC))
    export = "export", "--go-sum", tmp_path / "go.sum", "-o", tmp_path / "x"
    of_other = await command(*export, "--from", upstream.url)
    assert of_other.status == 2
    assert "--sumdb-from" in of_other.err
    upstream.behaviours["example.com/a/@v/v1.1.0.mod"] = status(403, "forbidden: ask the platform team")
    refused = await command(*export, "--from", upstream.url, "--sumdb", sumdb.verifier_key)
    assert refused.status == 1
    assert "ask the platform team" in refused.err
    nowhere = await command(*export, "--from", "http://127.0.0.1:9", "--no-sumdb")
    assert nowhere.status == 1
    assert "refused" in nowhere.err
    (tmp_path / "bad").write_text("example.com/a v1.0.0\n")
    bad = await command("export", "--from", upstream.url, "--go-sum", tmp_path / "bad", "-o", tmp_path / "x")
    assert bad.status == 2
    assert "line 1" in bad.err


async def test_an_unpacked_bundle_is_an_origin_too(
    command: Command, tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    tree = tmp_path / "tree"
    for name, body in upstream.files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(body)
    ended = await command(
        "export", "--from", tree.as_uri(), "--all", "--sumdb", sumdb.verifier_key, "-o", tmp_path / "x"
    )
    assert ended.status == 0, ended.err
    assert len(opened(tmp_path / "x", sumdb).manifest.versions) == len(PUBLIC) + len(PRIVATE)
