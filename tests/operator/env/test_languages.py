"""What is printed means the value, whatever is in it: as the shell itself says, where it can be had here."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from goproxy_operator.env.pipelines import Login, dockerfile, github, gitlab, jenkins
from goproxy_operator.env.shells import SHELLS
from tests.kubernetes.prerequisites import require

HOSTILE = [
    "https://goproxy.example.com,direct",
    "https://a.example.com|https://b.example.com",
    "it's $HOME `id` $(id) \"x\" \\ \\\\ !! ~ * ? [a] {b} # ; & < > %PATH% ${{ secrets.X }} $$ \\'",
    "\u2018curly\u2019 ''' \"\"\" \u201b",
    "'",
    "\\",
    "- a: b",
    "\U0001f600 caf\u00e9",
    "a\\",
]
LOGIN = Login("https://goproxy.example.com:8443/go", "GOPROXY_TOKEN", "o'brien")
TOKEN = "s3cr'et$(id)"


def run(*argv: str, **env: str) -> str:
    told = subprocess.run(argv, env={"PATH": "/usr/bin:/bin", **env}, capture_output=True, check=True, text=True)
    return told.stdout


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells(shell: str, value: str, tmp_path: Path) -> None:
    require({"zsh": "zsh", "fish": "fish"}, "the test of what shells read")
    lines = SHELLS[shell]({"GOPROXY": value, "GONOSUMDB": value})
    out = run(shell, "-c", lines + "printenv GOPROXY GONOSUMDB", HOME=str(tmp_path))
    assert out == f"{value}\n{value}\n"


@pytest.mark.parametrize("value", HOSTILE)
def test_powershell_by_its_rules(value: str) -> None:
    """No PowerShell can be had here: its rule for single quotes is applied, which knows five characters for one."""
    line = SHELLS["powershell"]({"GOPROXY": value}).rstrip("\n")
    quoted = line.removeprefix("$env:GOPROXY = ")
    assert quoted[0] == quoted[-1] == "'"
    inner = quoted[1:-1]
    assert re.fullmatch(r"(?:[^'\u2018\u2019\u201a\u201b]|(['\u2018\u2019\u201a\u201b])\1)*", inner)
    assert re.sub(r"(['\u2018\u2019\u201a\u201b])\1", r"\1", inner) == value


def steps_of(text: str) -> tuple[str, dict[str, str]]:
    (step,) = yaml.safe_load(text)
    return step["run"], step.get("env", {})


@pytest.mark.parametrize("value", HOSTILE)
def test_github(value: str, tmp_path: Path) -> None:
    script, secrets = steps_of(github({"GOPROXY": value}, LOGIN))
    assert secrets == {"GOPROXY_TOKEN": "${{ secrets.GOPROXY_TOKEN }}"}
    assert "${{" not in script, "GitHub would replace it"
    file = tmp_path / "env"
    env = {"HOME": str(tmp_path), "GITHUB_ENV": str(file), "GOPROXY_TOKEN": TOKEN}
    run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script, **env)
    assert file.read_text() == f"GOPROXY={value}\n"
    netrc = tmp_path / ".netrc"
    assert netrc.read_text() == f"machine goproxy.example.com:8443 login o'brien password {TOKEN}\n"
    assert netrc.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("value", HOSTILE)
def test_gitlab(value: str, tmp_path: Path) -> None:
    job = yaml.safe_load(gitlab({"GOPROXY": value}, LOGIN))
    written = job["variables"]["GOPROXY"]
    assert "$" not in written.replace("$$", ""), "GitLab would expand it"
    assert written.replace("$$", "$") == value
    (script,) = job["before_script"]
    (tmp_path / ".netrc").write_text("machine other login a password b")
    run("sh", "-e", "-c", script, HOME=str(tmp_path), GOPROXY_TOKEN=TOKEN)
    assert (tmp_path / ".netrc").read_text().split("\n")[0].endswith(TOKEN)
    assert "machine other login a password b\n" in (tmp_path / ".netrc").read_text()


def test_a_token_takes_the_place_of_that_of_the_job_before(tmp_path: Path) -> None:
    """Go takes the first entry of a machine: behind the old one, the new one would never be sent."""
    (script,) = yaml.safe_load(gitlab({}, LOGIN))["before_script"]
    (tmp_path / ".netrc").write_text("machine other login a password b\n")
    for token in ("old", TOKEN):
        run("sh", "-e", "-c", script, HOME=str(tmp_path), GOPROXY_TOKEN=token)
    mine, other = (tmp_path / ".netrc").read_text().splitlines()
    assert (mine.split()[-1], other) == (TOKEN, "machine other login a password b")
    assert [file.name for file in tmp_path.iterdir()] == [".netrc"]


def test_an_absent_secret_ends_the_job(tmp_path: Path) -> None:
    (script,) = yaml.safe_load(gitlab({}, LOGIN))["before_script"]
    told = subprocess.run(["sh", "-e", "-c", script], env={"HOME": str(tmp_path)}, capture_output=True, text=True)  # noqa: PLW1510
    assert told.returncode != 0
    assert "GOPROXY_TOKEN" in told.stderr
    assert not (tmp_path / ".netrc").exists()


def groovy(quoted: str) -> str:
    """Read a string of Groovy in single quotes, by its rules."""
    return re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)


@pytest.mark.parametrize("value", HOSTILE)
def test_jenkins(value: str) -> None:
    text = jenkins({"GOPROXY": value}, LOGIN)
    match = re.search(r"^    GOPROXY = '((?:[^'\\\n]|\\.)*)'$", text, re.MULTILINE)
    assert match is not None
    assert groovy(match[1]) == value
    assert text.count("{") == text.count("}") or "{b}" in value


@pytest.mark.parametrize("value", HOSTILE)
def test_dockerfile(value: str) -> None:
    """The rule of double quotes in a Dockerfile: a backslash escapes itself, the quote and the dollar sign."""
    line = next(one for one in dockerfile({"GOPROXY": value}, LOGIN).split("\n") if one.startswith("ARG "))
    inner = re.fullmatch(r'ARG GOPROXY="((?:[^"\\$]|\\["\\$])*)"', line)
    assert inner is not None
    assert re.sub(r'\\(["\\$])', r"\1", inner[1]) == value


def test_no_secret_is_printed() -> None:
    for write in (github, gitlab, jenkins, dockerfile):
        assert TOKEN not in write({"GOPROXY": "x"}, LOGIN)
