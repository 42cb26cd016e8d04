"""Builds our own two images for the tests from this checkout."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.kubernetes import debian_root, registry, wheels
from tests.kubernetes.background import ROOT
from tests.kubernetes.cache_folder import cache_folder, cache_key, locked, tree_bytes
from tests.kubernetes.docker import Docker
from tests.kubernetes.progress import step

# What the images are made of, as .dockerignore has it.
SOURCES = ("Dockerfile", "pyproject.toml", "README.md", "operator", "proxy", "requirements", "images")
OFFICIAL_BASE = "python:3.13-slim"  # the default of BASE in the Dockerfile


@dataclass(frozen=True)
class Images:
    """The names of the images, which the daemon holds."""

    proxy: str
    operator: str


def given(names: str) -> Images:
    """The images by two names, separated by a comma: the proxy's, then the operator's. ValueError."""
    proxy, comma, operator = names.partition(",")
    if not (proxy and comma and operator) or proxy.rpartition("/")[0] != operator.rpartition("/")[0]:
        raise ValueError(
            "a cluster that was given needs images that it can pull: set E2E_IMAGES=REGISTRY/modproxy:TAG,"
            f"REGISTRY/goproxy-operator:TAG, both of one registry and tag (it is {names!r})"
        )
    return Images(proxy, operator)


def ensure(docker: Docker) -> Images:
    """The images of this checkout's sources, built now unless the daemon holds them.

    They are built from the official base where a registry answers, as users build them; else from a Debian that is made
    here, without network.
    Raises DockerError, WheelError, MissingPrerequisiteError.
    """
    key = cache_key(tree_bytes(*(path for name in SOURCES for path in _files(ROOT / name))))
    images = Images(f"goproxy-operator.test/modproxy:{key}", f"goproxy-operator.test/goproxy-operator:{key}")
    with locked(cache_folder() / "images.lock", "our images: another process is building them"):
        if not (docker.has_image(images.proxy) and docker.has_image(images.operator)):
            _build(docker, images)
    return images


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    left_behind = ("__pycache__", ".egg-info")  # by Python and by its build backend
    return [
        path
        for path in sorted(source.rglob("*"))
        if path.is_file() and not any(one in str(path) for one in left_behind)
    ]


def _revision() -> str:
    """The commit of this checkout; "unknown" without one."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _build(docker: Docker, images: Images) -> None:
    targets = {"proxy": images.proxy, "operator": images.operator}
    labels = ("--label", f"org.opencontainers.image.revision={_revision()}")
    if registry.obtainable(docker, OFFICIAL_BASE):
        for target, image in targets.items():
            with step(f"the image of the {target}"):
                docker("build", "--quiet", "--network=host", *labels, "--target", target, "--tag", image, ROOT)
        return
    base = _base(docker)
    with tempfile.TemporaryDirectory() as scratch:
        context = Path(scratch)
        wheels.collect(context / "wheels", debian_root.PYTHON_VERSION)
        for source in (path for name in SOURCES for path in _files(ROOT / name)):
            copy = context / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
        options = ("--quiet", "--network=none", "--build-arg", f"BASE={base}")
        for target, image in targets.items():
            with step(f"the image of the {target}"):
                docker("build", *options, *labels, "--target", target, "--tag", image, context)


def _base(docker: Docker) -> str:
    root = debian_root.ensure("base", debian_root.BASE_PACKAGES)
    image = f"goproxy-operator.test/{root.name}"
    if not docker.has_image(image):
        docker.import_tree(debian_root.archive(root), image)
    return image
