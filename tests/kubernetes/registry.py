"""Finds out whether a registry has an image, and pulls it."""

from __future__ import annotations

from tests.kubernetes.docker import Docker, DockerError
from tests.kubernetes.progress import step

ANSWER = 20.0  # seconds that a registry has to say whether it has the image
PULL = 900.0  # seconds to pull it


def obtainable(docker: Docker, image: str) -> bool:
    """Whether the daemon holds the image, which is pulled now if a registry answers."""
    if docker.has_image(image):
        return True
    try:
        docker("manifest", "inspect", image, seconds=ANSWER)
        with step(f"pulling {image}"):
            docker("pull", "--quiet", image, seconds=PULL)
    except DockerError:
        return False
    return True
