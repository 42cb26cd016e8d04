"""A real Kubernetes control plane for tests: etcd, kube-apiserver and kube-controller-manager as plain processes.

There is no node, scheduler or container: `node_stand_in` plays those. It needs neither Docker nor root, and writes into
one folder only.
"""

from __future__ import annotations

import http.client
import re
import secrets
import shutil
import ssl
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from tests.kubernetes import audit
from tests.kubernetes import control_plane_commands as commands
from tests.kubernetes.certificates import Authority, KeyPair, write_private_key
from tests.kubernetes.component import Component, free_ports

ADMIN = "admin"  # the user whose token and kubeconfig may do everything
NODES = "node-stand-in"  # the same, under another name, so that the audit log tells the two apart


class KubectlError(Exception):
    """kubectl ended with an error; the message is what it said."""


class ControlPlane:
    """One control plane of its own. It is not asynchronous: a start takes seconds, and everything else is one call.

    `programs` is what `kube_binary.ensure()` returned. `folder` is new or empty; the logs stay in it after the end.
    """

    def __init__(self, programs: Path, folder: Path, limits: commands.Limits = commands.QUICK) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._programs = programs
        self._folder = folder
        etcd_port, apiserver_port, controllers_port = free_ports(3)
        self.url = f"https://127.0.0.1:{apiserver_port}"
        self._authority = Authority(folder, "ca")
        self.ca_file = self._authority.file
        self.tls = ssl.create_default_context(cafile=self.ca_file)
        self.admin_token = secrets.token_urlsafe()
        self.nodes_token = secrets.token_urlsafe()
        self.kubeconfig = self._write_kubeconfig(ADMIN, self.admin_token)
        layout = self._lay_out(etcd_port, apiserver_port, controllers_port)
        self._etcd_data = layout.etcd_data
        self.audit = audit.AuditLog(layout.audit_log)
        self.etcd = Component(
            commands.etcd_command(layout),
            folder / "etcd.log",
            lambda: _says_ok(http.client.HTTPConnection("127.0.0.1", etcd_port, timeout=5), "/health"),
        )
        self.apiserver = Component(
            commands.apiserver_command(layout),
            folder / "kube-apiserver.log",
            lambda: self._healthy(apiserver_port, "/readyz"),
        )
        self._controllers_port = controllers_port
        self._layout = layout
        self.controllers = self._controllers(limits)

    def start(self) -> None:
        """Start all three and wait until they are ready. ComponentError if one is not; the others are ended then."""
        try:
            self.etcd.start()
            self.apiserver.start()
            self.etcd.wait_ready()
            self.apiserver.wait_ready()
            self.controllers.start()
            self.controllers.wait_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all that runs, at once. Only the logs stay."""
        for component in (self.controllers, self.apiserver, self.etcd):
            component.kill()
        shutil.rmtree(self._etcd_data, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def restart_apiserver(self) -> None:
        """Kill the API server, start it again and wait until it is ready: connections break, what is stored stays."""
        self.apiserver.kill()
        self.apiserver.start()
        self.apiserver.wait_ready()

    def rotate_service_account_key(self) -> None:
        """Sign tokens with a new key, and start the API server anew with it; tokens of older keys stay good."""
        file = self._layout.service_account_key
        older = file.read_bytes()
        write_private_key(file)
        # It signs with the first key of the file, and takes tokens of each.
        file.write_bytes(file.read_bytes() + older)
        self.restart_apiserver()

    def limit_controllers(self, limits: commands.Limits) -> None:
        """Start the controller-manager anew with other limits, and wait until it is ready."""
        self.controllers.kill()
        self.controllers = self._controllers(limits)
        self.controllers.start()
        self.controllers.wait_ready()

    def kubectl(
        self,
        *arguments: str | Path,
        stdin: str | None = None,
        kubeconfig: Path | None = None,
        check: bool = True,
        seconds: float = 60.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl, as the admin unless another kubeconfig is given.

        With `check`, KubectlError if it ends with an error; subprocess.TimeoutExpired if it has not ended in time.
        """
        done = subprocess.run(
            [self._programs / "kubectl", f"--kubeconfig={kubeconfig or self.kubeconfig}", *arguments],
            input=stdin if stdin is not None else "",
            env={"HOME": str(self._folder)},  # where it caches what the server serves
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if check and done.returncode != 0:
            raise KubectlError(f"kubectl {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done

    def until_established(self, *definitions: str | Path, seconds: float = 60.0) -> None:
        """Wait until these CustomResourceDefinitions are served. Raises KubectlError after so many seconds."""
        end = time.monotonic() + seconds
        while True:
            try:
                self.kubectl("wait", "--for=condition=Established", *definitions, "--timeout=30s")
                return
            except KubectlError as e:
                # kubectl fails at once where the definition has no status yet.
                if "accessor error" not in str(e) or time.monotonic() > end:
                    raise
            time.sleep(0.1)

    def user_kubeconfig(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig for a user who may do what RBAC grants to that name and those groups.

        The user may be a service account, system:serviceaccount:NAMESPACE:NAME, that need not exist.
        """
        return self._write_kubeconfig(user, self._authority.issue(_file_name(user), user, groups=groups))

    def service_account_token(self, namespace: str, name: str) -> str:
        """A token as a pod of this service account would have, for an hour. KubectlError if the account is absent."""
        return self.kubectl("create", "token", name, "--namespace", namespace).stdout.strip()

    def service_account_kubeconfig(self, namespace: str, name: str) -> Path:
        """A kubeconfig with `service_account_token`."""
        token = self.service_account_token(namespace, name)
        return self._write_kubeconfig(f"{namespace}-{name}-service-account", token)

    def serving_certificate(self, *hosts: str) -> KeyPair:
        """A certificate under which a test serves HTTPS at these names; `ca_file` signs it."""
        return self._authority.issue(_file_name(f"serving-{hosts[0]}"), hosts[0], hosts=hosts)

    def front_proxy_certificate(self, common_name: str) -> KeyPair:
        """A client certificate of the authority that signs for the front proxy, under any name."""
        return self._front_proxy_authority.issue(_file_name(f"front-proxy-as-{common_name}"), common_name)

    def session(self, token: str | None = None) -> aiohttp.ClientSession:
        """A client session of the API server, as the admin unless a token is given. Its caller closes it."""
        return aiohttp.ClientSession(
            self.url,
            headers={"Authorization": f"Bearer {token or self.admin_token}"},
            connector=aiohttp.TCPConnector(ssl=self.tls, limit=0),
        )

    def _controllers(self, limits: commands.Limits) -> Component:
        return Component(
            commands.controllers_command(self._layout, limits),
            self._folder / "kube-controller-manager.log",
            lambda: self._healthy(self._controllers_port, "/healthz"),
        )

    def _lay_out(self, etcd_port: int, apiserver_port: int, controllers_port: int) -> commands.Layout:
        issue = self._authority.issue
        front_proxy_authority = self._front_proxy_authority = Authority(self._folder, "front-proxy-ca")
        manager = issue("kube-controller-manager", "system:kube-controller-manager", hosts=["127.0.0.1"])
        layout = commands.Layout(
            programs=self._programs,
            folder=self._folder,
            etcd_port=etcd_port,
            apiserver_port=apiserver_port,
            controllers_port=controllers_port,
            tokens=self._folder / "tokens.csv",
            audit_policy=self._folder / "audit-policy.yaml",
            audit_log=self._folder / "audit.log",
            service_account_key=self._folder / "service-account.key",
            ca=self.ca_file,
            front_proxy_ca=front_proxy_authority.file,
            apiserver=issue("kube-apiserver", "kube-apiserver", hosts=["127.0.0.1", "localhost"]),
            front_proxy=front_proxy_authority.issue("front-proxy", commands.FRONT_PROXY),
            controllers=manager,
            controllers_kubeconfig=self._write_kubeconfig("kube-controller-manager", manager),
        )
        rows = [
            f'{self.admin_token},{ADMIN},{ADMIN},"system:masters"',
            f'{self.nodes_token},{NODES},{NODES},"system:masters"',
        ]
        layout.tokens.write_text("\n".join(rows) + "\n")
        layout.audit_policy.write_text(audit.POLICY)
        layout.audit_log.touch()
        write_private_key(layout.service_account_key)
        return layout

    def _write_kubeconfig(self, name: str, credential: str | KeyPair) -> Path:
        path = self._folder / f"{_file_name(name)}.kubeconfig"
        path.write_text(commands.kubeconfig(self.url, self.ca_file, credential))
        return path

    def _healthy(self, port: int, path: str) -> bool:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=self.tls)
        return _says_ok(connection, path)


def _says_ok(connection: http.client.HTTPConnection, path: str) -> bool:
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name)
