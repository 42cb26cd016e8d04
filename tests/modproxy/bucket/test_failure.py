"""Errors of obstore, as real servers cause them, in words for conditions."""

from datetime import timedelta
from typing import Any

import obstore
import pytest
from obstore.store import S3Store

from modproxy.bucket.failure import READ, WRITE, explain, is_there_already
from tests.modproxy.bucket.fake_s3 import BUCKET, FakeS3, answers, cuts, hangs

SECRET = "8b1a2489a64d9532d22ab21501e78ddee60cd00f52574dd043e5fab6df086f86"  # as in a signature
TEXTS = [
    # versitygw 1.8.0
    (
        "PermissionDeniedError",
        "The operation lacked the necessary privileges to complete for path p/a: Error performing PUT "
        "http://127.0.0.1:15001/mods/p/a in 782.208µs - Server returned non-2xx status code: 403 Forbidden: <?xml "
        'version="1.0" encoding="UTF-8"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we '
        f"calculated does not match.</Message><SignatureProvided>{SECRET}</SignatureProvided></Error>",
        "refuses the signature of the requests",
    ),
    (
        "FileNotFoundError",
        "Object at location p/q/a/@v/list not found: Error performing GET http://127.0.0.1:15001/mods/p/q/a/%40v/list "
        'in 856.027µs - Server returned non-2xx status code: 404 Not Found: <?xml version="1.0"?>\n<Error><Code>'
        "XAdminUserNotFound</Code><Message>No user exists with the provided access key ID.</Message></Error>",
        "does not know the credentials",
    ),
    (
        "GenericError",
        "Generic S3 error: Error performing list request: Error performing GET http://127.0.0.1:15001/nobu?list-type=2 "
        "in 672.015µs - Server returned non-2xx status code: 404 Not Found: <Error><Code>NoSuchBucket</Code></Error>",
        "has no such bucket",
    ),
    # a machine without credentials
    (
        "GenericError",
        "Generic S3 error: Error performing PUT http://169.254.169.254/latest/api/token in 1.1ms - Server returned "
        "non-2xx status code: 403 Forbidden: denied destination",
        "cannot be asked, because this machine has no credentials for it",
    ),
    # azurite 3.37.0
    (
        "PermissionDeniedError",
        'status code: 403 Forbidden: <?xml version="1.0"?><Error><Code>AuthorizationFailure</Code><Message>Server '
        "failed to authenticate the request.</Message></Error>",
        "may not be read with these credentials",
    ),
    ("FileNotFoundError", "status code: 404: <Error><Code>ContainerNotFound</Code></Error>", "has no such bucket"),
    # a folder
    (
        "GenericError",
        "Generic LocalFileSystem error: Unable to create file /mnt/x#1: No space left on device (os error 28)",
        "has no room for more files",
    ),
    (
        "GenericError",
        "Generic LocalFileSystem error: Unable to create file /mnt/x#1: Read-only file system (os error 30)",
        "may not be read with these credentials",
    ),
    ("GenericError", "HTTP error: kind: Connect ... error: UnknownIssuer, invalid peer certificate", "has no TLS"),
    ("TimeoutError", "", "does not answer in time"),
]


@pytest.mark.parametrize(("name", "text", "words"), TEXTS)
def test_words_of_an_error(name: str, text: str, words: str) -> None:
    failure = explain(name, text)
    assert failure is not None
    assert failure.words.startswith(words)
    assert failure.remedy
    assert SECRET not in failure.words + failure.remedy


@pytest.mark.parametrize("code", ["NoSuchKey", "BlobNotFound"])
def test_an_absent_file_is_no_failure(code: str) -> None:
    assert explain("FileNotFoundError", f"status code: 404 Not Found: <Error><Code>{code}</Code></Error>") is None


def test_what_is_there_already_is_told_from_two_that_write_at_once() -> None:
    assert is_there_already("AlreadyExistsError", "status code: 412 <Code>PreconditionFailed</Code>")
    assert is_there_already("AlreadyExistsError", "status code: 409 <Code>BlobAlreadyExists</Code>")
    assert not is_there_already("AlreadyExistsError", "status code: 409 <Code>ConditionalRequestConflict</Code>")


CASES = {
    (403, "AccessDenied"): ("rights.read", "rights.write"),
    (403, "InvalidAccessKeyId"): "key",
    (403, "SignatureDoesNotMatch"): "secret",
    (400, "ExpiredToken"): "expired",
    (400, "AuthorizationHeaderMalformed"): "region",
    (301, "PermanentRedirect"): "region",
    (403, "RequestTimeTooSkewed"): "clock",
    (404, "NoSuchBucket"): "bucket",
    (503, "SlowDown"): "busy",
    (429, "TooManyRequests"): "busy",
    (409, "OperationAborted"): "busy",
    (500, "InternalError"): "server",
    (507, "XMinioStorageFull"): "room",
    (413, "EntityTooLarge"): "other",
}


def store(url: str) -> S3Store:
    return S3Store(
        BUCKET,
        endpoint=url,
        access_key_id="a",
        secret_access_key="b",
        client_options={"allow_http": True, "read_timeout": timedelta(milliseconds=300)},
        retry_config={"max_retries": 0},
    )


async def kind_of(asked: Any, operation: str = READ) -> str:
    try:
        await asked
    except Exception as e:
        failure = explain(type(e).__name__, str(e), operation)
        return failure.kind if failure else "absent"
    return "no error"


async def test_kinds_of_what_the_library_raises() -> None:
    async with FakeS3() as s3:
        found: dict[tuple[int, str], object] = {}
        for refusal in CASES:
            s3.faults[:] = [answers(*refusal)]
            read = await kind_of(obstore.get_async(store(s3.url), "k"))
            written = await kind_of(obstore.put_async(store(s3.url), "k", b"x", mode="create"), WRITE)
            found[refusal] = read if read == written else (read, written)
        assert found == CASES
        s3.faults[:] = [hangs()]
        assert await kind_of(obstore.get_async(store(s3.url), "k")) == "timeout"
        s3.faults[:] = [cuts(b"x" * 1000, 500, part="k")]
        assert await kind_of((await obstore.get_async(store(s3.url), "k")).bytes_async()) == "cut"
        assert await kind_of(obstore.get_async(store(s3.url.replace("http:", "https:")), "k")) == "tls"
        away = s3.url
    assert await kind_of(obstore.get_async(store(away), "k")) == "refused"
    assert await kind_of(obstore.get_async(store("http://no-such-host.invalid"), "k")) == "dns"
