"""Variables and a login in the language of a CI system, or of a Dockerfile. Pure.

No secret is ever in these lines: they name one, and the CI system gives it. Sources: "Workflow commands" and
"Contexts" of GitHub Actions, "CI/CD YAML syntax reference" of GitLab, "Pipeline Syntax" of Jenkins, and the Dockerfile
reference.
"""

import json
import re
import shlex
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
"""A name that is one of a variable everywhere."""


@dataclass(frozen=True, slots=True)
class Login:
    """Says how a job proves who it is: with a secret of the CI system, which becomes an entry of a netrc file."""

    url: str
    """The fleet's, without a login."""
    secret: str
    """The name of the secret, which is the variable as well: a token, or the password of `user`."""
    user: str = "token"
    """For a token any name is good."""

    @property
    def machine(self) -> str:
        """The host and the port, as a netrc file names them."""
        return urlsplit(self.url).netloc


def github(values: Mapping[str, str], login: Login | None) -> str:
    """A step of a job of GitHub Actions: later steps have the variables by $GITHUB_ENV."""
    script = "".join(
        f"printf '%s\\n' {shlex.quote(f'{name}={value}')} >> \"$GITHUB_ENV\"\n" for name, value in values.items()
    )
    lines = ["- name: Use the Go module proxy", "  shell: bash"]
    if login is not None:
        lines += ["  env:", f"    {login.secret}: ${{{{ secrets.{login.secret} }}}}"]
        script += _netrc(login)
    # GitHub replaces ${{ ... }} in the text of a script before any shell reads it.
    script = script.replace("${{", "$''{{")
    return "\n".join([*lines, "  run: |"]) + "\n" + textwrap.indent(script, "    ")


def gitlab(values: Mapping[str, str], login: Login | None) -> str:
    """Variables and before_script of a .gitlab-ci.yml file. $$ is GitLab's word for a dollar sign."""
    text = "variables:\n"
    text += "".join(
        f"  {name}: {json.dumps(value.replace('$', '$$'), ensure_ascii=False)}\n" for name, value in values.items()
    )
    if login is not None:
        text += f"# {login.secret} is a masked variable of the project: Settings, CI/CD, Variables\n"
        text += "before_script:\n  - |\n" + textwrap.indent(_netrc(login), "    ")
    return text


def jenkins(values: Mapping[str, str], login: Login | None) -> str:
    """The blocks environment and stages of a declarative Jenkinsfile."""
    lines = [f"    {name} = {_groovy(value)}" for name, value in values.items()]
    script = "go mod download"
    if login is not None:
        lines.append(f"    {login.secret} = credentials({_groovy(login.secret)}) // of kind Secret text")
        script = _netrc(login) + script
    body = script.replace("\\", "\\\\").replace("'''", "\\'\\'\\'")
    return (
        "pipeline {\n  agent any\n  environment {\n"
        + "\n".join(lines)
        + "\n  }\n  stages {\n    stage('Modules') {\n      steps {\n        sh '''\n"
        + textwrap.indent(body + "\n", "          ")
        + "        '''\n      }\n    }\n  }\n}\n"
    )


def dockerfile(values: Mapping[str, str], login: Login | None) -> str:
    """Lines of a Dockerfile. A secret is mounted for one RUN alone, and is in no layer of the image."""
    text = "# after FROM\n" + "".join(f"ARG {name}={_docker(value)}\n" for name, value in values.items())
    if login is None:
        return text + "RUN go mod download\n"
    return (
        f"# docker build --secret id=netrc,src=FILE .   FILE has: machine {login.machine} login {login.user} "
        "password TOKEN\n" + text + "RUN --mount=type=secret,id=netrc NETRC=/run/secrets/netrc go mod download\n"
    )


def _netrc(login: Login) -> str:
    """Return commands for any POSIX shell that put the entry in front, readable by this user alone, and never show it.

    Of several entries of a machine go takes the first. On a runner that keeps its home, that would be the entry of an
    earlier job, whose token has expired: it is removed. Without the secret, as in a build of a fork, the commands stop
    with a word.
    """
    who = f"{shlex.quote(login.machine)} {shlex.quote(login.user)}"
    return (
        f': "${{{login.secret}:?is empty: make it a secret of this job}}"\n'
        'netrc="${NETRC:-$HOME/.netrc}"\n'
        "(umask 077; {\n"
        f"  printf 'machine %s login %s password %s\\n' {who} \"${login.secret}\"\n"
        # It ends with 1 where no line is left, and with 2 where there is no file.
        f'  grep -vF {shlex.quote(f"machine {login.machine} login {login.user} ")} "$netrc" 2>/dev/null || :\n'
        '} > "$netrc.new"; mv "$netrc.new" "$netrc")\n'
    )


def _groovy(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _docker(text: str) -> str:
    return '"' + re.sub(r'([\\"$])', r"\\\1", text) + '"'


PIPELINES: dict[str, Callable[[Mapping[str, str], Login | None], str]] = {
    "github": github,
    "gitlab": gitlab,
    "jenkins": jenkins,
    "dockerfile": dockerfile,
}
"""How lines are written for what is no person's shell."""
