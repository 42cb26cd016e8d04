"""What a failure of the go command means: an absence, a refused access, or an outage. Pure.

The go command tells these apart in text only. Its text has a fixed build: what it was about, then the chain of causes,
outermost first, and below an indented copy of what git printed, or of what a web server answered. So the rules here
read the innermost cause, by its whole form and in its place, and never look for words anywhere else: a module, a
repository, a branch or a server may be called anything, and servers may print anything.

An absence needs proof, because the client's go command goes on to its next proxy after an absence, past the fleet:
the git host or the server of the go-import page has said itself that there is nothing, or what it gave proves that this
version cannot exist. Everything else is an outage, at which the client stops, and which nobody remembers.

A host that asks for a login says by this that there is nothing for everybody. When no credential of the fleet is for
that place, this counts as an absence: the developers' own machines may have a login. When the fleet has one, and it
is refused, this is an outage that the keepers of the fleet have to end.

Sources: cmd/go/internal/modfetch and its codehost (versions and repositories), cmd/go/internal/vcs (import paths),
cmd/go/internal/web (`HTTPError`), golang.org/x/mod/zip, and git 2.39's remote-curl.c, http.c, connect.c and
credential.c; ssh is OpenSSH 9. git speaks English because the workspace sets LC_ALL.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from modproxy.mod.target import Target
from modproxy.source.protocol import Denied, NotFound, SourceError, Unavailable
from modproxy.source.vcs.words import make_words, without_addresses


class Meaning(StrEnum):
    """What a failure means."""

    ABSENT = "absent"
    LOGIN_WANTED = "login-wanted"
    """The host wants a login, and the fleet has none for that place."""
    REFUSED = "refused"
    """The host does not take the fleet's login."""
    FORBIDDEN = "forbidden"
    """The rules of the go command forbid this version control system (GOVCS)."""
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class Cause:
    """The innermost cause of a failure of the go command."""

    meaning: Meaning
    words: str
    """In words for the keepers of the fleet, without paths of this machine, credentials and query strings."""

    @property
    def public_words(self) -> str:
        """The words without what only the keepers need to know: addresses of name servers, proxies and hosts."""
        return without_addresses(self.words)


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_MOST_READ, _LONGEST_READ = 256 << 10, 8 << 10
"""Characters that are read, in all and of a line: git passes on what servers print, however much that is."""
_PAGE_STATUS = re.compile(r"(?:^|: )reading (https?://\S+): ([1-5][0-9]{2})(?: .*)?$")
"""cmd/go/internal/web, `HTTPError`. The status text is the server's own words."""
_UNREADABLE_PAGE = _any_of(r"(?:^|: )parsing \S+: (?:XML syntax error on line [0-9]+: )?unexpected EOF$")
"""cmd/go/internal/vcs: the page ended too early, as it does when a connection is cut."""
_ABSENT_PLACE = _any_of(
    # The page is whole, and has no go-import tag for this module.
    r"(?:^|: )parse https?://\S+: no go-import meta tags \(.*\)$",
    r"(?:^|: )fetching \S+: no go-import meta tag found in \S+$",
    r"(?:^|: )parsing \S+: XML syntax error on line [0-9]+: .*$",
    # The page's tags contradict each other, or name nothing that the go command can read.
    r"(?:^|: )https?://\S+ and https?://\S+ disagree about go-import for \S+$",
    r"(?:^|: )parse \S+: multiple meta tags match import path \".*\"$",
    r"(?:^|: )https?://\S+: unknown vcs \".*\"$",
    r"(?:^|: )https?://\S+: invalid repo root \".*\": .*$",
    r"(?:^|: )https?://\S+: invalid subdirectory \".*\": .*$",
    # No repository can have this path.
    r"(?:^|: )import path does not begin with hostname$",
    r"(?:^|: )invalid \S+ import path \".*\"$",
    r"(?:^|: )invalid version control suffix in \S+ path$",
    r"(?:^|: )no modules on example\.net$",
    r"(?:^|: )repository rooted at \S+ cannot contain module \S+$",
    r"(?:^|: )mismatched repo: found \S+ for \S+$",
)
"""cmd/go/internal/vcs: what cannot be fetched, by the go-import page or by the path itself."""
_ABSENT_VERSION = _any_of(
    r"(?:^|: )invalid version: unknown revision .+$",  # codehost.UnknownRevisionError
    r"(?:^|: )unknown revision \S+$",
    r"(?:^|: )no matching versions for query \".*\"$",  # modload.NoMatchingVersionError
    r"^invalid module version \".*\"$",  # modload, ParsePathVersion
    r"(?:^|: )no commits$",  # codehost.ErrNoCommits
    r"(?:^|: )ambiguous revision \S+$",
    r"(?:^|: )ambiguous semantic version \".*\" in range \".*\"$",
    r"(?:^|: )invalid version: (?:\S+ and \S+ both have |missing )?\S*go\.mod.* at revision \S+$",  # codeRepo.findDir
    r"(?:^|: )invalid version: \+incompatible suffix not allowed: major version \S+ is compatible$",
    r"(?:^|: )invalid version: module contains a go\.mod file, so module path must match major version \(\".*\"\)$",
    r"(?:^|: )invalid version: module path includes a major version suffix, so major version must match$",
    r"(?:^|: )invalid version: resolves to version \S+ \(\S+ is not a tag\)$",
    r"(?:^|: )invalid version: syntax error$",
    # codeRepo.validatePseudoVersion
    r"(?:^|: )invalid pseudo-version: revision is (?:longer|shorter) than canonical \(expected \S+\)$",
    r"(?:^|: )invalid pseudo-version: does not match (?:short name of revision|version-control timestamp) "
    r"\(expected \S+\)$",
    r"(?:^|: )invalid pseudo-version: preceding tag \(\S+\) not found$",
    r"(?:^|: )invalid pseudo-version: (?:revision \S+ is )?not a descendent of preceding tag \(\S+\)$",
    r"(?:^|: )invalid pseudo-version: major version without preceding tag must be v0, not v1$",
    r"(?:^|: )invalid pseudo-version: tag \(\S+\) found on revision \S+ is already canonical, .*$",
)
"""cmd/go/internal/modfetch: the repository was read, and proves that it has no such version."""
_ABSENT_ZIP = re.compile(
    r"^create zip: (?:.*: )?(?:case-insensitive file name collision: \".*\" and \".*\"|"
    r"(?:module source tree|file) too large \(max size is [0-9]+ bytes\)|malformed file path \".*\": .*)$"
)
"""golang.org/x/mod/zip: no zip can be made of this version. Only the repository's own files bring this about."""
_TOO_LARGE = re.compile(r"(?:^|: )downloaded zip file too large$")
_FORBIDDEN = re.compile(r"(?:^|: )GOVCS disallows using \S+ for (?:public|private) \S+; see 'go help vcs'$")

