"""Photos from http(s) addresses: politely, patient with servers that falter, and with limits for those that lie."""

import random
import threading
import time
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from posesearch.errors import DownloadFailed, MissingAddress, NotAnImage, PhotoError, PhotoTooLarge
from posesearch.sources import guard
from posesearch.sources.opener import Content, Validators

PER_HOST: Final = 2
"""Requests that a host gets at once."""

MAX_BYTES: Final = 100_000_000
"""A photo with more bytes is not downloaded to the end."""

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 10.0
DOWNLOAD_SECONDS: Final = 60.0
"""How long an address may take to connect, to send the next byte, and in all."""

REDIRECTS: Final = 5
ATTEMPTS: Final = 3
BACK_OFF_SECONDS: Final = 1.0
"""The wait before the second attempt; it doubles before each next one. What a server asks for counts instead."""

LONGEST_WAIT_SECONDS: Final = 30.0
"""A server that asks for more is not waited for."""

_AGAIN: Final = frozenset((429, 500, 502, 503, 504))  # what may be better in a moment
_GONE: Final = frozenset((404, 410))
_MOVED: Final = frozenset((301, 302, 303, 307, 308))
_CHUNK: Final = 1 << 16
_AGENT: Final = "posesearch/0.1 (photo ingest)"
_PAGES: Final = (b"<!doctype", b"<html", b"<head", b"<?xml", b"<body", b"<script")


class _Faltered(Exception):
    """An attempt that failed in a way that the next one may not."""

    def __init__(self, detail: str, wait: float | None = None) -> None:
        self.detail, self.wait = detail, wait
        super().__init__(detail)


