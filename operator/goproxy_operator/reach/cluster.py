"""Fleets of a cluster: the objects from the API server, their replicas by port-forwards through it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from goproxy_operator.api.goproxy import GROUP
from goproxy_operator.client.failure import ClientError, UsageError
from goproxy_operator.desired import names
from goproxy_operator.kube.access import Access
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.credentials import AccessError, Login
from goproxy_operator.kube.errors import ApiError, NotFoundError, UnreachableError
from goproxy_operator.kube.port_forward import ForwardError, get_from_pod
from goproxy_operator.kube.resources import GOPROXIES, PODS, Object, Resource
from goproxy_operator.kube.service_account import FOLDER, ServiceAccount, own_namespace
from goproxy_operator.reach.arguments import Where
from goproxy_operator.reach.fleet import ANSWER_BYTES, ASK_SECONDS, Fleet, GoneError, MissingRightError, ReachError
from modproxy.contract.report_fields import plain_text

_PAGE = 500
_MOST_OBJECTS = 20_000
"""Objects of one list: more than a cluster has fleets, or a namespace Events."""
_MOST_NAMES = 8
"""Names that a message offers."""


@asynccontextmanager
async def connect(where: Where) -> AsyncIterator["Cluster"]:
    """Log in as the arguments say. Raises `ClientError`."""
    login = _login(where)
    access = Access(login)
    try:
        connection = await access.connection()
    except AccessError as e:
        raise ClientError(str(e)) from None
    namespace = where.namespace or getattr(login, "namespace", None) or own_namespace() or "default"
    client = ApiClient(access, seconds=where.seconds)
    try:
        yield Cluster(client, connection.server, None if where.all_namespaces else namespace)
    finally:
        await client.close()


def kubeconfig_files(where: Where) -> list[Path]:
    """Return the files of the kubeconfig that are there, in the order in which they count."""
    if where.kubeconfig is not None:
        return [where.kubeconfig] if where.kubeconfig.is_file() else []
    named = [Path(one).expanduser() for one in os.environ.get("KUBECONFIG", "").split(os.pathsep) if one]
    try:
        paths = named or [Path.home() / ".kube" / "config"]
    except RuntimeError:  # a user without a home
        paths = []
    return [path for path in paths if path.is_file()]


def in_pod() -> bool:
    """Say whether this process runs in a pod with a service account, as an agent of a CI job may."""
    return (FOLDER / "token").is_file()


def _login(where: Where) -> Login:
    files = kubeconfig_files(where)
    if files:
        from goproxy_operator.kube.kubeconfig import Kubeconfig  # noqa: PLC0415 - the official client is large

        acting: dict[str, Any] = {}
        if where.acting_as is not None:
            acting = {"as": where.acting_as, "as-groups": list(where.acting_groups)}
        return Kubeconfig(files, where.context, acting=acting)
    if where.kubeconfig is not None:
        raise UsageError(f"{where.kubeconfig} is no file: name a kubeconfig with --kubeconfig FILE")
    if in_pod() and where.context is None and where.acting_as is None:
        return ServiceAccount()
    raise ClientError(
        "there is no kubeconfig: set KUBECONFIG, or name one with --kubeconfig FILE; for a fleet of this machine, "
        "start `goproxy-operator local` and write --local"
    )


class Cluster:
    """A cluster, as one user sees it; `namespace` is None where all are meant."""

    is_local = False

    def __init__(self, client: ApiClient, server: str, namespace: str | None) -> None:
        self.client = client
        self.server = server
        self.namespace = namespace

    async def fleets(self) -> list[Object]:
        """Return the objects, by namespace and name. Raises `ClientError`."""
        try:
            found = await self.list(GOPROXIES)
        except NotFoundError:
            raise ClientError(
                f"the cluster {self.server} has no {GOPROXIES.plural}.{GROUP}: install the operator with its CRDs, or "
                "choose another cluster with --context"
            ) from None
        return sorted(found, key=_key)

    async def fleet(self, name: str | None) -> Fleet:
        """Return a fleet; without a name the only one of the namespace. Raises `ClientError`."""
        item = await self._item(name)
        replicas: tuple[PodReplica, ...] = ()
        unseen = None
        namespace, fleet = _key(item)
        try:
            pods = await self.list(PODS, namespace, labelSelector=f"{names.FLEET_LABEL}={fleet}")
            replicas = tuple(PodReplica(self, pod) for pod in sorted(pods, key=_ordinal))
        except MissingRightError as e:
            unseen = e
        url = _part(item, "status").get("endpoint")
        return Fleet(item, replicas, url if isinstance(url, str) else None, False, unseen)

    async def _item(self, name: str | None) -> Object:
        if name is None:
            return only(await self.fleets(), f"the namespace {self.namespace}" if self.namespace else "the cluster")
        if self.namespace is None:
            return only([one for one in await self.fleets() if _key(one)[1] == name], "the cluster")
        with words(self.server):
            item = await self.client.get(GOPROXIES, self.namespace, name)
        if item is None:
            there = [_key(one)[1] for one in await self.fleets()]
            raise ClientError(f"there is no fleet {name} in the namespace {self.namespace}: {_offer(there)}")
        return item

    async def list(self, resource: Resource, namespace: str | None = None, **query: str) -> list[Object]:
        """Return all objects of a kind that a query selects, in the namespace; by pages. Raises `ClientError`.

        `NotFoundError` is raised as it is: the cluster does not serve this kind.
        """
        found: list[Object] = []
        more = ""
        while len(found) < _MOST_OBJECTS:
            asked = {**query, "limit": str(_PAGE)} | ({"continue": more} if more else {})
            with words(self.server, but=NotFoundError):
                page = await self.client.list_page(resource, namespace or self.namespace, asked)
            items, metadata = page.get("items"), page.get("metadata")
            found += [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
            more = str(metadata.get("continue") or "") if isinstance(metadata, dict) else ""
            if not more:
                break
        return found


@dataclass(frozen=True, slots=True)
class PodReplica:
    """A pod of a fleet, which is asked by a port-forward."""

    cluster: Cluster
    pod: Object

    @property
    def name(self) -> str:
        """The name of the pod."""
        return _key(self.pod)[1]

    async def get(self, path: str, *, largest: int = ANSWER_BYTES, seconds: float = ASK_SECONDS) -> bytes:
        """Return what the admin listener answers at a path. Raises `ReachError`."""
        namespace, name = _key(self.pod)
        phase = _part(self.pod, "status").get("phase")
        if phase != "Running":
            raise GoneError(f"pod {name} does not run, it is {phase}: kubectl -n {namespace} describe pod {name}")
        try:
            answer = await get_from_pod(
                self.cluster.client, namespace, name, _admin_port(self.pod), path, largest=largest, seconds=seconds
            )
        except NotFoundError:
            raise GoneError(f"pod {name} is gone meanwhile: run the command again") from None
        except ApiError as e:
            if e.status == HTTPStatus.FORBIDDEN:
                raise missing_right("create", "pods/portforward", namespace) from None
            raise ReachError(f"pod {name}: the API server opens no port-forward ({e.status} {plain_text(e.message)})"
                             ) from None  # fmt: skip
        except (UnreachableError, ForwardError) as e:
            raise ReachError(f"pod {name}: {plain_text(str(e))}") from None
        return usable(name, path, answer.status, answer.body)


def usable(name: str, path: str, status: int, body: bytes) -> bytes:
    """Return the body of an answer with status 200. Raises `ReachError`."""
    if status == HTTPStatus.NOT_FOUND:
        raise ReachError(
            f"replica {name} knows no {path.partition('?')[0]}: it runs an older version; upgrade the fleet"
        )
    if status != HTTPStatus.OK:
        said = plain_text(body[:512].decode(errors="replace").strip())
        raise ReachError(f"replica {name} answers {path.partition('?')[0]} with {status}: {said}")
    return body


def missing_right(verb: str, resource: str, namespace: str | None) -> MissingRightError:
    """Return the error that says which right is missing, and who gives it."""
    where = f"in the namespace {namespace}" if namespace else "in all namespaces"
    return MissingRightError(
        f"you lack the right {verb} on {resource} {where}: ask for the ClusterRole goproxy-operator-plugin there, or "
        f"for a role with that right"
    )


class words:  # noqa: N801 - used as a statement
    """A context in which what the API server refuses becomes a `ClientError` that says what to do."""

    def __init__(self, server: str, but: type[ApiError] | tuple[()] = ()) -> None:
        self._server = server
        self._but = but

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise `ClientError` in place of what the client raises."""
        if self._but and isinstance(error, self._but):
            return
        if isinstance(error, ApiError):
            raise _refusal(self._server, error) from None
        if isinstance(error, UnreachableError):
            raise ClientError(
                f"{self._server}: {plain_text(str(error))}; is the cluster up, and is it the right --context?"
            ) from None


