"""HTTP downloads: read photos from http(s) URLs, with retries, timeouts and limits per host."""

import logging
import random
import threading
import time
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import responses as STATUS_PHRASES  # noqa: N812 (it is a constant)
from http.cookiejar import DefaultCookiePolicy
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, NameResolutionError, ProtocolError, ReadTimeoutError

from posesearch.errors import DownloadFailed, MissingURL, PhotoError
from posesearch.sources.content import Content, Validators
from posesearch.sources.http_body import BrokenBody, read_body
from posesearch.sources.proxies import PASSWORD, describe_proxy
from posesearch.sources.ssrf import PrivateAddress, PublicOnlyAdapter

PER_HOST: Final = 2
"""Maximum number of concurrent requests to a host."""

CONNECT_SECONDS: Final = 5.0
"""Timeout of a connection attempt."""

READ_SECONDS: Final = 10.0
"""Timeout of the wait for the next bytes."""

MAX_REDIRECTS: Final = 5
MAX_ATTEMPTS: Final = 3
BACK_OFF_SECONDS: Final = 1.0
"""Wait before the second attempt. It doubles before each later one. A Retry-After header replaces it."""

MAX_WAIT_SECONDS: Final = 30.0
"""Maximum wait between attempts. If a server asks for more, there is no further attempt."""

_log: Final = logging.getLogger(__package__)
_RETRY_STATUSES: Final = frozenset((429, 500, 502, 503, 504))
_GONE_STATUSES: Final = frozenset((404, 410))
_REDIRECT_STATUSES: Final = frozenset((301, 302, 303, 307, 308))
_USER_AGENT: Final = "posesearch/0.1 (photo ingest)"
_MAX_VALIDATOR: Final = 256  # characters. Servers use a few dozen
_ASK_BROWSER: Final = "open it in a browser to see why"
_MAX_SCHEME: Final = 20  # characters of a scheme that a message shows


class _TransientError(Exception):
    """A failed attempt that may succeed when repeated.

    Attributes:
        detail: what went wrong, as in PhotoError.detail.
        retry_after: how many seconds the server asks to wait. None if it does not say.
    """

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        self.detail, self.retry_after = detail, retry_after
        super().__init__(detail)


