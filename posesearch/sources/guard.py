"""Connections that go to public addresses alone: a list from a stranger must not read the user's own network.

A name is resolved once, each address that it stands for is checked, and the connection is made to the address that was
checked, so that a second answer of the resolver changes nothing. Redirects open connections of their own.
"""

import ipaddress
import socket
import threading
import weakref
from contextlib import suppress
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

HEADER_SECONDS: Final = 20.0
"""How long an address may take until its headers are there, a byte at a time or not."""

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


_UNICAST: Final = ipaddress.ip_network("2000::/3")  # RFC 4291, 2.4: all that is given out on the internet
# What Python's table of special addresses calls global, or did in one of its versions: RFC 6890, 7526, 9637, 9602.
_SPECIAL: Final = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))


class PrivateAddress(Exception):
    """A name stands for nothing but addresses on this machine or in its network."""


def is_public(address: str) -> bool:
    """Tell whether a numeric address is on the internet: not private, loopback, link-local, multicast or reserved."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo and parsed.teredo[1])
        if parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner:
            return is_public(str(inner))
        if parsed not in _UNICAST:
            return False
    return parsed.is_global and not parsed.is_multicast and not any(parsed in network for network in _SPECIAL)


class _Guarded(HTTPConnection):
    """A connection that picks its address itself, and does not wait for headers for ever."""

    allow_private = False
    sockets: "weakref.WeakSet[socket.socket]"
    """Those that are open; of the adapter's."""

    def _new_conn(self) -> socket.socket:
        try:
            host = self._dns_host  # without the trailing dot of a full name
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
                made = create_connection((address, self.port), self.timeout, socket_options=self.socket_options)
            except OSError as error:
                failure = error
            else:
                self.sockets.add(made)
                return made
        raise NewConnectionError(self, f"no connection: {failure}") from failure

    def connect(self) -> None:
        """Connect, and have the adapter know the socket that is used in the end: TLS makes another one."""
        super().connect()
        if self.sock is not None:
            self.sockets.add(self.sock)

    def getresponse(self) -> Any:
        """Return the response, or break the connection off when its headers take too long."""
        late = threading.Event()

        def break_off(sock: socket.socket | None) -> None:
            late.set()
            _break_off(sock)

        timer = threading.Timer(HEADER_SECONDS, break_off, [self.sock])
        timer.daemon = True
        timer.start()
        try:
            return super().getresponse()
        except Exception as error:
            if late.is_set():
                raise TimeoutError from error
            raise
        finally:
            timer.cancel()


def _break_off(sock: socket.socket | None) -> None:
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


class _GuardedTls(_Guarded, HTTPSConnection):
    """The same with TLS; the certificate is the name's, not the address's."""


class Adapter(HTTPAdapter):
    """Lets a requests.Session connect through the guard."""

    def __init__(self, *, allow_private: bool, connections: int) -> None:
        """Make the pools; `connections` is how many may be kept open to a host."""
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._own = {"allow_private": allow_private, "sockets": self._sockets}
        super().__init__(pool_connections=64, pool_maxsize=connections)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make a pool manager whose pools connect through the guard."""
        super().init_poolmanager(*arguments, **options)
        plain, tls = type("_Plain", (_Guarded,), self._own), type("_Tls", (_GuardedTls,), self._own)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("_TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
        }

    def close(self) -> None:
        """Close the pools, and break off the connections that are in use."""
        for sock in list(self._sockets):
            _break_off(sock)
        super().close()