_PROGRAM_FAILED = re.compile(r": (?:exit status [0-9]+|signal: [a-z ]+)(?: \(core dumped\))?:?$")
"""codehost.RunError: what the program printed follows, indented."""
_NO_REPOSITORY = _any_of(
    r"fatal: repository '.*' not found",  # git, remote-curl.c: the host has answered 404
    r"fatal: unable to access '.*': The requested URL returned error: 410",  # git, http.c, by way of curl
    r"fatal: '.*' does not appear to be a git repository",  # git, upload-pack over ssh
)
_NO_REPOSITORY_OVER_SSH = _any_of(
    r"(?:remote: )?ERROR: Repository not found\.",
    r"(?:remote: )?ERROR: The project you were looking for could not be found "
    r"or you don't have permission to view it\.",
)
"""The words of git hosts' own ssh servers, which are believed only together with git's own last word."""
_OVER_SSH = "fatal: Could not read from remote repository."
NO_KEY = "modproxy: the fleet has no ssh key for "
"""What the fleet's own ssh command prints where it has none, before the place."""
_LOGIN_WANTED = _any_of(
    r"fatal: could not read (?:Username|Password) for '.*': .*",  # git, credential.c: there is nobody to ask
    rf"{NO_KEY}.*",
)
_LOGIN_REFUSED = _any_of(
    r"fatal: Authentication failed for '.*'",  # git, remote-curl.c: the login was tried and is not taken
    r"fatal: unable to access '.*': The requested URL returned error: 40[13]",  # git, http.c, by way of curl
    r"\S+: Permission denied \(.*\)\.",  # OpenSSH: no key is taken
    r"Host key verification failed\.",  # OpenSSH: the host's key is another than known_hosts has
)


