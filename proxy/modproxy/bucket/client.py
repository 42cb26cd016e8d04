"""The clients of an object store, made of a config and of the files of a mounted Secret, by obstore.

obstore is imported only once a config names an object store: its library takes some MiB of memory. It reads the
environment and the machine's metadata for credentials where no Secret is named (workload identity), as the providers'
own tools do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modproxy.bucket.failure import BucketFailure
from modproxy.bucket.place import AZURE, FOLDER, GCS, S3, BucketPlace, parse_place, server_of
from modproxy.contract.config import ObjectStoreConfig
from modproxy.contract.mounted import FileMark, file_mark, read_secret_key
from modproxy.contract.secret_keys import CA_CERTIFICATE, OBJECT_STORE_KEYS

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_REGION = "us-east-1"
_OF_THE_MACHINE = ("169.254.169.254", "169.254.170.2", "169.254.170.23", "metadata.google.internal", "fd00:ec2::254")
"""Where the providers' machines tell credentials: no HTTP proxy may be asked for them."""
_CONNECT_SECONDS, _READ_SECONDS, _WRITE_SECONDS = 2, 5, 60
"""A request of a client waits, so a store that is silent for some seconds is passed by. An upload may wait longer: a
store takes its time to put the parts of a large file together.
"""
_WHOLE_HOURS = 1
"""obstore ends each request after 30 s unless it is told otherwise, which is too soon for a large zip."""
_NEEDED = {
    S3: (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),),
    AZURE: (("AZURE_STORAGE_ACCOUNT_KEY",), ("AZURE_STORAGE_SAS_TOKEN",)),
    GCS: (("GOOGLE_SERVICE_ACCOUNT_KEY",),),
    FOLDER: (),
}
"""By the kind of the store, the sets of keys of which a Secret needs one. With `ca.crt` alone it has no credentials."""

SecretMarks = tuple[FileMark, ...]


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """Says which object store is used, and by which way."""

    config: ObjectStoreConfig
    secret: Path | None = None
    """The folder of the Secret; None without one."""
    proxy: Callable[[str], str | None] = lambda _: None
    """Returns the URL of the HTTP proxy for a server, with its login. It may read a file, and raise `OSError`."""
    no_proxy: tuple[str, ...] = ()
    folder: Path | None = None
    """The folder of this replica that is used in place of what `config` names; None for a store of the config."""

    @property
    def place(self) -> BucketPlace:
        """Where the store is."""
        return parse_place(self.config.url) if self.folder is None else BucketPlace(FOLDER, str(self.folder), "")


@dataclass(frozen=True, slots=True)
class BucketClients:
    """Carries the clients of one object store."""

    read: "ObjectStore"
    """For requests of clients: it gives up soon."""
    write: "ObjectStore"


class SettingsError(Exception):
    """The config or its Secret describes no object store that can be asked."""

    def __init__(self, failure: BucketFailure) -> None:
        super().__init__(failure.words)
        self.failure = failure


def secret_marks(settings: BucketSettings) -> SecretMarks:
    """Return what changes when the Secret is rotated. Blocks for a moment."""
    return tuple(file_mark(settings.secret / key) for key in OBJECT_STORE_KEYS) if settings.secret else ()


def open_clients(settings: BucketSettings) -> BucketClients:
    """Make the clients; nobody is asked. Blocks; raises `SettingsError`."""
    place = settings.place
    keys = _read_keys(settings)
    _check_keys(place, settings, keys)
    try:
        return BucketClients(
            _open(place, settings, keys, _READ_SECONDS, retries=2, retry_seconds=3),
            _open(place, settings, keys, _WRITE_SECONDS, retries=3, retry_seconds=60),
        )
    except SettingsError:
        raise
    except Exception as e:
        raise SettingsError(_words_of(place, settings, e)) from None


def _words_of(place: BucketPlace, settings: BucketSettings, error: Exception) -> BucketFailure:
    """Say what is wrong, without the text of the error, which may have a part of a key in it."""
    if place.kind == FOLDER:
        text = "make the folder, mount the volume, or correct spec.cache.objectStore.url"
        return BucketFailure("folder", "is no folder that can be used", text)
    named = f" of Secret {settings.secret.name}" if settings.secret else " of this machine"
    what = "the certificate or the credentials" if isinstance(error, ValueError) else "the credentials or the settings"
    return BucketFailure(
        "settings",
        f"cannot be asked: {what}{named} cannot be read",
        "write ca.crt as PEM, and the keys as the provider's own tools write them",
    )