class Addresses:
    """Reads addresses. Threads may share one: a host gets few requests at once, whoever asks."""

    def __init__(self, *, allow_private: bool) -> None:
        """Open no connection yet; `allow_private` as in Opener."""
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # A proxy of the environment's would choose the address that is connected to.
        self._session.trust_env = allow_private
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, guard.Adapter(allow_private=allow_private, connections=PER_HOST))
        self._turns: defaultdict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(PER_HOST))
        self._rest_until: dict[str, float] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def close(self) -> None:
        """Break off what is being read; it fails."""
        self._closed.set()
        self._session.close()

    def read(self, url: str, name: str, before: Validators | None) -> Content:
        """Return what an address gives.

        Args:
            url: the address, which may hold a user name and a password.
            name: the address as messages have it.
            before: as in Opener.read.

        Raises:
            DownloadFailed, NotAnImage, PhotoTooLarge: with the name.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._redirected(url, name, before)
            except _Faltered as falter:
                wait = BACK_OFF_SECONDS * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)  # noqa: S311 (spread, no secret)
                if falter.wait is not None:
                    wait = falter.wait
                if self._closed.is_set() or attempt == ATTEMPTS or wait > LONGEST_WAIT_SECONDS:
                    tried = f", tried {attempt} times" if attempt > 1 else ""
                    raise DownloadFailed(name, f"{falter.detail}{tried}; run it again later") from falter
                self._rest(url, wait)
        raise AssertionError  # the last attempt returns or raises

    def _redirected(self, url: str, name: str, before: Validators | None) -> Content:
        auth: tuple[str, str] | None = None
        with suppress(ValueError):
            parts = urlsplit(url)
            auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        for _ in range(REDIRECTS + 1):
            found = self._asked(url, name, before, auth)
            if isinstance(found, Content):
                return found
            if auth is not None and _server(found) != _server(url):
                auth = None  # it was for that server alone
            url = found
        raise DownloadFailed(name, f"the address redirects more than {REDIRECTS} times")

    def _asked(self, url: str, name: str, before: Validators | None, auth: tuple[str, str] | None) -> Content | str:
        """Ask one server, and return what it gives or the address that it points to."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError as error:
            raise DownloadFailed(name, "this is no address") from error
        if parts.scheme.lower() not in ("http", "https") or not host:
            raise DownloadFailed(name, f"only http and https addresses are opened, and this is {parts.scheme}:")
        headers = {"User-Agent": _AGENT, "Accept": "image/*", "Accept-Encoding": "identity"}
        if before is not None and before.etag:
            headers["If-None-Match"] = before.etag
        if before is not None and before.last_modified:
            headers["If-Modified-Since"] = before.last_modified
        conditional = bool(headers.keys() & {"If-None-Match", "If-Modified-Since"})
        with self._turn(host):
            self._wait(host)
            if self._closed.is_set():
                raise DownloadFailed(name)
            try:
                with self._session.get(
                    url,
                    stream=True,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    headers=headers,
                    auth=auth or _nobody,
                    allow_redirects=False,
                ) as response:
                    return self._taken(response, url, name, asked_for_changes=conditional)
            except guard.PrivateAddress:
                raise DownloadFailed(name, _refused(host, name)) from None
            except (PhotoError, _Faltered):
                raise
            except (requests.Timeout, ReadTimeoutError) as error:
                raise _Faltered("the address does not answer in time") from error
            except ProtocolError as error:  # one that requests has not wrapped is about the body
                raise _Faltered("the address breaks off before the end of the photo") from error
            except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError) as error:
                raise DownloadFailed(name, "this is no address") from error
            except Exception as error:  # servers send what breaks any reader
                said = f"the address can't be reached ({type(error).__name__})"
                if isinstance(error, requests.exceptions.SSLError) or not isinstance(error, (OSError, HTTPError)):
                    raise DownloadFailed(name, said) from error
                raise _Faltered(said) from error

    def _taken(self, response: requests.Response, url: str, name: str, *, asked_for_changes: bool) -> Content | str:
        status = response.status_code
        if status in _MOVED and "Location" in response.headers:
            return urljoin(url, response.headers["Location"])
        if status == requests.codes.not_modified and asked_for_changes:
            return Content(None)
        said = f"the address answers {status} {response.reason or ''}".rstrip()
        if status in _GONE:
            raise MissingAddress(name, said)
        if status in _AGAIN:
            raise _Faltered(said, _asked_to_wait(response.headers.get("Retry-After")))
        if status != requests.codes.ok:
            raise DownloadFailed(name, said)
        validators = Validators(response.headers.get("ETag"), response.headers.get("Last-Modified"))
        data = _body(response, name)
        return Content(data, len(data), validators=validators)

    def _turn(self, host: str) -> threading.Semaphore:
        with self._lock:
            return self._turns[host]

    def _rest(self, url: str, wait: float) -> None:
        """Leave a host alone for a while, whoever asks."""
        with suppress(ValueError), self._lock:
            host = urlsplit(url).hostname or ""
            self._rest_until[host] = max(self._rest_until.get(host, 0.0), time.monotonic() + wait)

    def _wait(self, host: str) -> None:
        with self._lock:
            left = self._rest_until.get(host, 0.0) - time.monotonic()
        if left > 0:
            self._closed.wait(left)


def _server(url: str) -> tuple[str, str | None, int | None] | None:
    with suppress(ValueError):
        parts = urlsplit(url)
        return parts.scheme.lower(), parts.hostname, parts.port
    return None


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send no credentials, not those of a .netrc either."""
    return request


def _refused(host: str, name: str) -> str:
    with suppress(ValueError):
        if urlsplit(name).hostname != host:
            return "it redirects to an address in a private network, which is not opened; --allow-private opens it"
    return "it is an address in a private network, which is not opened; --allow-private opens it"


def _asked_to_wait(value: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number, or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    with suppress(TypeError, ValueError, OverflowError):
        date = parsedate_to_datetime(value)
        return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    return None


def _body(response: requests.Response, name: str) -> bytes:
    too_large = PhotoTooLarge(name, f"the address sends more than {MAX_BYTES // 1_000_000} MB")
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > MAX_BYTES:
        raise too_large
    data = bytearray()
    deadline = time.monotonic() + DOWNLOAD_SECONDS
    while chunk := response.raw.read1(_CHUNK, decode_content=True):  # what is there, so that a trickle can't stall
        data += chunk
        if len(data) > MAX_BYTES:
            raise too_large
        if time.monotonic() > deadline:
            raise DownloadFailed(name, f"the address took more than {DOWNLOAD_SECONDS:g} seconds")
        if len(data) == len(chunk) and data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES):
            raise NotAnImage(name, "the address answers with a page, not with a photo; open it in a browser to see why")
    return bytes(data)
