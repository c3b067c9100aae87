"""Says in words why the proxy of the environment can't be used. The messages of requests may have its password."""

from typing import Final

import requests
from urllib3.exceptions import ProxySchemeUnknown, ProxySchemeUnsupported

_VARIABLES: Final = "check the environment variables HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"
MALFORMED: Final = f"the URL of the proxy is not valid; {_VARIABLES}"
NO_SOCKS: Final = "the proxy uses SOCKS, for which a library is missing; run: pip install pysocks"
PASSWORD: Final = f"the proxy asks for a user name and a password; {_VARIABLES}"


def describe_proxy(error: Exception) -> str | None:
    """Return what is wrong with the proxy. None if the error is about something else, or may be gone when repeated."""
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in str(error):
        return NO_SOCKS
    cause = error.args[0] if isinstance(error, requests.exceptions.InvalidURL) and error.args else error
    if isinstance(error, requests.exceptions.InvalidProxyURL) or isinstance(
        cause, ProxySchemeUnknown | ProxySchemeUnsupported
    ):
        return MALFORMED
    if isinstance(error, requests.exceptions.ProxyError) and "Tunnel connection failed: 407" in str(error):
        return PASSWORD
    return None