def _read_keys(settings: BucketSettings) -> dict[str, str]:
    if settings.secret is None:
        return {}
    keys = {}
    for key in OBJECT_STORE_KEYS:
        try:
            keys[key] = read_secret_key(settings.secret, key)
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as e:
            why = e.strerror if isinstance(e, OSError) else "no UTF-8 text"
            words = f"cannot be asked: {key} of Secret {settings.secret.name}: {why}"
            raise SettingsError(BucketFailure("secret", words, "write the key anew into the Secret")) from None
    return {key: text for key, text in keys.items() if text}


def _check_keys(place: BucketPlace, settings: BucketSettings, keys: Mapping[str, str]) -> None:
    """Find out whether the Secret has what the store needs. One with `ca.crt` alone leaves the rest to the machine."""
    if settings.secret is None or set(keys) == {CA_CERTIFICATE}:
        return
    sets = _NEEDED[place.kind]
    if sets and not any(all(key in keys for key in needed) for needed in sets):
        wanted = ", or ".join(" and ".join(needed) for needed in sets)
        words = f"cannot be asked: Secret {settings.secret.name} has no {wanted}"
        raise SettingsError(BucketFailure("secret", words, f"put {wanted} into the Secret"))


def _open(
    place: BucketPlace,
    settings: BucketSettings,
    keys: Mapping[str, str],
    read_seconds: int,
    *,
    retries: int,
    retry_seconds: int,
) -> "ObjectStore":
    from obstore.store import AzureStore, GCSStore, LocalStore, S3Store  # noqa: PLC0415 - see the docstring above

    if place.kind == FOLDER:
        Path(place.bucket).mkdir(exist_ok=True)
        return LocalStore(place.bucket)
    config = settings.config
    prefix = place.prefix or None
    more: dict[str, Any] = {
        "client_options": _client_options(place, settings, keys, read_seconds),
        "retry_config": {
            "max_retries": retries,
            "retry_timeout": timedelta(seconds=retry_seconds),
            "backoff": {
                "init_backoff": timedelta(milliseconds=50),
                "max_backoff": timedelta(milliseconds=400),
                "base": 2,
            },
        },
    }
    if place.kind == S3:
        _put(more, "endpoint", config.endpoint)
        _put(more, "access_key_id", keys.get("AWS_ACCESS_KEY_ID"))
        _put(more, "secret_access_key", keys.get("AWS_SECRET_ACCESS_KEY"))
        _put(more, "session_token", keys.get("AWS_SESSION_TOKEN"))
        return S3Store(place.bucket, prefix=prefix, region=config.region or _REGION, **more)
    if place.kind == AZURE:
        _put(more, "endpoint", config.endpoint)
        _put(more, "account_key", keys.get("AZURE_STORAGE_ACCOUNT_KEY"))
        _put(more, "sas_key", keys.get("AZURE_STORAGE_SAS_TOKEN"))
        return AzureStore(place.bucket, prefix=prefix, account_name=place.account, **more)
    _put(more, "service_account_key", keys.get("GOOGLE_SERVICE_ACCOUNT_KEY"))
    _put(more, "base_url", config.endpoint)
    return GCSStore(place.bucket, prefix=prefix, **more)


def _put(options: dict[str, Any], name: str, value: str | None) -> None:
    if value is not None:
        options[name] = value


def _client_options(
    place: BucketPlace, settings: BucketSettings, keys: Mapping[str, str], read_seconds: int
) -> dict[str, Any]:
    server = server_of(place, settings.config.endpoint, settings.config.region or _REGION)
    options: dict[str, Any] = {
        "allow_http": server.startswith("http:"),
        "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
        "read_timeout": timedelta(seconds=read_seconds),
        "timeout": timedelta(hours=_WHOLE_HOURS),
    }
    _put(options, "root_certificate", keys.get(CA_CERTIFICATE))
    try:
        proxy = settings.proxy(server)
    except Exception as e:
        words = f"cannot be asked: the login for the HTTP proxy cannot be read ({type(e).__name__})"
        raise SettingsError(BucketFailure("proxy", words, "mend the Secret of spec.upstream.httpProxy")) from None
    if proxy is not None:
        options["proxy_url"] = proxy
        options["proxy_excludes"] = ",".join((*settings.no_proxy, *_OF_THE_MACHINE))
    return options
