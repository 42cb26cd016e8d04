"""The real cert-manager issues the certificate that a fleet asks for, and renews it under a replica that serves."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509

from goproxy_operator.timestamps import format_time
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess
from tests.neighbours import programs
from tests.neighbours.chosen import only_when_chosen
from tests.neighbours.running import definitions, process
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet

pytestmark = [only_when_chosen("certmanager"), pytest.mark.timeout(300, func_only=True)]
Object = dict[str, Any]
SECRET = "goproxy-tls"
OWN_NAME = "goproxy.corp.example.com"
TLS: Object = {"secretName": SECRET, "issuerRef": {"name": "corp-ca"}, "dnsNames": [OWN_NAME]}
MODULE = "example.com/module"
RENEWALS = 3
API = "cert-manager.io/v1"
ISSUERS: list[Object] = [
    {"apiVersion": API, "kind": "Issuer", "metadata": {"name": "itself"}, "spec": {"selfSigned": {}}},
    {
        "apiVersion": API,
        "kind": "Certificate",
        "metadata": {"name": "corp-ca"},
        "spec": {
            "isCA": True,
            "commonName": "corp",
            "secretName": "corp-ca",
            "privateKey": {"algorithm": "ECDSA", "rotationPolicy": "Always"},
            "issuerRef": {"name": "itself", "kind": "Issuer"},
        },
    },
    {"apiVersion": API, "kind": "Issuer", "metadata": {"name": "corp-ca"}, "spec": {"ca": {"secretName": "corp-ca"}}},
]


@pytest.fixture
async def cert_manager(control_plane: ControlPlane, fleet: Fleet, tmp_path: Path) -> AsyncIterator[None]:
    """Its controllers run, and Issuer corp-ca is in the test's namespace."""
    program = programs.cert_manager()
    files = programs.manifests("cert-manager", "github.com/cert-manager/cert-manager", "deploy/crds")
    with definitions(control_plane, files):
        command: list[str | Path] = [program, f"--kubeconfig={control_plane.kubeconfig}"]
        async with process(command, tmp_path / "cert-manager.log"):
            for item in ISSUERS:
                await fleet.kubectl("apply", "-f", "-", stdin=json.dumps(item))
            yield


