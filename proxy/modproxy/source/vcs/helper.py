"""Runs where go, git and ssh ask for something that only the replica knows: a login, a key, another URL.

This file is a program of its own. It is started as `python -I -S helper.py SOCKET ROLE ARGUMENTS...` for each
question, so it imports little of the standard library and nothing else. It asks the replica over a Unix socket
(`broker` answers).
"""

import json
import os
import shlex
import socket
import subprocess
import sys
from typing import Any


def ask(where: str, **question: Any) -> dict[str, Any]:
    """Ask the replica. An error that it answers ends this program."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(where)
        connection.sendall(json.dumps(question).encode() + b"\n")
        with connection.makefile() as reader:
            answer: dict[str, Any] = json.loads(reader.readline())
    if "error" in answer:
        sys.exit(f"modproxy: {answer['error']}")
    return answer


def goauth(where: str, arguments: list[str]) -> None:
    """Print the headers for the URLs that the go command may ask for (`go help goauth`)."""
    for url, header in ask(where, ask="headers", url=arguments[0] if arguments else "")["headers"]:
        sys.stdout.write(f"{url}\n\nAuthorization: {header}\n\n")


def credential(where: str, arguments: list[str]) -> None:
    """Print the login for a URL (git's credential protocol: gitcredentials(7), git-credential(1))."""
    fields = dict(line.rstrip("\n").partition("=")[::2] for line in sys.stdin)
    if arguments[:1] != ["get"]:
        return
    url = f"{fields.get('protocol')}://{fields.get('host')}/{fields.get('path', '')}"
    login = ask(where, ask="login", url=url)
    for key in ("username", "password"):
        if key in login:
            sys.stdout.write(f"{key}={login[key]}\n")


def ssh(where: str, arguments: list[str]) -> None:
    """Become ssh, with the key for the repository that git asks for: `[-o OPTION] [-p PORT] [USER@]HOST COMMAND`."""
    *options, host, command = arguments
    port = options[options.index("-p") + 1] if "-p" in options else "22"
    path = (shlex.split(command) or [""])[-1].lstrip("/")
    url = f"ssh://{host}:{port}/{path}"
    found = ask(where, ask="key", url=url)
    os.execvp("ssh", ["ssh", *found["options"], *arguments])  # noqa: S606 - ssh of the PATH, without a shell


def git(where: str, arguments: list[str]) -> None:
    """Become git, after the replica was asked which other URLs to use for those that git is about to contact."""
    real, *rest = arguments
    urls = [argument for argument in rest if "://" in argument]
    if "origin" in rest:
        config = subprocess.run([real, "config", "--get", "remote.origin.url"], stdout=subprocess.PIPE, check=False)
        urls.append(config.stdout.decode().strip())
    env = dict(os.environ)
    count = int(env.get("GIT_CONFIG_COUNT", "0"))
    for old, new in ask(where, ask="rewrite", urls=urls)["pairs"]:
        env[f"GIT_CONFIG_KEY_{count}"], env[f"GIT_CONFIG_VALUE_{count}"] = f"url.{new}.insteadOf", old
        count += 1
    env["GIT_CONFIG_COUNT"] = str(count)
    os.execve(real, [real, *rest], env)  # noqa: S606 - git itself, without a shell


if __name__ == "__main__":
    roles = {"goauth": goauth, "credential": credential, "ssh": ssh, "git": git}
    roles[sys.argv[2]](sys.argv[1], sys.argv[3:])