def _refusal(server: str, error: ApiError) -> ClientError:
    said = plain_text(error.message)
    if error.status == HTTPStatus.UNAUTHORIZED:
        return ClientError(
            f"{server} does not take your credentials (401): they are wrong or have expired; log in again, or choose "
            "another --context"
        )
    if error.status == HTTPStatus.FORBIDDEN:
        return MissingRightError(
            f"{server} refuses (403): {said}; ask for the ClusterRole view or goproxy-operator-view, or name another "
            "namespace with -n"
        )
    if error.status == HTTPStatus.NOT_FOUND:
        return ClientError(f"{server} has no such thing (404): {said}")
    return ClientError(f"{server} answers {error.status}: {said}; try again")


def only(items: list[Object], place: str) -> Object:
    """Return the only one of them. Raises `ClientError` which names them where there are several."""
    if len(items) == 1:
        return items[0]
    there = ["/".join(filter(None, _key(item))) for item in items]
    if not items:
        raise ClientError(f"there is no such fleet in {place}: name another with -n, or look with `list -A`")
    raise UsageError(f"{place} has {len(items)} fleets: say which one; {_offer(there)}")


def _offer(there: list[str]) -> str:
    if not there:
        return "there is none at all; `list -A` looks in all namespaces"
    more = f" and {len(there) - _MOST_NAMES} more" if len(there) > _MOST_NAMES else ""
    return f"there are {plain_text(', '.join(there[:_MOST_NAMES]))}{more}"


def _key(item: Object) -> tuple[str, str]:
    metadata = _part(item, "metadata")
    return str(metadata.get("namespace", "")), str(metadata.get("name", ""))


def _part(item: Object, name: str) -> Object:
    """Return a part of an object; an empty one where it is none."""
    found = item.get(name)
    return found if isinstance(found, dict) else {}


def _ordinal(pod: Object) -> tuple[int, str]:
    name = _key(pod)[1]
    last = name.rpartition("-")[2]
    return (int(last) if last.isdecimal() else 0), name


def _admin_port(pod: Object) -> int:
    for container in _part(pod, "spec").get("containers") or ():
        for port in container.get("ports") or ():
            if port.get("name") == names.ADMIN_PORT and isinstance(port.get("containerPort"), int):
                return int(port["containerPort"])
    return names.ADMIN_PORT_NUMBER
