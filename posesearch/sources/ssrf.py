"""Protection against server-side request forgery (SSRF): HTTP connections that reach only public IP addresses.

A list of URLs from a stranger must not read servers in the user's own network. Each host name is resolved once, and the
connection is made to one of the IP addresses that were checked. So a later answer of the resolver (DNS rebinding) has
no effect. A redirect to another host makes a new connection, which is checked in the same way.
"""

import http.client
import ipaddress
import socket
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3 import ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

HEADER_SECONDS: Final = 20.0
"""Timeout of the response headers as a whole. The read timeout alone would start again with each byte."""

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_UNICAST: Final = ipaddress.ip_network("2000::/3")  # RFC 4291, 2.4: all global unicast addresses that are assigned
# Special-purpose networks that some versions of Python count as global: RFC 6890, 7526, 9637, 9602.
_SPECIAL: Final = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))


class PrivateAddress(Exception):
    """A host has no public IP address, only addresses on this machine or in its private network."""


def is_public(address: str) -> bool:
    """Return whether an IP address is public: not private, loopback, link-local, multicast or reserved.

    An IPv6 address that embeds an IPv4 address is public if the IPv4 address is. Text that is not an IP address is not
    public.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        embedded = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo and parsed.teredo[1])
        if parsed in _NAT64:
            embedded = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if embedded:
            return is_public(str(embedded))
        if parsed not in _UNICAST:
            return False
    return parsed.is_global and not parsed.is_multicast and not any(parsed in network for network in _SPECIAL)


class _HeaderLines:
    """The lines of the response headers, each of which must be complete.

    Where the data ends early, http.client alone would use what has arrived as the last line.
    """

    def __init__(self, file: Any) -> None:
        self._file, self._has_begun = file, False

    def readline(self, limit: int) -> bytes:
        line: bytes = self._file.readline(limit)
        if not line.endswith(b"\n") and len(line) < limit and (line or self._has_begun):
            raise http.client.IncompleteRead(line)
        self._has_begun = True
        return line


class _WholeResponse(http.client.HTTPResponse):
    """A response whose headers must be complete, because half a Location is another URL."""

    def begin(self) -> None:
        file = self.fp
        self.fp = _HeaderLines(file)  # type: ignore[assignment]
        try:
            super().begin()
        finally:
            self.fp = file


class _CheckedConnection(HTTPConnection):
    """A connection that checks the IP address that it connects to, and has a timeout for the response headers.

    Attributes:
        allow_private: whether private addresses are allowed.
        sockets: the open sockets of all connections of the adapter.
    """

    response_class = _WholeResponse
    allow_private = False
    sockets: "weakref.WeakSet[socket.socket]"

    def _new_conn(self) -> socket.socket:
        try:
            host = self._dns_host  # the host without the trailing dot of a fully qualified name
            answers = socket.getaddrinfo(host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NameResolutionError(self.host, self, socket.gaierror(str(error))) from error
        addresses = [str(answer[4][0]) for answer in answers]
        allowed = [address for address in addresses if self.allow_private or is_public(address)]
        if not allowed:
            raise PrivateAddress
        failure: OSError | None = None
        for address in dict.fromkeys(allowed):
            try:
                sock = create_connection((address, self.port), self.timeout, socket_options=self.socket_options)
            except OSError as error:
                failure = error
            else:
                self.sockets.add(sock)
                return sock
        raise NewConnectionError(self, f"no connection: {failure}") from failure

    def connect(self) -> None:
        """Connect, and register the socket with the adapter. With TLS it is another socket than in `_new_conn`."""
        super().connect()
        if self.sock is not None:
            self.sockets.add(self.sock)

    def getresponse(self) -> Any:
        """Return the response. Its attribute `deadline` is a function that limits the time of the body.

        Raises:
            TimeoutError: the headers took longer than HEADER_SECONDS.
        """
        sock = self.sock  # super() sets it to None if the connection ends with the body
        with _deadline(sock, HEADER_SECONDS):
            response: Any = super().getresponse()
        response.deadline = partial(_deadline, sock)
        return response


@contextmanager
def _deadline(sock: socket.socket | None, seconds: float) -> Iterator[None]:
    """Shut down a socket if the block takes longer than some seconds.

    A timeout of the socket would start again with each byte.

    Raises:
        TimeoutError: the block took longer. It does not matter whether the block failed or returned what had arrived.
    """
    lock, finished, expired = threading.Lock(), threading.Event(), threading.Event()

    def abort() -> None:
        with lock:
            if not finished.is_set():
                expired.set()
                _shut_down(sock)

    timer = threading.Timer(seconds, abort)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if expired.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
        with lock:
            finished.set()
    if expired.is_set():
        raise TimeoutError


def _shut_down(sock: socket.socket | None) -> None:
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


class _CheckedTlsConnection(_CheckedConnection, HTTPSConnection):
    """A checked connection with TLS. The certificate is verified against the host name, not the IP address."""


class PublicOnlyAdapter(HTTPAdapter):
    """Transport adapter with which a requests.Session connects only to public IP addresses."""

    def __init__(self, *, allow_private: bool, connections: int) -> None:
        """Make the connection pools, without opening a connection.

        Args:
            allow_private: also connect to IP addresses on this machine and in its private network.
            connections: maximum number of connections to a host that are kept open.
        """
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._class_attributes = {"allow_private": allow_private, "sockets": self._sockets}
        super().__init__(pool_connections=64, pool_maxsize=connections)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pool manager, with pools of checked connections."""
        super().init_poolmanager(*arguments, **options)
        # urllib3 makes the connections from the classes, so each adapter has its own classes with its settings.
        plain = type("_Plain", (_CheckedConnection,), self._class_attributes)
        tls = type("_Tls", (_CheckedTlsConnection,), self._class_attributes)
        self._pool_classes = {
            "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("_TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
        }
        self.poolmanager.pool_classes_by_scheme = self._pool_classes

    def proxy_manager_for(self, proxy: str, **options: Any) -> ProxyManager:
        """Return the pool manager of a proxy. Its connections have the same timeouts, except through SOCKS."""
        manager: ProxyManager = super().proxy_manager_for(proxy, **options)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = self._pool_classes
        return manager

    def close(self) -> None:
        """Close the pools, and abort the connections in use."""
        for sock in list(self._sockets):
            _shut_down(sock)
        super().close()
