"""The client's side of TLS to the API server."""

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """What a TLS context is made from, as values: two readings of the same files are equal."""

    authorities: bytes = b""
    """In PEM. Without any, those count that the system trusts."""
    certificate: bytes = b""
    """The client's own, in PEM, with what leads from it to an authority."""
    key: bytes = b""
    insecure: bool = False
    """The user wants no certificate of the server verified."""
    server_name: str | None = None
    """The name that the server's certificate has to have, where that is not the host of the URL."""


class _RenamingContext(ssl.SSLContext):
    """Verifies a server by a name of its own: kopf and aiohttp know no other name than the URL's."""

    server_name: str = ""

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begin a connection, as asyncio and uvloop do it."""
        return super().wrap_bio(incoming, outgoing, server_side, self.server_name, session)


def client_context(material: TlsMaterial) -> ssl.SSLContext:
    """Make the context. Raises `ssl.SSLError` and `ValueError` for what is no PEM."""
    if material.server_name:
        renaming = _RenamingContext(ssl.PROTOCOL_TLS_CLIENT)
        renaming.server_name = material.server_name
        context: ssl.SSLContext = renaming
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Most kubeconfigs are made for clients in Go, to which an authority need not be a root.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if material.authorities:
        context.load_verify_locations(cadata=material.authorities.decode("ascii", errors="ignore"))
    else:
        context.load_default_certs()
    if material.certificate:
        with as_file(material.certificate + b"\n" + material.key) as path:
            context.load_cert_chain(path)
    if material.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def as_file(content: bytes) -> Iterator[str]:
    """Give the content a path, which is all that `ssl` takes; in memory where the system can."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("certificate")
        try:
            os.write(descriptor, content)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
    else:
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            yield file.name
