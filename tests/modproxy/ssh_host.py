"""A git host that speaks ssh only, on port 22 of a loopback address, where `ssh://git@ADDRESS/` leads."""

import asyncio
import os
from pathlib import Path

import asyncssh

ADDRESS = "127.0.0.22"
"""An address can be the first element of a module path, as a name can, and needs no name server."""


class _Door(asyncssh.SSHServer):
    """Lets in whoever has one of the keys, and notes which repository the key opens."""

    def __init__(self, opens: dict[str, str | None]) -> None:
        self._opens = opens
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        public = key.export_public_key().decode()
        if public not in self._opens:
            return False
        assert self._connection is not None
        self._connection.set_extra_info(opens=self._opens[public])
        return True


class SshHost:
    """Serves the repositories of a `GitHost`'s folder to clients with `client_key`. `logins` counts the sessions.

    It listens on `port`; 0 takes one that is free. A key that `deploy_key` made opens one repository only. `commands`
    has what clients ran.
    """

    def __init__(self, folder: Path, port: int = 22) -> None:
        self._folder = folder
        self.port = port
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._opens: dict[str, str | None] = {}
        self.client_key = self.deploy_key(None)
        self.logins = 0
        self.commands: list[str] = []
        self._server: asyncssh.SSHAcceptor | None = None

    @property
    def known_hosts(self) -> str:
        """The line of this host in a file known_hosts."""
        name = ADDRESS if self.port == 22 else f"[{ADDRESS}]:{self.port}"
        return f"{name} {self._host_key.export_public_key().decode()}"

    def deploy_key(self, repository: str | None) -> str:
        """Make a key that opens a repository; None for every one."""
        key = asyncssh.generate_private_key("ssh-ed25519")
        self._opens[key.export_public_key().decode()] = repository
        return key.export_private_key().decode()

    async def __aenter__(self) -> "SshHost":
        self._server = await asyncssh.listen(
            ADDRESS,
            self.port,
            server_host_keys=[self._host_key],
            server_factory=lambda: _Door(self._opens),
            process_factory=self._serve,
            encoding=None,
        )
        self.port = self._server.get_port()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, process: "asyncssh.SSHServerProcess[bytes]") -> None:
        """Run git's own program on the repository that the command names: `git-upload-pack '/NAME.git'`."""
        self.logins += 1
        self.commands.append(process.command or "")
        verb, _, quoted = (process.command or "").partition(" ")
        name = quoted.strip("'/").removesuffix(".git")
        opens = process.get_extra_info("opens")
        if verb != "git-upload-pack" or not (self._folder / f"{name}.work").exists() or opens not in (None, name):
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
