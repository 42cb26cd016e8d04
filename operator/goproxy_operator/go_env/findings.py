"""What is wrong with the settings of a go command, and what to do about it. Pure."""

from collections.abc import Iterator

from goproxy_operator.go_env.chain_findings import chain_findings, database_findings
from goproxy_operator.go_env.credential_findings import credential_findings
from goproxy_operator.go_env.finding import Finding, Surroundings, Weight, without_logins
from goproxy_operator.go_env.pattern_findings import leak_findings, pattern_findings
from goproxy_operator.go_env.settings import NAMES, GoEnv
from goproxy_operator.go_env.toolchain_findings import toolchain_findings
from goproxy_operator.go_env.vcs_findings import passing_by, vcs_findings


def findings(env: GoEnv, around: Surroundings) -> list[Finding]:
    """Return all of them, the worst first."""
    order = list(Weight)
    found = [
        *_files(env),
        *_shells(env, around),
        *_flags(env),
        *toolchain_findings(env, around.wanted, around.local),
        *vcs_findings(env, around),
        *passing_by(env, around.asked),
        *chain_findings(env, around),
        *pattern_findings(env, around),
        *database_findings(env),
        *credential_findings(env, around),
        *leak_findings(env, around),
    ]
    return sorted(found, key=lambda one: order.index(one.weight))


def _files(env: GoEnv) -> Iterator[Finding]:
    for one in env.settings.values():
        if one.hidden is not None:
            yield Finding(
                "hidden",
                Weight.WORTH_A_LOOK,
                f"the exported {one.name}={without_logins(one.value)} hides what `go env -w` wrote: "
                f"{without_logins(one.hidden)}",
                f"unset {one.name}, and remove it from the shell's profile; or `go env -u {one.name}`",
            )
    if env.off:
        lost = [name for name in NAMES if (env.passed_over or {}).get(name)]
        yield Finding(
            "env-file-off",
            Weight.WORTH_A_LOOK if lost else Weight.NOTE,
            "GOENV=off: the go command reads nothing of what `go env -w` wrote"
            + (f", which is {', '.join(lost)}" if lost else ""),
            "unset GOENV, or export the variables" if lost else "",
        )


def _shells(env: GoEnv, around: Surroundings) -> Iterator[Finding]:
    if env.exported is None:
        return
    for name in (*NAMES, "GOENV"):
        here = env.exported.get(name, "")
        there = {shell: exported.get(name, "") for shell, exported in around.shells.items()}
        lacking = [shell for shell, value in there.items() if here and not value]
        if lacking:
            yield Finding(
                "shells-differ",
                Weight.NOTE,
                f"{name} is set here, and not in a new login shell ({', '.join(lacking)})",
                f"what starts elsewhere, such as an editor, does not see it: `go env -w {name}=...`",
            )
        for shell, value in there.items():
            if value and value != here:
                yield Finding(
                    "shells-differ",
                    Weight.WORTH_A_LOOK,
                    f"{name} is {without_logins(here) or 'not set'} here, and {without_logins(value)} in a new login "
                    f"{shell}",
                    f"keep one of them in the profile of {shell}, and open a new terminal",
                )


def _flags(env: GoEnv) -> Iterator[Finding]:
    flags = env.value("GOFLAGS").split()
    for flag in flags:
        word = "-" + flag.strip("'\"").lstrip("-")
        if word == "-mod=vendor":
            yield Finding(
                "flags-vendor",
                Weight.WORTH_A_LOOK,
                "GOFLAGS has -mod=vendor: builds use the folder vendor alone, and ask no proxy",
                "remove it from GOFLAGS where the proxy is meant to be asked",
            )
        if word.partition("=")[0] == "-insecure":
            yield Finding(
                "flags-insecure",
                Weight.WRONG,
                "GOFLAGS has -insecure, which the go command no longer knows",
                "remove it; GOINSECURE names modules that may be fetched without TLS",
            )
