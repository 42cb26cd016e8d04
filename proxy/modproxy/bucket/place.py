"""Where an object store is, read from the URL that the config has. Pure."""

from dataclasses import dataclass
from urllib.parse import urlsplit

S3, GCS, AZURE, FOLDER = "s3", "gs", "az", "file"
PRIVATE = ".modproxy"
"""The folder below the prefix with what is no file of a module. No module path begins with a dot."""
PROBE = f"{PRIVATE}/probe"
"""The key that is written to find out whether the credentials may write."""


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """Names a bucket, a container or a folder, and the prefix of its keys."""

    kind: str
    """One of `S3`, `GCS`, `AZURE`, `FOLDER`."""
    bucket: str
    """The bucket, the container, or the path of the folder."""
    prefix: str
    """Without slashes at its ends; empty for a folder."""
    account: str = ""
    """The storage account of Azure."""

    @property
    def keeps_attributes(self) -> bool:
        """Whether the store keeps attributes with a file. obstore's folder keeps none."""
        return self.kind != FOLDER


def parse_place(url: str) -> BucketPlace:
    """Read a URL that the config has checked: `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`,
    `az://ACCOUNT/CONTAINER/PREFIX` or `file:///FOLDER`.
    """
    parts = urlsplit(url)
    path = parts.path.strip("/")
    if parts.scheme == FOLDER:
        return BucketPlace(FOLDER, f"/{path}", "")
    if parts.scheme == AZURE:
        container, _, prefix = path.partition("/")
        return BucketPlace(AZURE, container, prefix.strip("/"), parts.netloc)
    return BucketPlace(parts.scheme, parts.netloc, path)


def server_of(place: BucketPlace, endpoint: str | None, region: str) -> str:
    """Return the URL of the server that is asked, by which an HTTP proxy is chosen; empty for a folder."""
    if endpoint is not None or place.kind == FOLDER:
        return endpoint or ""
    if place.kind == S3:
        return f"https://s3.{region}.amazonaws.com"
    if place.kind == GCS:
        return "https://storage.googleapis.com"
    return f"https://{place.account}.blob.core.windows.net"
