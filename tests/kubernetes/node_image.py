"""Makes the image of a kind node from Debian's packages and from Go programs that are built here."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.kubernetes import debian_root, kube_binary, programs
from tests.kubernetes.cache_folder import cache_key, tree_bytes
from tests.kubernetes.docker import Docker
from tests.kubernetes.docker_daemon import POD_IMAGE
from tests.kubernetes.progress import step

NODE = Path(__file__).resolve().parent / "node"
DOCKERFILE = """\
FROM {base}
COPY usr /usr
COPY etc /etc
COPY kind /kind
ENV container=docker
ENTRYPOINT ["/usr/local/bin/entrypoint"]
"""


def ensure(docker: Docker) -> str:
    """The name of the node image, which the daemon holds afterwards.

    Raises BuildError, MissingPrerequisiteError, DockerError.
    """
    root = debian_root.ensure("node", debian_root.NODE_PACKAGES)
    kubernetes = kube_binary.ensure()
    others = [programs.coredns(), programs.provisioner()]
    # The folders of programs and roots are named after what they were made of.
    names = (str(path).encode() for path in (root.name, kubernetes.name, *(path.parent.name for path in others)))
    image = f"goproxy-operator.test/node:{cache_key([*tree_bytes(NODE), *names, POD_IMAGE.encode()])}"
    if not docker.has_image(image):
        with step("the node image"), tempfile.TemporaryDirectory() as scratch:
            base = f"goproxy-operator.test/{root.name}"
            docker.import_tree(debian_root.archive(root), base)
            over = Path(scratch)
            _lay_over(over, kubernetes, others, docker)
            (over / "Dockerfile").write_text(DOCKERFILE.format(base=base))
            docker("build", "--quiet", "--network=none", "--tag", image, over)
    return image


def _lay_over(over: Path, kubernetes: Path, others: list[Path], docker: Docker) -> None:
    """Write what the node has beside Debian: the programs, our files, and the one image that its pods run."""
    binaries = over / "usr/local/bin"
    binaries.mkdir(parents=True)
    shutil.copy(kubernetes / "kube", binaries)
    for program in kube_binary.PROGRAMS:
        (binaries / program).symlink_to("kube")
    coredns, provisioner = others
    shutil.copy(coredns, binaries / "coredns")
    shutil.copy(provisioner, binaries / "local-path-provisioner")
    shutil.copy(NODE / "entrypoint", binaries / "entrypoint")
    (over / "etc/containerd").mkdir(parents=True)
    shutil.copy(NODE / "containerd.toml", over / "etc/containerd/config.toml")
    kind = over / "kind"
    for folder in ("manifests", "patches"):
        shutil.copytree(NODE / folder, kind / folder)
    (kind / "images").mkdir()
    docker("save", POD_IMAGE, "--output", kind / "images/pod.tar")
    asked = subprocess.run([binaries / "kubeadm", "version", "-o", "short"], capture_output=True, check=True)
    (kind / "version").write_bytes(asked.stdout)
