"""Hostile bytes for the clients' listener: lawful requests, changed in places where servers are known to fail.

`connections` is a strategy for all that one client sends over one connection.
"""

from hypothesis import strategies as st

_WORDS = [
    b"..", b".", b"/", b"//", b"\\", b"/../", b"/./", b"%2e%2e", b"%2E%2e/", b"%2f", b"%5c", b"%00", b"%0d%0a", b"%",
    b"%zz", b"%2", b"%25", b"%252e", b"%u002e", b"%c0%ae", b"%21", b"%20",
    b"%23", b"%3f", b"!", b"!!", b"!A", b"~1", b"@v", b"@v/", b"@",
    b";", b"?", b"?x=/../", b"#", b"&", b"*", b"A", b"aux", b"con.", b".git", b".modproxy/", b"canary",
    b"+incompatible", b"v2", b"/v1", b"v1.2.3", b"v0.0.0-20240101000000-abcdefabcdef", b"latest", b"main", b"sumdb/",
    b":80", b".info", b".mod", b".zip", b"list", b"a" * 300, b"b/" * 700, b"c" * 2000, b"%41" * 600, b"d" * 9000,
]  # fmt: skip
"""Words for paths and versions. HTTP allows them, so the rules of modproxy have to refuse them."""
_BYTES = [b" ", b"\t", b"\0", b"\r", b"\n", b"\r\n", b"\x7f", b"\x1b", b"\xff", b"\xc3\xa9", b"\x80"]
"""Bytes that HTTP forbids nearly everywhere."""

_METHODS = [
    b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"PRI", b"get", b"G E T", b"", b"\0",
    b"G\x01", b"X" * 100, b"GET\t", b"\xff",
]  # fmt: skip
_VERSIONS = [
    b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/9.9", b"HTTP/1.10", b"HTTP/1.1 ", b"http/1.1", b"HTTP/1", b"HTTP",
    b"", b"HTTP/1.\xff", b"HTTP/-1.1",
]  # fmt: skip
_AUTHORITIES = [
    b"x", b"x:80", b"", b"[::1", b"[::1]:x", b"u:p@x", b"x:99999", b"x:-1", b"\xff", b"%41", b"a b", b"127.0.0.1:1",
    b"x\0y",
]  # fmt: skip
_READ_BY_US = [
    b"Range", b"Range", b"Range", b"If-None-Match", b"If-None-Match", b"If-Range", b"If-Modified-Since", b"Via",
    b"Disable-Module-Fetch", b"Authorization", b"Accept-Encoding", b"Cookie", b"X-Forwarded-For",
]  # fmt: skip
_FRAMING = [
    b"Host", b"Content-Length", b"Transfer-Encoding", b"Connection", b"Expect", b"Upgrade", b"Content-Encoding",
    b"Trailer", b"TE", b"Keep-Alive", b"host", b"X", b"", b" ", b"X Y", b"X\t", b"X\0", b"\xff", b"Content_Length",
    b"Content-Length ", b"(", b"N" * 9000,
]  # fmt: skip
_CONDITIONS = [
    b"bytes=0-9", b"bytes=-1", b"bytes=9-", b"bytes=5-1", b"bytes=-0", b"bytes=0-0,2-3",
    b"bytes=" + b"9" * 5000 + b"-", b"bytes=a-b", b"bytes=--1", b"bytes", b"bytes=\xb2-\xb3", b"lines=1-2",
    b"bytes=0-" + b"9" * 30, b"=", b"bytes=-", b"", b"bytes=99999999-", b"BYTES=0-1", b"bytes = 0 - 1", b"bytes=0-9,",
    b"bytes=-99999999", b'"x"', b'W/"x"', b"*", b'"', b"W/", b'"a", "b', b'"\xff"', b'*, "x"', b'"' * 3000,
    b"W/" * 500, b"true", b"1.1 a, 1.1 b", b"1.1 modproxy-", b"Basic", b"Basic \xff", b"Basic " + b"=" * 50,
    b"Thu, 99 Foo 0000 99:99:99 GMT", b"v" * 5000,
]  # fmt: skip
_FRAMES = [
    b"", b"x", b"0", b"5", b"-1", b"+5", b"5, 5", b"5,6", b"0x5", b"1e3", b"9" * 30, b"9" * 5000, b"\xb2", b"5 5",
    b"chunked", b"identity", b"chunked, chunked", b"xchunked", b"chunked\x0b", b"gzip, chunked", b"gzip", b"br",
    b"zstd", b"close", b"keep-alive", b"upgrade", b"close, keep-alive", b"100-continue", b"200-ok", b"websocket",
    b"h2c", b"y:99999", b"[::1", b"w" * 20_000, b"\0", b"a\rb", b"a\nb", b"a\r\n b", b"a\r\n\tb", b"a\x7f",
    b"a\x1b[2J",
]  # fmt: skip
_BODIES = [
    b"", b"hello", b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"5\r\nhel", b"5\r\nhelloXX0\r\n\r\n", b"zz\r\n",
    b"-1\r\n\r\n", b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n", b"f" * 16 + b"\r\n", b"f" * 5000 + b"\r\n",
    b"5\nhello\n0\n\n", b"\r\n\r\n", b"0\r\n" + b"X: y\r\n" * 300 + b"\r\n",
    b"5;" + b"e" * 9000 + b"\r\nhello\r\n0\r\n\r\n", b"\x1f\x8b\x08\x00junk", b"\0" * 70_000,
]  # fmt: skip
_ENDS = [b"\n", b"\r", b"\r\r\n", b"", b"\r\n\r\n"]
_BENT = [
    set[str](), {"path"}, {"path"}, {"path", "conditions"}, {"conditions"}, {"conditions"}, {"conditions"}, {"form"},
    {"method"}, {"body"}, {"framing"}, {"framing", "body"}, {"bytes"}, {"line"},
    {"path", "form", "method", "conditions", "framing", "body", "bytes"},
]  # fmt: skip
"""Which parts of a request are changed at once. Mostly it is one, because HTTP's rules refuse nearly all other
requests.
"""