class Mounted:
    """The Secret as a kubelet shows it to a pod: whole, by another folder to which a link is swapped."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self._fleet = fleet
        self.folder = folder
        self._times = 0
        self._files: dict[str, bytes] = {}
        self.authority = ""

    async def look(self) -> x509.Certificate:
        """Mount it as it is now, and return the certificate."""
        data = (await self._fleet.get("secret", SECRET))["data"]
        held = {name: base64.b64decode(text) for name, text in data.items()}
        self.authority = held["ca.crt"].decode()
        files = {name: held[name] for name in ("tls.crt", "tls.key")}
        if files != self._files:
            await asyncio.to_thread(self._put, files)
            self._files = files
        return x509.load_pem_x509_certificate(held["tls.crt"])

    def _put(self, files: dict[str, bytes]) -> None:
        self._times += 1
        content = self.folder / f"..{self._times}"
        content.mkdir(parents=True)
        for name, text in files.items():
            (content / name).write_bytes(text)
        link = self.folder / f".link-{self._times}"
        link.symlink_to(content)
        link.replace(self.folder / SECRET)


class Client:
    """Asks all the time by new connections, each of which checks the certificate; counts answers and failures."""

    def __init__(self, url: str, authority: str) -> None:
        self._url = f"{url}/{MODULE}/@v/v1.0.0.mod"
        self._context = ssl.create_default_context(cadata=authority)
        self.answers: Counter[int] = Counter()
        self.failures: list[str] = []
        self._ended = False

    async def run(self) -> None:
        connector = aiohttp.TCPConnector(ssl=self._context, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session:
            while not self._ended:
                try:
                    async with session.get(self._url, server_hostname=OWN_NAME) as answer:
                        await answer.read()
                        self.answers[answer.status] += 1
                except aiohttp.ClientError as e:
                    self.failures.append(repr(e))

    def end(self) -> None:
        self._ended = True


async def shown(url: str, authority: str) -> int:
    """The serial number of the certificate that a new connection is shown, once it has been verified."""
    host, port = url.removeprefix("https://").split(":")
    context = ssl.create_default_context(cadata=authority)
    _, writer = await asyncio.open_connection(host, int(port), ssl=context, server_hostname=OWN_NAME)
    certificate: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(certificate).serial_number


@pytest.mark.usefixtures("nodes", "cert_manager")
async def test_a_fleets_certificate_is_issued_served_and_renewed_without_a_failed_request(
    fleet: Fleet, new_operator: StartOperator, tmp_path: Path
) -> None:
    async with new_operator("--discovery-interval=500ms") as operator:
        await operator.leading()
        await fleet.apply(replicas=1, expose={"tls": TLS})
        await fleet.wait_ready(1)
        await fleet.kubectl("wait", "--for=condition=Ready", "certificate/team-a", "--timeout=50s")
        mounted = Mounted(fleet, tmp_path / "secrets")
        first = await mounted.look()
        names = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        asked = (await fleet.get("certificate"))["spec"]["dnsNames"]
        assert names.get_values_for_type(x509.DNSName) == asked
        service = f"team-a.{fleet.kubectl.namespace}.svc"
        assert {OWN_NAME, service, f"*.team-a-replicas.{fleet.kubectl.namespace}.svc"} <= set(asked)
        secret = (await fleet.get("secret", SECRET))["type"]
        assert secret == "kubernetes.io/tls"
        config = json.loads((await fleet.get("configmap", "team-a-config-v1"))["data"]["config.json"])

        async with FakeUpstream() as upstream:
            upstream.add(MODULE, "v1.0.0")
            replica = ProxyProcess(
                tmp_path / "replica",
                {"upstream": {"goproxy": upstream.url}, "secretsDir": str(mounted.folder), "tls": config["tls"]},
            )
            replica.url = replica.url.replace("http://", "https://")
            async with replica:
                assert replica.process is not None
                pid = replica.process.pid
                client = Client(replica.url, mounted.authority)
                asking = asyncio.create_task(client.run())
                serials = [first.serial_number]
                await renewals(fleet, mounted, replica, serials)
                await more_names(fleet, mounted, replica, serials)
                client.end()
                await asking
                assert replica.process.pid == pid
                assert replica.process.returncode is None
        assert len(set(serials)) == RENEWALS + 2
        assert client.failures == []
        assert set(client.answers) == {200}
        assert client.answers[200] > len(serials)
        await fleet.wait_ready(1)
        assert await fleet.condition("Stalled") is None


async def renewals(fleet: Fleet, mounted: Mounted, replica: ProxyProcess, serials: list[int]) -> None:
    """Have it renewed once by hand, as `cmctl renew` does, and then again and again by cert-manager's own clock.

    From then on a certificate lasts an hour, and is renewed some seconds after it began. The operator leaves these two
    fields to others, such as policies of a cluster.
    """
    short = {"spec": {"duration": "1h", "renewBefore": "59m50s"}}
    await fleet.kubectl("patch", "certificate/team-a", "--type=merge", "-p", json.dumps(short))
    conditions = (await fleet.get("certificate"))["status"]["conditions"]
    issuing = {
        "type": "Issuing",
        "status": "True",
        "reason": "ManuallyTriggered",
        "message": "renewed by hand",
        "lastTransitionTime": format_time(datetime.now(UTC)),
    }
    asked = json.dumps({"status": {"conditions": [*conditions, issuing]}})
    await fleet.kubectl("patch", "certificate/team-a", "--subresource=status", "--type=merge", "-p", asked)
    for _ in range(RENEWALS):
        await until_another(fleet, mounted, replica, serials)
    spec = (await fleet.get("certificate"))["spec"]
    assert (spec["duration"], spec["renewBefore"]) == ("1h", "59m50s")
    rest = json.dumps({"spec": {"duration": None, "renewBefore": None}})
    await fleet.kubectl("patch", "certificate/team-a", "--type=merge", "-p", rest)


async def more_names(fleet: Fleet, mounted: Mounted, replica: ProxyProcess, serials: list[int]) -> None:
    """A name that is added to the object is in the certificate, and is served."""
    added = "go.corp.example.com"
    await fleet.apply(replicas=1, expose={"tls": {**TLS, "dnsNames": [OWN_NAME, added]}})

    async def named() -> bool:
        certificate = await mounted.look()
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if added not in names.get_values_for_type(x509.DNSName):
            return False
        serials.append(certificate.serial_number)
        return True

    await eventually(named, f"{added} is in the certificate", 60)
    await eventually(lambda: is_shown(replica, mounted, serials[-1]), "the replica shows it")


async def until_another(fleet: Fleet, mounted: Mounted, replica: ProxyProcess, serials: list[int]) -> None:
    async def another() -> bool:
        serial = (await mounted.look()).serial_number
        if serial in serials:
            return False
        serials.append(serial)
        return True

    await eventually(another, "the certificate is renewed", 60)
    await eventually(lambda: is_shown(replica, mounted, serials[-1]), "the replica shows it")
    assert (await fleet.get("certificate"))["status"]["revision"] >= len(serials)


async def is_shown(replica: ProxyProcess, mounted: Mounted, serial: int) -> bool:
    return await shown(replica.url, mounted.authority) == serial
