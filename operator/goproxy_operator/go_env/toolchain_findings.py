"""What keeps the go command from the toolchain that a folder needs. Pure.

Source of the rules: `Select` of cmd/go/internal/toolchain, and `useSumDB` of cmd/go/internal/modfetch.
"""

from collections.abc import Iterator

from goproxy_operator.go_env.finding import Finding, Weight, without_logins, wrong
from goproxy_operator.go_env.settings import GoEnv
from goproxy_operator.go_env.toolchain import MODULE, Local, Wanted, needed, to_fetch, version_key


def toolchain_findings(env: GoEnv, wanted: Wanted, local: Local) -> Iterator[Finding]:
    """Judge GOTOOLCHAIN, for this folder."""
    setting = env.value("GOTOOLCHAIN")
    if not setting or not local.version:
        return
    name, mode = needed(setting, wanted, local)
    if not name:
        if version_key(local.version) is not None:  # else it is a go built from its repository
            yield wrong(
                "toolchain-malformed",
                f"GOTOOLCHAIN={without_logins(setting)} is no toolchain, and go refuses to run",
                "write auto, local, path, or a name such as go1.26.1, perhaps with +auto",
            )
        return
    least = version_key(f"go{wanted.go}")
    if least is not None and least > (version_key(name) or least):
        yield wrong(
            "toolchain-local",
            f"go.mod wants go {wanted.go}, and GOTOOLCHAIN={without_logins(setting)} keeps {name}",
            "install that go, or set GOTOOLCHAIN=auto: then go fetches it through GOPROXY",
        )
    version = to_fetch(env, wanted, local)
    if version and env.value("GOSUMDB") == "off":
        yield wrong(
            "toolchain-unverified",
            f"go has to fetch {name} (GOTOOLCHAIN={without_logins(setting)}), and GOSUMDB=off forbids it: a toolchain "
            "is always verified",
            f"`go env -u GOSUMDB`, or install {name}",
        )
    elif version:
        yield Finding(
            "toolchain-fetched",
            Weight.NOTE,
            f"go fetches {name} through GOPROXY, as {MODULE}@{version}, and verifies it by GOSUMDB whatever GONOSUMDB "
            "says",
        )
    elif mode == "path" and name != local.version:
        yield Finding(
            "toolchain-path",
            Weight.WORTH_A_LOOK,
            f"{name} has to be on the PATH: GOTOOLCHAIN={without_logins(setting)} fetches none",
            f"install {name}, or set GOTOOLCHAIN=auto",
        )
