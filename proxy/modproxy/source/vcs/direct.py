"""Version control as a source, read by the go command: `direct` of a GOPROXY.

Each fetch has a workspace and a process group of its own, and a slot. The files of a version belong together: before
its `.mod` or `.zip` is fetched, its `.info` is, by way of the cache, and names the commit that both are made of.
"""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from modproxy.contract.report import Role
from modproxy.mod.pattern import Pattern, first_match
from modproxy.mod.target import Kind, Target
from modproxy.request import Request
from modproxy.source.file_tree import read_file
from modproxy.source.outages import Failure, Outages, Place
from modproxy.source.protocol import Fetched, NotFound, SourceError, Unavailable, once
from modproxy.source.remedies import remedy_for
from modproxy.source.vcs.broker import Broker, MayContact, listening
from modproxy.source.vcs.fetch import Fetch, Read
from modproxy.source.vcs.go_command import Origin, read_origin
from modproxy.source.vcs.mirrors import Loan, TooLarge
from modproxy.source.vcs.process import TooMuchOutput
from modproxy.source.vcs.shared import SharedVersionControl
from modproxy.source.vcs.slots import NoSlot
from modproxy.source.vcs.trouble import OF_ONE_REPOSITORY, kind_of, words_of
from modproxy.source.vcs.workspace import WorkspaceSettings, clones_of, fill_workspace, workspace_folder
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.outbound import Outbound
from modproxy.source.way_out.wallet import CredentialError, Wallet
from modproxy.tracing.trace import hop

_ORIGIN = "version control"
_HERE = Place(Role.VERSION_CONTROL, "this replica")
_MOST_GO_MODS = 256
"""How many go.mod files wait for a request, because a client asks for `.mod` soon after `.info`."""
_LARGEST_GO_MOD = 64 << 10
"""Bytes of a go.mod file that waits: so all of them take 16 MiB at most."""