class HttpReader:
    """Reads URLs. It is thread-safe, and the limits per host hold for all threads together."""

    def __init__(self, *, allow_private: bool) -> None:
        """Make a reader, without opening a connection.

        Args:
            allow_private: as in SourceReader.
        """
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # A proxy from the environment would resolve the host name itself, so the IP address could not be checked.
        self._session.trust_env = allow_private
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, PublicOnlyAdapter(allow_private=allow_private, connections=PER_HOST))
        self._semaphores: defaultdict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(PER_HOST))
        self._paused_until: dict[str, float] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def close(self) -> None:
        """Abort the downloads in progress. Their `read` calls raise."""
        self._closed.set()
        self._session.close()

    def read(self, url: str, name: str, validators: Validators | None) -> Content:
        """Return the content of a URL, after redirects and retries.

        Args:
            url: the URL, which may contain a user name and a password.
            name: the name of the URL in messages, without credentials.
            validators: as in SourceReader.read.

        Raises:
            DownloadFailed: the URL can't be read, or returns something that is not a photo, such as a web page.
            PhotoTooLarge: the photo has more than http_body.MAX_BYTES.
            VideoFile: the URL returns a video that has more.
        """
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return self._follow_redirects(url, name, validators)
            except _TransientError as error:
                wait = BACK_OFF_SECONDS * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)  # noqa: S311 (jitter, no secret)
                if error.retry_after is not None:
                    wait = error.retry_after
                if self._closed.is_set() or attempt == MAX_ATTEMPTS or wait > MAX_WAIT_SECONDS:
                    attempts = f", tried {attempt} times" if attempt > 1 else ""
                    raise DownloadFailed(name, f"{error.detail}{attempts}; run the command again later") from None
                _log.info(
                    "%s: %s. Attempt %d of %d in %.1f seconds.", name, error.detail, attempt + 1, MAX_ATTEMPTS, wait
                )
                self._pause_host(url, wait)
        raise AssertionError  # the last attempt returns or raises

    def _follow_redirects(self, url: str, name: str, validators: Validators | None) -> Content:
        auth: tuple[str, str] | None = None
        with suppress(ValueError):
            parts = urlsplit(url)
            auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        for _ in range(MAX_REDIRECTS + 1):
            result = self._request(url, name, validators, auth)
            if isinstance(result, Content):
                return result
            if auth is not None and _get_origin(result) != _get_origin(url):
                auth = None  # the credentials are for the first server only
            url = result
        raise DownloadFailed(name, f"the URL redirects more than {MAX_REDIRECTS} times; {_ASK_BROWSER}")

    def _request(
        self, url: str, name: str, validators: Validators | None, auth: tuple[str, str] | None
    ) -> Content | str:
        """Send one request. Return the content, or the URL of the redirect."""
        host = _get_host(url, name)
        headers = {"User-Agent": _USER_AGENT, "Accept": "image/*", "Accept-Encoding": "identity"}
        known = validators or Validators()
        if etag := _check_validator(known.etag):
            headers["If-None-Match"] = etag
        if last_modified := _check_validator(known.last_modified):
            headers["If-Modified-Since"] = last_modified
        is_conditional = bool(etag or last_modified)
        with self._get_semaphore(host):
            self._wait_for_host(host)
            if self._closed.is_set():
                raise DownloadFailed(name, "the download was stopped")
            try:
                with self._session.get(
                    url,
                    stream=True,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    headers=headers,
                    auth=auth or _add_no_credentials,
                    allow_redirects=False,
                ) as response:
                    return self._interpret(response, url, name, is_conditional=is_conditional)
            except PrivateAddress:
                raise DownloadFailed(name, _describe_private_address(host, name)) from None
            except (PhotoError, _TransientError):
                raise
            # The errors of requests and urllib3 contain the URL, and so its secrets: no traceback may show them.
            except (requests.Timeout, ReadTimeoutError):
                raise _TransientError("the server does not answer in time") from None
            except (ProtocolError, BrokenBody):  # requests wraps the first, except while the body is read
                raise _TransientError("the connection ended before the end of the photo") from None
            except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError) as error:
                raise DownloadFailed(name, describe_proxy(error) or "not a valid URL") from None
            except Exception as error:  # noqa: BLE001 (a malformed response can make any part of the HTTP stack raise)
                if proxy := describe_proxy(error):
                    raise DownloadFailed(name, proxy) from None
                detail = f"the server can't be reached ({_describe_failure(error)})"
                if isinstance(error, requests.exceptions.SSLError) or not isinstance(error, (OSError, HTTPError)):
                    raise DownloadFailed(name, detail) from None
                raise _TransientError(detail) from None

    def _interpret(self, response: requests.Response, url: str, name: str, *, is_conditional: bool) -> Content | str:
        """Return the content of a response, or the URL that it redirects to."""
        status = response.status_code
        if status in _REDIRECT_STATUSES and "Location" in response.headers:
            return urljoin(url, response.headers["Location"])
        if status == requests.codes.not_modified and is_conditional:
            return Content(None)
        # The server's own words for the status may be long, or repeat the secrets of the URL.
        detail = f"the server answers {status} {STATUS_PHRASES.get(status, '')}".rstrip()
        if status in _GONE_STATUSES:
            raise MissingURL(name, detail)
        if status == requests.codes.proxy_authentication_required:
            raise DownloadFailed(name, PASSWORD)
        if status in _RETRY_STATUSES:
            raise _TransientError(detail, _parse_retry_after(response.headers.get("Retry-After")))
        if status != requests.codes.ok:
            raise DownloadFailed(name, f"{detail}; {_ASK_BROWSER}")
        etag, last_modified = (_check_validator(response.headers.get(header)) for header in ("ETag", "Last-Modified"))
        data = read_body(response, name)
        return Content(data, len(data), validators=Validators(etag, last_modified))

    def _get_semaphore(self, host: str) -> threading.Semaphore:
        with self._lock:
            return self._semaphores[host]

    def _pause_host(self, url: str, seconds: float) -> None:
        """Let no thread send a request to the URL's host for some seconds."""
        with suppress(ValueError), self._lock:
            host = urlsplit(url).hostname or ""
            self._paused_until[host] = max(self._paused_until.get(host, 0.0), time.monotonic() + seconds)

    def _wait_for_host(self, host: str) -> None:
        """Wait until the host's pause ends or the reader is closed."""
        with self._lock:
            seconds = self._paused_until.get(host, 0.0) - time.monotonic()
        if seconds > 0:
            self._closed.wait(seconds)


def _check_validator(value: str | None) -> str | None:
    """Return a validator, or None if it is empty, too long or not printable ASCII. No server needs such a one."""
    is_usable = value is not None and value.isascii() and value.isprintable() and 0 < len(value) <= _MAX_VALIDATOR
    return value if is_usable else None


def _get_host(url: str, name: str) -> str:
    """Return the host name of an http(s) URL. Raise DownloadFailed for other URLs."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise DownloadFailed(name, "not a valid URL") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise DownloadFailed(name, f"only http and https URLs can be opened, not {parts.scheme[:_MAX_SCHEME]}")
    if not host:
        raise DownloadFailed(name, "not a valid URL, because it names no server")
    return host


def _get_origin(url: str) -> tuple[str, str | None, int | None] | None:
    """Return the scheme, host and port of a URL."""
    with suppress(ValueError):
        parts = urlsplit(url)
        return parts.scheme.lower(), parts.hostname, parts.port
    return None


def _add_no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Return the request as it is. As the `auth` argument, this keeps requests from using a .netrc file."""
    return request


def _describe_failure(error: Exception) -> str:
    """Return why there was no connection, in words. The message of the error may have secrets of the URL."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(cause, NameResolutionError):
        return "its name can't be resolved"
    if isinstance(error, requests.exceptions.SSLError):
        return "no secure connection is possible, perhaps because its certificate is not valid"
    if isinstance(error, requests.exceptions.ProxyError):
        return "through the proxy"
    return type(error).__name__


def _describe_private_address(host: str, name: str) -> str:
    with suppress(ValueError):
        if urlsplit(name).hostname != host:
            return "it redirects to a private network, and posesearch does not follow; `allow_private` allows it"
    return "it is on this computer or in a private network, and posesearch does not open it; `allow_private` allows it"


def _parse_retry_after(value: str | None) -> float | None:
    """Return the seconds to wait from a Retry-After header, which has a number or a date: RFC 9110, 10.2.3."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    with suppress(TypeError, ValueError, OverflowError):
        date = parsedate_to_datetime(value)
        return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    return None