_TELLING = (_NO_REPOSITORY, _NO_REPOSITORY_OVER_SSH, _LOGIN_WANTED, _LOGIN_REFUSED)
"""The lines of git and ssh that tell more than the others."""


def explain_failure(
    target: Target, said: str, has_login: Callable[[str], bool], *, from_git: bool = True
) -> tuple[Cause, SourceError]:
    """Tell what the go command printed (`said`): its cause, and the error for the client.

    `has_login` says whether a credential of the fleet is for a URL. `from_git` says whether the repository, if one was
    found, is one of git: of other systems the go command says "unknown revision" whatever has failed.
    """
    cause = find_cause(target, said, has_login, from_git=from_git)
    reason = f"{target}: version control: {cause.public_words}"
    match cause.meaning:
        case Meaning.ABSENT:
            return cause, NotFound(reason)
        case Meaning.LOGIN_WANTED:
            return cause, NotFound(f"{reason}\nIf it exists, the fleet needs credentials for it: upstream.credentials")
        case Meaning.FORBIDDEN:
            return cause, Denied(reason)
        case Meaning.REFUSED:
            return cause, Unavailable(f"{reason}\nThe host refuses the fleet's access: see upstream.credentials")
        case _:
            return cause, Unavailable(reason)


def find_cause(target: Target, said: str, has_login: Callable[[str], bool], *, from_git: bool = True) -> Cause:
    """Find the innermost cause in what the go command printed."""
    head, below = _split(target, said)
    failed = _PROGRAM_FAILED.search(head)
    words = make_words(head, below, failed, _TELLING)
    if failed:
        return Cause(_meaning_of_program(below), words)
    if page := _PAGE_STATUS.search(head):
        return Cause(_meaning_of_page(int(page[2]), has_login(page[1])), words)
    if _FORBIDDEN.search(head):
        return Cause(Meaning.FORBIDDEN, words)
    if _UNREADABLE_PAGE.search(head):
        return Cause(Meaning.OUTAGE, words)
    proofs = (_ABSENT_PLACE, _ABSENT_ZIP, _TOO_LARGE, *((_ABSENT_VERSION,) if from_git else ()))
    return Cause(Meaning.ABSENT if any(proof.search(head) for proof in proofs) else Meaning.OUTAGE, words)


def _meaning_of_page(status: int, has_login: bool) -> Meaning:
    if status in (404, 410):
        return Meaning.ABSENT
    if status == 401:
        return Meaning.REFUSED if has_login else Meaning.LOGIN_WANTED
    # Without a login, 403 may be a limit on requests or a firewall, and is no proof of anything.
    return Meaning.REFUSED if status == 403 and has_login else Meaning.OUTAGE


def _meaning_of_program(below: Sequence[str]) -> Meaning:
    if any(map(_NO_REPOSITORY.fullmatch, below)):
        return Meaning.ABSENT
    if _OVER_SSH in below and any(map(_NO_REPOSITORY_OVER_SSH.fullmatch, below)):
        return Meaning.ABSENT
    own = [line for line in below if not line.startswith("remote:")]
    if any(map(_LOGIN_REFUSED.fullmatch, own)):
        return Meaning.REFUSED
    return Meaning.LOGIN_WANTED if any(map(_LOGIN_WANTED.fullmatch, own)) else Meaning.OUTAGE


def _split(target: Target, said: str) -> tuple[str, list[str]]:
    """Return the line with the chain of causes, and the lines that are indented below it.

    The names of what was asked for are taken off the beginning of the line.
    """
    lines = [line[:_LONGEST_READ] for line in said[:_MOST_READ].rstrip().split("\n")]
    # Warnings may come first. What comes from outside is indented, so it cannot look like the go command's own line.
    first = max((i for i, line in enumerate(lines) if line.startswith("go: ")), default=0)
    head = lines[first].removeprefix("go: ")
    for name in (f"{target.path}@{target.version or 'latest'}: ", f"module {target.path}: ", f"{target.path}: "):
        head = head.removeprefix(name)
    return head, [line.strip() for line in lines[first + 1 :] if line.startswith("\t")]
