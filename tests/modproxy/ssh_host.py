"""A git host that speaks ssh only, on port 22 of a loopback address, where `ssh://git@ADDRESS/` leads."""

import asyncio
import os
from pathlib import Path

import asyncssh

ADDRESS = "127.0.0.22"
"""An address can be the first element of a module path, as a name can, and needs no name server."""


class SshHost:
    """Serves the repositories of a `GitHost`'s folder to clients with `client_key`. `logins` counts the sessions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        key = asyncssh.generate_private_key("ssh-ed25519")
        self.client_key = key.export_private_key().decode()
        self._authorized = asyncssh.import_authorized_keys(key.export_public_key().decode())
        self.known_hosts = f"{ADDRESS} {self._host_key.export_public_key().decode()}"
        self.logins = 0
        self._server: asyncssh.SSHAcceptor | None = None

    async def __aenter__(self) -> "SshHost":
        self._server = await asyncssh.listen(
            ADDRESS,
            22,
            server_host_keys=[self._host_key],
            authorized_client_keys=self._authorized,
            process_factory=self._serve,
            encoding=None,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        """Run git's own program on the repository that the command names: `git-upload-pack '/NAME.git'`."""
        self.logins += 1
        verb, _, quoted = (process.command or "").partition(" ")
        name = quoted.strip("'/").removesuffix(".git")
        if verb != "git-upload-pack" or not (self._folder / f"{name}.work").exists():
            process.stderr.write(b"ERROR: Repository not found.\n")
            process.exit(1)
            return
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._folder), "GIT_CONFIG_NOSYSTEM": "1"}
        git = await asyncio.create_subprocess_exec(
            "git", "upload-pack", str(self._folder / f"{name}.work" / ".git"), env=environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await process.redirect(stdin=git.stdin, stdout=git.stdout)
        process.exit(await git.wait())