@st.composite
def _paths(draw: st.DrawFn, keys: list[bytes], bent: set[str]) -> bytes:
    path = b"/" + draw(st.sampled_from(keys))
    words = [*(_WORDS if "path" in bent else []), *(_BYTES if "bytes" in bent else [])]
    for word in draw(st.lists(st.sampled_from(words), min_size=1, max_size=3)) if words else []:
        at, cut = draw(st.integers(0, len(path))), draw(st.integers(0, 3))
        path = path[:at] + word + path[at + cut :]
    if "form" not in bent:
        return path
    scheme = draw(st.sampled_from([b"http", b"https", b"HTTP", b"file", b"", b"x y"]))
    authority = draw(st.sampled_from(_AUTHORITIES))
    return draw(
        st.sampled_from(
            [scheme + b"://" + authority + path, b"http://x" + path, b"*", authority, path[1:], b"/" + path]
        )
    )


@st.composite
def _header_lines(draw: st.DrawFn, bent: set[str]) -> list[bytes]:
    lines = [b"Host: x"]
    for part, names, values in (("conditions", _READ_BY_US, _CONDITIONS), ("framing", _FRAMING, _FRAMES)):
        if part in bent:
            named = st.tuples(st.sampled_from(names), st.sampled_from(values))
            lines += [name + b": " + value for name, value in draw(st.lists(named, min_size=1, max_size=3))]
    if "framing" in bent:
        lines = draw(st.permutations(lines))[draw(st.integers(0, 1)) :]
    if "line" in bent:
        lines += draw(
            st.lists(st.sampled_from([*_BYTES, b" folded", b"\tfolded", b"no colon", b":", b"Host: y"]), max_size=2)
        )
        lines += [b"X-%d: y" % n for n in range(draw(st.sampled_from([0, 0, 0, 3000])))]
    return lines


@st.composite
def _requests(draw: st.DrawFn, keys: list[bytes]) -> bytes:
    bent = draw(st.sampled_from(_BENT))
    method = draw(st.sampled_from(_METHODS)) if "method" in bent else b"GET"
    space, version, end = b" ", b"HTTP/1.1", b"\r\n"
    if "line" in bent:
        space = draw(st.sampled_from([b" ", b"", b"  ", b"\t", b"\0"]))
        version = draw(st.sampled_from([version, *_VERSIONS]))
        end = draw(st.sampled_from([end, *_ENDS]))
    first = method + space + draw(_paths(keys, bent)) + b" " + version
    body = draw(st.sampled_from(_BODIES)) if "body" in bent else b""
    if body and "framing" not in bent:
        chunked = draw(st.booleans())
        first += end + (b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % draw(st.integers(0, 9)))
    return end.join([first, *draw(_header_lines(bent)), b"", b""]) + body


@st.composite
def connections(draw: st.DrawFn, keys: list[bytes]) -> bytes:
    """Draw what one client sends: requests around `keys` (paths that are there and that are not), one or pipelined,
    whole or broken off, or bytes that are no HTTP at all.
    """
    kind = draw(st.sampled_from(["one"] * 5 + ["pipelined"] * 2 + ["broken off", "noise"]))
    if kind == "noise":
        return draw(st.binary(max_size=200))
    sent = b"".join(draw(st.lists(_requests(keys), min_size=1, max_size=3 if kind == "pipelined" else 1)))
    return sent[: draw(st.integers(0, len(sent)))] if kind == "broken off" else sent
