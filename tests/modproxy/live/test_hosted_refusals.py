"""What may not be published, each with its sentence: bad zips, bad requests, those who may not, depots that fail."""

import base64
import stat
import zipfile
from io import BytesIO
from pathlib import Path

import bcrypt
import pytest

from tests.kubernetes.eventually import eventually
from tests.modproxy.bucket.fake_s3 import BUCKET, FakeS3, answers, ignores_conditions
from tests.modproxy.bucket.site import NOWHERE, s3_secret
from tests.modproxy.crafted_zip import Entry, crafted
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.hosted_site import PRIVATE, config, delete, depot_files, key_of, publish, send, sha256, zip_of
from tests.modproxy.module_files import go_mod, module_zip
from tests.modproxy.proxy_process import ProxyProcess
from tests.secrecy.registry import new_secret

M = f"{PRIVATE}/m"
V = "v1.0.0"


def _with_mode(mode: int) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(f"{M}@{V}/go.mod", go_mod(M))
        entry = zipfile.ZipInfo(f"{M}@{V}/link")
        entry.create_system, entry.external_attr = 3, mode << 16
        archive.writestr(entry, b"m.go")
    return out.getvalue()


BAD_ZIPS: dict[str, tuple[bytes, str]] = {
    "no zip": (b"no zip at all", "not a readable zip"),
    "empty zip": (module_zip(M, V, {}), "the zip has no file"),
    "cut": (zip_of(M, V)[:-30], "not a readable zip"),
    "other version": (zip_of(M, "v1.0.1"), "does not start with"),
    "other path": (zip_of(f"{PRIVATE}/n", V), "does not start with"),
    "other module in go.mod": (
        module_zip(M, V, {"go.mod": go_mod("corp.example.com/x")}),
        "declares the module corp.example.com/x",
    ),
    "no module directive": (module_zip(M, V, {"go.mod": b"go 1.21\n"}), "cannot read its go.mod"),
    "broken go.mod": (
        module_zip(M, V, {"go.mod": b"module " + M.encode() + b"\nrequire (\n"}),
        "cannot read its go.mod",
    ),
    "go.mod that is no text": (module_zip(M, V, {"go.mod": b"module \xff\xfe\n"}), "no text in UTF-8"),
    "bad go version": (module_zip(M, V, {"go.mod": go_mod(M).replace(b"1.21", b"one")}), "no version of Go"),
    "require without version": (
        module_zip(M, V, {"go.mod": go_mod(M) + b"require example.com/a\n"}),
        "cannot read its go.mod",
    ),
    "nested go.mod": (module_zip(M, V, {"go.mod": go_mod(M), "sub/go.mod": b"module x\n"}), "root of the module"),
    "upper-case GO.MOD": (module_zip(M, V, {"GO.MOD": go_mod(M)}), "in lower case"),
    "folder entry": (module_zip(M, V, {"go.mod": go_mod(M), "sub/": b""}), "no entries for folders"),
    "symbolic link": (_with_mode(stat.S_IFLNK | 0o777), "symbolic link"),
    "device": (_with_mode(stat.S_IFCHR | 0o666), "no regular file"),
    "name twice": (crafted(Entry(f"{M}@{V}/a.go"), Entry(f"{M}@{V}/a.go")), "stands there twice"),
    "names that collide": (module_zip(M, V, {"go.mod": go_mod(M), "a.go": b"", "A.go": b""}), "collides"),
    "path that leaves": (module_zip(M, V, {"go.mod": go_mod(M), "../x.go": b""}), "invalid"),
    "reserved name": (module_zip(M, V, {"go.mod": go_mod(M), "con.go": b""}), "reserved name on Windows"),
    "wrong checksum inside": (crafted(Entry(f"{M}@{V}/a.go", listed={"crc": 1})), "not a readable zip"),
    "empty body": (b"", "the body is empty"),
}


