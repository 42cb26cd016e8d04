"""The docker command against one daemon."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class DockerError(Exception):
    """A docker command failed; the message has its words."""


@dataclass(frozen=True)
class Docker:
    """A daemon by the address of its socket; None is the one that the docker command itself would ask."""

    host: str | None = None

    def environment(self) -> dict[str, str]:
        """What the docker command and kind need in their environment to ask this daemon."""
        # Without buildx there is only the classic builder; with it, the classic one says that it is deprecated.
        asked = {"DOCKER_BUILDKIT": "0", "DOCKER_CLI_HINTS": "false"}
        return os.environ | asked | ({"DOCKER_HOST": self.host} if self.host else {})

    def __call__(self, *arguments: str | Path, stdin: bytes | None = None, seconds: float = 600.0) -> str:
        """What the command prints. Raises DockerError when it fails or takes longer."""
        command: Sequence[str | Path] = ["docker", *arguments]
        words = " ".join(str(word) for word in command)
        try:
            done = subprocess.run(
                command,
                env=self.environment(),
                # The terminal is never its input: a command that asks a question must not hang.
                input=stdin if stdin is not None else b"",
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except (subprocess.TimeoutExpired, FileNotFoundError) as failure:
            raise DockerError(f"`{words}`: {failure}") from None
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace")
            raise DockerError(f"`{words}` ended with {done.returncode}:\n{said[-3000:]}")
        return done.stdout.decode(errors="replace")

    def answers(self) -> bool:
        """Whether the daemon is there and lets us in."""
        try:
            self("version", "--format", "{{.Server.Version}}", seconds=20)
        except DockerError:
            return False
        return True

    def has_image(self, image: str) -> bool:
        """Whether the daemon holds this image."""
        try:
            self("image", "inspect", "--format", "{{.Id}}", image, seconds=60)
        except DockerError:
            return False
        return True

    def import_tree(self, archive: Sequence[str | Path], image: str, *changes: str) -> None:
        """Make an image of the tar stream that a command writes; `changes` are instructions as in a Dockerfile.

        Raises DockerError.
        """
        settings = [word for change in changes for word in ("--change", change)]
        with subprocess.Popen(archive, stdout=subprocess.PIPE) as tar:
            made = subprocess.run(
                ["docker", "import", *settings, "-", image],
                env=self.environment(),
                stdin=tar.stdout,
                capture_output=True,
                check=False,
            )
        if made.returncode != 0 or tar.returncode != 0:
            said = made.stderr.decode(errors="replace")
            raise DockerError(f"`docker import` of {image} failed (tar: {tar.returncode}):\n{said}")
