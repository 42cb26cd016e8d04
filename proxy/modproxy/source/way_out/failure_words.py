"""What went wrong with a request to a server that the config names, in words for conditions. Pure.

They go on from the name of the server, and stay the same as long as the trouble does: no figure of them moves.
"""

import os

import aiohttp


def failure_words(error: Exception) -> str:
    """Return the words for an error of aiohttp or of the system."""
    match error:
        case TimeoutError():
            return "does not answer in time"
        case aiohttp.ClientSSLError():
            return (
                "has a certificate that is not trusted, or speaks no TLS: the authority of a certificate belongs into "
                "upstream.trustedCASecretName"
            )
        case aiohttp.ClientHttpProxyError():
            return f"cannot be reached: the HTTP proxy answers {error.status}"
        case aiohttp.ClientProxyConnectionError():
            return "cannot be reached: nothing answers at the address of the HTTP proxy"
        case aiohttp.ClientConnectorDNSError():
            return "cannot be reached: the name of its host cannot be resolved"
        case aiohttp.ClientConnectorError():
            return f"cannot be reached: {os.strerror(error.errno) if error.errno else 'the connection failed'}"
        case aiohttp.ClientConnectionError() | aiohttp.ClientPayloadError() | OSError():
            return "closes the connection before its answer ends"
        case _:
            return f"gives no answer that can be read ({type(error).__name__})"