async def test_bad_zips_and_bad_requests_are_told_and_leave_nothing(tmp_path: Path) -> None:
    async with ProxyProcess(tmp_path / "p", config(NOWHERE)) as proxy:
        for name, (body, words) in BAD_ZIPS.items():
            answer = await publish(proxy, M, V, body)
            assert answer.status == 400 and words in answer.text, (name, answer.text)
        incompatible = await publish(proxy, M, "v2.0.0+incompatible")
        assert incompatible.status == 400 and f"{M}/v2" in incompatible.text
        good = zip_of(M, V)
        for key, status, words in (
            (key_of(M, "v1"), 400, "canonical version"),
            (key_of(M, "v2.0.0"), 404, "suffix /v2"),
            (key_of(M, "v2.0.0", "info"), 400, "cannot have it"),
            (f"{M}/@v/list", 405, "VERSION.zip"),
            (f"{M}/@latest", 405, "VERSION.zip"),
            ("nothing", 404, "nothing a module proxy serves"),
            (f"{PRIVATE}/m%2Fx/@v/{V}.zip", 400, "malformed"),
        ):
            answer = await send(proxy, key, good)
            assert (answer.status, words in answer.text) == (status, True), (key, answer.text)
        for headers, words in (
            ({"X-Checksum-Sha256": "0" * 64}, "announces"),
            ({"X-Checksum-Sha1": "zz"}, "no sha1"),
            ({"X-Checksum": "0" * 40}, "announces"),
            ({"Content-MD5": base64.b64encode(bytes(16)).decode()}, "announces"),
            ({"Content-MD5": "short"}, "base64"),
            ({"Content-Digest": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"}, "announces"),
        ):
            answer = await send(proxy, key_of(M, V), good, headers=headers)
            assert answer.status == 400 and words in answer.text, answer.text
        early = await send(proxy, key_of(M, V, "mod"), go_mod(M))
        assert early.status == 409 and "publish its zip first" in early.text
        assert not [key for key in depot_files(proxy) if "conditional" not in key and "staging" not in key]
        assert not list((proxy.cache / ".modproxy" / "drafts").iterdir())

        announced = {"X-Checksum-Sha256": sha256(good).upper(), "Expect": "100-continue"}
        assert (await send(proxy, key_of(M, V), good, headers=announced)).status == 201
        assert (await send(proxy, key_of(M, V, "mod"), go_mod(M))).status == 201
        other = await send(proxy, key_of(M, V, "mod"), go_mod(M) + b"\n")
        assert other.status == 409 and "another go.mod" in other.text
        for body, status in ((b'{"Version":"v1.0.0"}', 201), (b'{"Version":"v1.0.1"}', 409), (b"[]", 400), (b"{", 400)):
            assert (await send(proxy, key_of(M, V, "info"), body)).status == status
        for hashes, status in ((sha256(good), 201), ("0" * 64, 404)):
            headers = {"X-Checksum-Deploy": "true", "X-Checksum-Sha256": hashes}
            assert (await send(proxy, key_of(M, V), headers=headers)).status == status
        without = module_zip(M, "v1.2.0", {"m.go": b"package m\n"})
        assert (await publish(proxy, M, "v1.2.0", without)).status == 201
        assert (await proxy.get(key_of(M, "v1.2.0", "mod"))).text == f"module {M}\n"
        assert (
            await publish(proxy, M, "v2.0.0+incompatible", module_zip(M, "v2.0.0+incompatible", {"m.go": b""}))
        ).status == 201
        assert "v2.0.0+incompatible" in (await proxy.get(key_of(M, "v2.0.0", "info"))).text


async def test_who_may_not_is_told_so(tmp_path: Path) -> None:
    access = {"anonymous": ["read"], "rules": [{"users": ["nobody"], "modules": ["*"], "verbs": ["publish"]}]}
    denied = {"deny": [f"{PRIVATE}/denied"]}
    async with ProxyProcess(tmp_path / "p", {**config(NOWHERE), "access": access, "modules": denied}) as proxy:
        for answer in (await publish(proxy, M, V), await delete(proxy, M, V)):
            assert answer.status == 403 and "access" in answer.text
        proxy.write_config(access={"anonymous": ["read", "publish"]})
        await proxy.until_report(lambda report: report.config.generation == 2)
        refused = await publish(proxy, f"{PRIVATE}/denied/x", V)
        assert refused.status == 403 and "deny" in refused.text
        for page in ({"Origin": "https://evil.example.com"}, {"Sec-Fetch-Site": "cross-site"}):
            for method in ("PUT", "DELETE"):
                answer = await send(proxy, key_of(M, V), zip_of(M, V), method, page)
                assert answer.status == 403 and "web page" in answer.text
        assert (await publish(proxy, M, V)).status == 201
        assert (await proxy.get(key_of(M, V))).status == 200  # who may read only has what the fleet holds
        assert (await proxy.get(f"{M}/@v/list")).text == f"{V}\n"
        assert (await delete(proxy, M, V)).status == 403
        proxy.write_config(access=None)
        await proxy.until_report(lambda report: report.config.generation == 3)
        assert (await publish(proxy, M, "v1.0.1")).status == 403


@pytest.mark.parametrize("how", ["501", "ignored"])
async def test_a_store_without_conditional_writes_takes_nothing(how: str, tmp_path: Path) -> None:
    async with FakeS3() as s3:
        proxy = _on_s3(tmp_path, s3)
        s3.faults.append(answers(501, "NotImplemented", method="PUT") if how == "501" else ignores_conditions(s3))
        async with proxy:
            answer = await publish(proxy, M, V)
            assert answer.status == 501 and "conditional writes, which hosted modules need" in answer.text
            assert not [key for key in s3.objects if "claims" in key or "hosted/" in key]
            state = (await proxy.report()).object_store
            assert state is not None and state.failure is not None


async def test_an_outage_of_the_depot_is_no_absence(tmp_path: Path) -> None:
    async with FakeS3() as s3, _on_s3(tmp_path, s3) as proxy:
        assert (await publish(proxy, M, V)).status == 201
        s3.faults.append(answers(500, "InternalError"))
        for path in (key_of(M, V), key_of(M, V, "info"), f"{M}/@v/list", f"{M}/@latest", key_of(M, "v1.9.9", "mod")):
            answer = await proxy.get(path)
            assert answer.status == 503 and "depot" in answer.text, (path, answer.text)
        assert (await publish(proxy, M, "v1.0.1")).status == 503
        assert (await delete(proxy, M, V)).status == 503
        s3.faults.clear()

        async def again() -> bool:
            return (await proxy.get(key_of(M, V))).status == 200

        await eventually(again, "the depot is asked again", seconds=20)


def _on_s3(folder: Path, s3: FakeS3, upstream: str = NOWHERE) -> ProxyProcess:
    secrets = folder / "secrets"
    s3_secret(secrets)
    store = {"url": f"s3://{BUCKET}/fleet", "endpoint": s3.url, "secretName": "bucket"}
    return ProxyProcess(folder / "p", config(upstream, cache={"objectStore": store}, secretsDir=str(secrets)))


async def test_names_are_told_to_those_alone_who_have_said_who_they_are(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    (secrets / "users").mkdir(parents=True)
    password = new_secret("alice")
    line = f"alice:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()}\n"
    (secrets / "users" / "htpasswd").write_text(line)
    access = {
        "basic": {"secretName": "users"},
        "anonymous": ["read"],
        "rules": [{"users": ["alice"], "modules": ["*"], "verbs": ["read", "publish", "delete"]}],
    }
    document = {**config(NOWHERE, secretsDir=str(secrets)), "access": access}
    alice = {"Authorization": "Basic " + base64.b64encode(f"alice:{password}".encode()).decode()}
    async with ProxyProcess(tmp_path / "p", document) as proxy:
        unknown = await publish(proxy, M, V)
        assert unknown.status == 401 and "Basic" in unknown.headers["WWW-Authenticate"]
        for body in (zip_of(M, V), zip_of(M, V)):
            assert (await send(proxy, key_of(M, V), body, headers=alice)).status in (200, 201)
        other = await send(proxy, key_of(M, V), zip_of(M, V, other=b"package m\n"), headers=alice)
        assert other.status == 409 and "by alice at" in other.text
        assert (await send(proxy, key_of(M, V), method="DELETE", headers=alice)).status == 200
        told = [await proxy.get(key_of(M, V)), await proxy.get(key_of(M, V), **alice)]
        assert [answer.status for answer in told] == [410, 410]
        assert ["alice" in answer.text for answer in told] == [False, True]


async def test_in_an_outage_a_version_does_not_come_from_elsewhere(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, FakeS3() as s3:
        upstream.add("example.com/pub", V)
        upstream.add("example.com/other", V)
        proxy = _on_s3(tmp_path, s3, upstream.url)
        async with proxy:
            assert (await publish(proxy, "example.com/pub", "v1.0.1")).status == 201
            await proxy.kill()
            upstream.add("example.com/pub", V, "v1.0.1")
            s3.faults.append(answers(500, "InternalError"))
            await proxy.start()
            for key in ("example.com/pub/@v/v1.0.1.zip", "example.com/pub/@v/list", "example.com/pub/@latest"):
                answer = await proxy.get(key)
                assert answer.status == 503, answer.text
            assert not upstream.requests["example.com/pub/@v/v1.0.1.zip"]
            # What is known to have no versions here comes from where it always comes from.
            assert (await proxy.get(f"example.com/other/@v/{V}.zip")).status == 200