ReadInfo = Callable[[Target, str], Awaitable[bytes]]
"""Returns an `.info` through the cache, for a request with this Via header. Raises `SourceError`."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DirectSettings:
    """Carries what a fetch from version control needs of the config."""

    timeout: float
    """How many seconds the go command may run for one fetch, and how long a fetch waits for a slot."""
    stall: float
    """After so many seconds without a byte a connection of git is given up."""
    goprivate: str
    """The variable GOPRIVATE: it decides which version control systems the go command may use (GOVCS)."""
    goinsecure: str
    """The variable GOINSECURE: modules that may be fetched without TLS."""
    not_proxied: tuple[Pattern, ...]
    """Modules whose fetches have slots of their own."""
    credentials: Credentials
    outbound: Outbound
    may_contact: MayContact | None = None
    """Says which hosts git may contact for modules that are not in `not_proxied`; None for all."""
    named_hosts: frozenset[str] = frozenset()
    """The hosts that the config names, so that the keepers of the fleet have to know when one fails."""


class Direct:
    """Fetches modules from their version control systems.

    `count` counts for metrics how each fetch ended: as 200 or 404, as an upstream would have answered, or as a failure.
    """

    def __init__(
        self,
        settings: DirectSettings,
        shared: SharedVersionControl,
        read: ReadInfo,
        count: Callable[[str], None],
        outages: Outages | None = None,
    ) -> None:
        self._outages = outages or Outages()
        self._settings = settings
        self._shared = shared
        self._read = read
        self._count = count
        self._go_mods: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        """By the key of the `.mod`, with the commit."""

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the file. Raises `NotFound` when version control says that there is none, else `SourceError`."""
        target = request.target
        if not isinstance(target, Target):
            raise NotFound(f"{target}: not in version control")
        if "..." in target.path:
            raise NotFound(f"{target}: the go command reads ... as a pattern, so it can fetch no such module")
        pin = await self._pin(target, request.via)
        waiting = self._go_mods.pop(target.key, None)
        if waiting is not None and pin is not None and waiting[0] == pin.commit:
            yield Fetched(once(waiting[1]), len(waiting[1]), _ORIGIN)
            return
        async with AsyncExitStack() as stack:
            try:
                await self._shared.clean()
                root = await stack.enter_async_context(
                    workspace_folder(self._shared.workspaces, self._shared.mirrors.forget_size)
                )
                read = await self._counted(target, pin, root)
                answer = read.answer
                size = (await asyncio.to_thread(answer.stat)).st_size if isinstance(answer, Path) else len(answer)
            except OSError as e:
                self._count("vcs_outage")
                log.error("version control: %s: no room to work: %s", target, e)
                words = f"has no room to work for version control: {e.strerror or type(e).__name__}"
                self._outages.failed(_HERE, Failure("room", words, remedy_for(Role.VERSION_CONTROL, "room")))
                raise Unavailable(
                    f"{target}: this replica has no room to work for version control: {e.strerror}", 503
                ) from None
            self._outages.answered(_HERE)
            self._keep_go_mod(target, read)
            yield Fetched(read_file(answer) if isinstance(answer, Path) else once(answer), size, _ORIGIN)

    async def _pin(self, target: Target, via: str) -> Origin | None:
        """Return which commit the other files of a version are made of; None when its `.info` does not say."""
        if target.kind not in (Kind.MOD, Kind.ZIP):
            return None
        return read_origin(await self._read(Target(target.path, target.version, Kind.INFO), via))

    def _keep_go_mod(self, target: Target, read: Read) -> None:
        if target.kind is Kind.INFO and read.go_mod is not None and len(read.go_mod) <= _LARGEST_GO_MOD:
            self._go_mods[Target(target.path, target.version, Kind.MOD).key] = read.commit, read.go_mod
            while len(self._go_mods) > _MOST_GO_MODS:
                self._go_mods.popitem(last=False)

    async def _ask_again(self, target: Target) -> None:
        """Fetch a small file of a module again, for what it tells of the module's host."""
        small = target if target.kind in (Kind.LIST, Kind.INFO) else Target(target.path, target.version, Kind.INFO)
        with contextlib.suppress(SourceError, OSError):
            await self._shared.clean()
            async with workspace_folder(self._shared.workspaces, self._shared.mirrors.forget_size) as root:
                await self._counted(small, None, root, asked_again=True)

    def _note(self, target: Target, kind: str, words: str, *, asked_again: bool) -> None:
        one = target.path if kind in OF_ONE_REPOSITORY else None
        remedy = remedy_for(Role.VERSION_CONTROL, kind)
        failure = Failure(kind, words, remedy, one, again=partial(self._ask_again, target))
        self._outages.failed(self._place(target), failure, asked_again=asked_again)

    def _place(self, target: Target) -> Place:
        host = target.path.partition("/")[0]
        return Place(Role.VERSION_CONTROL, host, host in self._settings.named_hosts)

    async def _counted(self, target: Target, pin: Origin | None, root: Path, *, asked_again: bool = False) -> Read:
        settings = self._settings
        try:
            with hop(Role.VERSION_CONTROL.value, target.path.partition("/")[0]):
                read = await self._fetch(target, pin, root, asked_again=asked_again)
        except NotFound:
            self._outages.answered(self._place(target))
            self._count("404")
            raise
        except NoSlot:
            self._count("vcs_busy")
            host = target.path.partition("/")[0]
            raise Unavailable(f"{target}: too many fetches from {host} wait already: ask again later", 503) from None
        except TimeoutError:
            self._count("vcs_timeout")
            log.warning("version control: %s: no answer within %.0f s", target, settings.timeout)
            words = f"did not answer within {settings.timeout:g} s"
            self._note(target, "timeout", words, asked_again=asked_again)
            raise Unavailable(
                f"{target}: version control did not answer within {settings.timeout:.0f} s", 504
            ) from None
        except (TooLarge, TooMuchOutput):
            self._count("vcs_too_large")
            log.warning("version control: %s: larger than the cache has room for", target)
            raise Unavailable(f"{target}: what version control has is larger than this cache has room for") from None
        self._outages.answered(self._place(target))
        self._count("200")
        return read

    async def _fetch(self, target: Target, pin: Origin | None, root: Path, *, asked_again: bool) -> Read:
        settings, mirrors = self._settings, self._shared.mirrors
        wallet = await asyncio.to_thread(settings.credentials.read)
        try:
            _check_secret(wallet, target)
            way_out = await asyncio.to_thread(settings.outbound.environment)
        except (CredentialError, OSError) as e:
            self._count("vcs_secret")
            raise Unavailable(f"{target}: {e}") from None
        identity, into = wallet.identity(mirrors.salt), clones_of(root)
        # Lists and queries are short, so they never wait for a long fetch of the same repository. The clone comes
        # before the slot, because fetches that wait for one repository must not keep the others of the host waiting.
        patience = settings.timeout if target.immutable else 0.0
        async with mirrors.lent(identity, target.path, into, patience=patience) as loan:
            fetch: Fetch | None = None
            try:
                async with self._slot(target):
                    may_contact = None if self._is_private(target) else settings.may_contact
                    broker = Broker(wallet, root, target.path, stall=settings.stall, may_contact=may_contact)
                    given = WorkspaceSettings(settings.goprivate, settings.goinsecure, settings.stall, way_out)
                    async with listening(broker) as socket:
                        place = await asyncio.to_thread(
                            lambda: fill_workspace(root, given, socket, git_asks=broker.is_asked_by_git)
                        )
                        fetch = Fetch(target, pin, place, loan, broker)
                        return await fetch.run(settings.timeout)
            except SourceError as e:
                if fetch is not None and not isinstance(e, NotFound):
                    self._count(f"vcs_{fetch.meaning}")
                    if fetch.cause is not None and (kind := kind_of(fetch.cause)):
                        self._note(target, kind, words_of(fetch.cause), asked_again=asked_again)
                raise
            finally:
                if fetch is None or fetch.in_good_order:
                    await _return_clones(loan)

    def _slot(self, target: Target) -> AbstractAsyncContextManager[None]:
        host = target.path.partition("/")[0]
        return self._shared.slots.slot(host, private=self._is_private(target), patience=self._settings.timeout)

    def _is_private(self, target: Target) -> bool:
        return first_match(self._settings.not_proxied, target.path) is not None


async def _return_clones(loan: Loan) -> None:
    """Return the clones, also when this fetch is cancelled meanwhile: the pool has to know what lies in it."""

    async def give_back() -> None:
        try:
            await loan.return_all()
        except OSError as e:
            log.warning("version control: a clone is not kept: %s", e.strerror)

    returning = asyncio.create_task(give_back())
    try:
        await asyncio.shield(returning)
    except asyncio.CancelledError:
        await returning
        raise


def _check_secret(wallet: Wallet, target: Target) -> None:
    """Raise `CredentialError` at once when the Secret for the module's own place cannot be used."""
    wallet.chosen(f"https://{target.path}")
