"""The files of made modules, as a real upstream would serve them."""

import io
import json
import zipfile


def module_zip(path: str, version: str, files: dict[str, bytes]) -> bytes:
    """Pack `files` (by name in the module) as a module zip."""
    return raw_zip({f"{path}@{version}/{name}": body for name, body in files.items()})


def raw_zip(entries: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack entries under their full names, lawful or not."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, body in entries.items():
            archive.writestr(name, body)
    return out.getvalue()


def info(version: str) -> bytes:
    """Write an `.info` with an Origin, which the proxy must not drop."""
    return json.dumps(
        {"Version": version, "Time": "2024-02-03T04:05:06Z", "Origin": {"VCS": "git", "Ref": f"refs/tags/{version}"}}
    ).encode()


def go_mod(path: str) -> bytes:
    """Write a go.mod."""
    return f"module {path}\n\ngo 1.21\n".encode()
