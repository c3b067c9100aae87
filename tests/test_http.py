"""Servers that misbehave in many ways, and the outcome of each photo."""

import base64
import gzip
import http.server
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from urllib3.util.connection import create_connection

import posesearch
from posesearch.database import Database
from posesearch.errors import DownloadFailed, MissingURL, PhotoError, PhotoTooLarge
from posesearch.sources import SourceReader, Validators, http_body, ssrf
from posesearch.sources import http as downloads
from tests.conftest import Route, Server, Toy, answer, toy_photo

PHOTO = toy_photo(wrist=4)
PACKED_PAGE = gzip.compress(b"<html>" + bytes(999))
PACKED_BOMB = gzip.compress(bytes(20_000_000))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "BACK_OFF_SECONDS", 0.01)


@pytest.fixture
def opener() -> SourceReader:
    return SourceReader(allow_private=True)


def sequence(*routes: Route) -> Route:
    """Return a route that uses these routes one after the other, and then always the last one."""
    left = list(routes)

    def route(handler: http.server.BaseHTTPRequestHandler) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(handler)

    return route


def trickling(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(600):
        handler.wfile.write(b".")
        handler.wfile.flush()
        time.sleep(0.05)


def trickling_headers(handler: http.server.BaseHTTPRequestHandler) -> None:
    for letter in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 600:
        handler.wfile.write(bytes([letter]))
        handler.wfile.flush()
        time.sleep(0.05)


def trickling_further_headers(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(600):
        handler.wfile.write(b"X: y\r\n")
        handler.wfile.flush()
        time.sleep(0.05)


def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"\xff\xd8" * 4096)


def dropping(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def no_http(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")


OUTCOMES: dict[str, tuple[Route, type[PhotoError] | None, str]] = {
    "500, then the photo": (sequence(answer(b"", 500), answer(PHOTO)), None, ""),
    "429 with a wait, then the photo": (sequence(answer(b"", 429, Retry_After="0"), answer(PHOTO)), None, ""),
    "drops once, then the photo": (sequence(dropping, answer(PHOTO)), None, ""),
    "shorter than it says, then the photo": (
        sequence(answer(PHOTO[:50], Content_Length=str(len(PHOTO))), answer(PHOTO)), None, "",
    ),
    "a photo that is called text": (answer(PHOTO, Content_Type="text/html"), None, ""),
    "a packed photo": (
        answer(gzip.compress(PHOTO), Content_Encoding="gzip", Content_Length=str(len(gzip.compress(PHOTO)))), None, "",
    ),
    "503 for ever": (answer(b"", 503), DownloadFailed, "answers 503 Service Unavailable, tried 3 times"),
    "429 that asks for an hour": (answer(b"", 429, Retry_After="3600"), DownloadFailed, "answers 429"),
    "429 with a date beyond dates": (
        answer(b"", 503, Retry_After="Mon, 01 Jan 2024 00:00:00 +99999999999999999999"), DownloadFailed, "answers 503",
    ),
    "304 that nobody asked for": (answer(b"", 304), DownloadFailed, "answers 304"),
    "404": (answer(b"", 404), MissingURL, "answers 404 Not Found"),
    "403": (answer(b"", 403), DownloadFailed, "answers 403 Forbidden"),
    "a page that is called a photo": (
        answer(b"<!doctype html><p>Log in", Content_Type="image/jpeg"), DownloadFailed, "sends a web page",
    ),
    "a packed page": (
        answer(PACKED_PAGE, Content_Encoding="gzip", Content_Length=str(len(PACKED_PAGE))), DownloadFailed, "web page",
    ),
    "nothing": (answer(b""), DownloadFailed, "sends an empty answer"),
    "half a packed photo": (
        answer(gzip.compress(PHOTO)[:-20], Content_Encoding="gzip", Content_Length=str(len(gzip.compress(PHOTO)) - 20)),
        DownloadFailed, "connection ended",
    ),
    "a photo that is not packed as it says": (answer(PHOTO, Content_Encoding="gzip"), DownloadFailed, "damaged data"),
    "a bomb": (
        answer(PACKED_BOMB, Content_Encoding="gzip", Content_Length=str(len(PACKED_BOMB))), PhotoTooLarge, "sends more",
    ),
    "says a length of a thousand digits": (answer(PHOTO, Content_Length="9" * 5000), PhotoTooLarge, "sends more than"),
    **{f"{status}": (answer(PHOTO, status), DownloadFailed, f"{status}") for status in (203, 206, 300, 418, 999)},
    **{f"{status}": (answer(b"", status), DownloadFailed, f"{status}") for status in (201, 204, 205)},
    "drops always": (dropping, DownloadFailed, "can't be reached"),
    "always shorter than it says": (answer(PHOTO[:50], Content_Length="5000"), DownloadFailed, "connection ended"),
    "says that it is too large": (answer(b"", Content_Length="999999999"), PhotoTooLarge, "sends more than"),
    "endless": (endless, PhotoTooLarge, "sends more than"),
    "hangs": (lambda _: time.sleep(20), DownloadFailed, "does not answer in time"),
    "trickles": (trickling, DownloadFailed, "took more than"),
    "trickles its headers": (trickling_headers, DownloadFailed, "does not answer in time"),
    "redirects to itself": (answer(b"", 302, Location="/x"), DownloadFailed, "redirects more than 5 times"),
    "redirects to a file": (answer(b"", 302, Location="file:///etc/passwd"), DownloadFailed, "only http and https"),
    "speaks no HTTP": (no_http, DownloadFailed, "can't be reached"),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTCOMES)
def test_each_misbehaviour_has_its_outcome(
    name: str, server: Server, opener: SourceReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, routes = server
    route, error, says = OUTCOMES[name]
    routes["/x"] = route
    monkeypatch.setattr(downloads, "READ_SECONDS", 0.3)
    monkeypatch.setattr(http_body, "DOWNLOAD_SECONDS", 0.5)
    monkeypatch.setattr(ssrf, "HEADER_SECONDS", 0.3)
    monkeypatch.setattr(http_body, "MAX_BYTES", 1_000_000)
    if error is None:
        assert opener.read(f"{address}/x").data == PHOTO
        return
    with pytest.raises(error, match=says) as caught:
        opener.read(f"{address}/x")
    assert str(caught.value).startswith(f"{address}/x: ")


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BROKEN: dict[str, tuple[bytes, str]] = {
    "no status line": (b"HTTP/1.1 2", "can't be reached"),
    "a status line without an end": (b"HTTP/1.1 200", "can't be reached"),
    "a missing photo whose status line has no end": (b"HTTP/1.1 404", "can't be reached"),
    "half of the headers": (OK + b"Content-Le", "can't be reached"),
    "headers without an end": (OK + b"X: y\r\n", "can't be reached"),
    "half of a redirect": (b"HTTP/1.1 302 Found\r\nLocation: /pho", "can't be reached"),
    "headers and no body": (OK + b"\r\n", "sends an empty answer"),
    "a photo without its end": (OK + b"Content-Length: %d\r\n\r\n" % len(PHOTO) + PHOTO[:-1], "connection ended"),
    "a chunk without its end": (CHUNKED + b"%x\r\n" % len(PHOTO) + PHOTO[:-1], "connection ended"),
    "no further chunk": (CHUNKED + b"%x\r\n" % len(PHOTO) + PHOTO + b"\r\n", "connection ended"),
    "no chunk": (CHUNKED, "connection ended"),
    "a chunk that is none": (CHUNKED + b"x\r\n" + PHOTO, "connection ended"),
    "nothing in chunks": (CHUNKED + b"0\r\n\r\n", "sends an empty answer"),
    "a photo without headers": (PHOTO, "can't be reached"),
    "a page without headers": (b"<html><body>hello", "can't be reached"),
    "a header of 100 kB": (OK + b"X: " + b"x" * 100_000 + b"\r\n\r\n" + PHOTO, "can't be reached"),
    "a redirect of 1 MB": (b"HTTP/1.1 302 Found\r\nLocation: /" + b"x" * 1_000_000 + b"\r\n\r\n", "can't be reached"),
    "a redirect to a scheme of 60 kB": (
        b"HTTP/1.1 302 Found\r\nLocation: " + b"x" * 60_000 + b":y\r\n\r\n", "only http and https",
    ),
    "a thousand headers": (OK + b"X: y\r\n" * 1000 + b"\r\n" + PHOTO, "can't be reached"),
}  # fmt: skip
STALLING: dict[str, tuple[bytes, bytes, str]] = {
    "headers": (OK, b"X: y\r\n", "does not answer in time"),
    "the end of the headers": (OK + b"Content-Length: 5\r\n", b"X", "does not answer in time"),
    "a body": (OK + b"Content-Length: 99999\r\n\r\n", b"x", "took more than"),
    "a body without a length": (OK + b"\r\n", b"x", "took more than"),
    "the size of a chunk": (CHUNKED, b"0", "took more than"),
    "a trailer": (CHUNKED + b"%x\r\n" % len(PHOTO) + PHOTO + b"\r\n0\r\n", b"X: y\r\n", "took more than"),
    "a packed body": (OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08" + bytes(6), b"x", "took more than"),
}


@contextmanager
def speaking(*words: bytes, every: float = 0.0, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Run a server that answers every request with these bytes. Yield its URL.

    With `every`, the server repeats the last bytes at this interval in seconds until the client disconnects.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # the test is over
                return
            with suppress(OSError), connection:
                if tls is None:
                    talk(connection)
                else:
                    with tls.wrap_socket(connection, server_side=True) as secured:
                        talk(secured)

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        for word in words:
            connection.sendall(word)
        while every:
            time.sleep(every)
            connection.sendall(words[-1])
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):  # closing with unread data would reset the connection
            pass

    threading.Thread(target=serve, daemon=True).start()
    scheme = "http" if tls is None else "https"
    yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/x.jpg"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_off_is_a_failed_download(name: str, opener: SourceReader) -> None:
    words, says = BROKEN[name]
    with speaking(words) as address, pytest.raises(DownloadFailed, match=says) as caught:
        opener.read(address)
    assert not isinstance(caught.value, MissingURL)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", STALLING)
def test_what_does_not_end_is_a_failed_download(
    name: str, opener: SourceReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MAX_ATTEMPTS", 1)
    monkeypatch.setattr(ssrf, "HEADER_SECONDS", 0.5)
    monkeypatch.setattr(http_body, "DOWNLOAD_SECONDS", 0.5)
    begin, more, says = STALLING[name]
    with speaking(begin, more, every=0.02) as address, pytest.raises(DownloadFailed, match=says):
        opener.read(address)


@pytest.mark.slow
def test_slow_headers_do_not_cost_the_stored_poses(
    server: Server, db: Database, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MAX_ATTEMPTS", 1)
    monkeypatch.setattr(ssrf, "HEADER_SECONDS", 0.5)
    address, routes = server
    routes["/x"] = sequence(answer(PHOTO), trickling_further_headers)
    assert db.ingest(f"{address}/x", allow_private=True).poses == 1
    assert [one.reason for one in db.ingest(f"{address}/x", allow_private=True).rejected] == ["download_failed"]
    assert db.sql("SELECT count(*) FROM poses").rows == ((1,),)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A TLS certificate for this machine, which the library requests trusts."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=here", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cert))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def test_tls_that_ends_in_the_middle_is_a_failed_download(opener: SourceReader, certificate: ssl.SSLContext) -> None:
    begin = OK + b"Content-Length: %d\r\n\r\n" % len(PHOTO)
    with speaking(begin + PHOTO, tls=certificate) as address:
        assert opener.read(address).data == PHOTO
    for words in (begin + PHOTO[:99], begin, begin[:20], b""):
        with (
            speaking(words, tls=certificate) as address,
            pytest.raises(DownloadFailed, match="connection ended|can't be reached"),
        ):
            opener.read(address)


def test_tls_that_stalls_is_a_failed_download(
    opener: SourceReader, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MAX_ATTEMPTS", 1)
    monkeypatch.setattr(http_body, "DOWNLOAD_SECONDS", 0.5)
    with (
        speaking(OK + b"\r\n", b"x", every=0.02, tls=certificate) as address,
        pytest.raises(DownloadFailed, match="took more than"),
    ):
        opener.read(address)


def test_a_proxy_is_used_where_private_addresses_are_allowed(
    server: Server, opener: SourceReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, routes = server
    monkeypatch.setenv("http_proxy", address)
    routes["http://photos.example/x"] = answer(PHOTO)
    assert opener.read("http://photos.example/x").data == PHOTO


def test_what_a_server_says_is_not_in_the_message(opener: SourceReader) -> None:
    for reason in (b"token=SECRET" + b"x" * 60_000, b"\x1b[31mRed\x00", "\u202e".encode()):
        with (
            speaking(b"HTTP/1.1 403 " + reason + b"\r\n\r\n") as address,
            pytest.raises(DownloadFailed, match="answers 403 Forbidden; open it in a browser to see why$"),
        ):
            opener.read(address)


@pytest.mark.parametrize("value", ["x" * 300, "caf\u00e9", "a\tb", "\x1b[31m", ""])
def test_validators_that_nobody_needs_are_neither_kept_nor_sent(
    value: str, server: Server, opener: SourceReader
) -> None:
    address, routes = server
    sent: list[str | None] = []

    def route(handler: http.server.BaseHTTPRequestHandler) -> None:
        sent.extend([handler.headers["If-None-Match"], handler.headers["If-Modified-Since"]])
        answer(PHOTO, ETag=value, Last_Modified=value)(handler)

    routes["/x"] = route
    assert opener.read(f"{address}/x", Validators(value, value + "\r\nX: y")).validators == Validators()
    assert sent == [None, None]


@pytest.mark.parametrize("place", ["http://[{secret}", "http://{secret}:x/", "http://127.0.0.1:1/{secret}"])
def test_no_secret_is_in_a_traceback(place: str, server: Server, opener: SourceReader) -> None:
    address, routes = server
    secret = uuid.uuid4().hex
    for route in (dropping, no_http, answer(b"", 302, Location=place.format(secret=secret))):
        routes[f"/x?code={secret}"] = route
        with pytest.raises(DownloadFailed) as caught:
            opener.read(address.replace("://", f"://me:{secret}@") + f"/x?code={secret}")
        assert secret not in "".join(traceback.format_exception(caught.value))


def test_redirects_are_followed(server: Server, opener: SourceReader) -> None:
    address, routes = server
    routes["/photo"] = answer(PHOTO)
    routes["/moved"] = answer(b"", 301, Location="/photo")
    routes["/here"] = answer(b"", 307, Location=f"{address}/moved")
    assert opener.read(f"{address}/here").data == PHOTO


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:{port}/x", "http://localhost:{port}/x", "http://[::1]:{port}/x", "http://0.0.0.0:{port}/x",
        "http://[::ffff:127.0.0.1]:{port}/x", "http://2130706433:{port}/x", "http://127.1:{port}/x",
        "http://10.0.0.1/x", "http://192.168.1.1/x", "http://169.254.169.254/latest/meta-data", "http://100.64.0.1/x",
        "http://[fe80::1]/x", "http://[fd00::1]/x", "http://[64:ff9b::7f00:1]/x", "http://[2002:7f00:1::]/x",
    ],
)  # fmt: skip
def test_a_private_address_is_not_opened(place: str, server: Server) -> None:
    address, routes = server
    asked: list[str] = []
    routes["/x"] = lambda handler: asked.append(handler.path)
    with pytest.raises(DownloadFailed, match="`allow_private` allows it|can't be reached"):
        SourceReader().read(place.format(port=address.rpartition(":")[2]))
    assert asked == []


@pytest.mark.parametrize("place", ["file:///etc/passwd", "file:/etc/passwd", "ftp://example.org/a.jpg", "gopher://x/y"])
def test_other_schemes_are_not_opened(place: str) -> None:
    with pytest.raises(DownloadFailed, match="only http and https URLs can be opened"):
        SourceReader().read(place)


def resolver(monkeypatch: pytest.MonkeyPatch, **names: list[str]) -> list[str]:
    """Resolve these host names to the given IP addresses, one after the other. Return the list of resolved names."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def answered(host: str, port: int, *rest: int, **options: int) -> object:
        name = host.partition(".")[0]
        if name not in names:
            return real(host, port, *rest, **options)
        asked.append(host)
        address = names[name].pop(0) if len(names[name]) > 1 else names[name][0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", answered)
    return asked


def test_a_redirect_to_a_private_address_is_not_followed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    address, routes = server
    port = address.rpartition(":")[2]
    secret: list[str] = []
    routes["/open"] = answer(b"", 302, Location=f"http://inside.example:{port}/secret")
    routes["/secret"] = lambda handler: secret.append(handler.path)
    resolver(monkeypatch, outside=["93.184.216.34"], inside=["127.0.0.1"])
    # Connections to public IP addresses go to the server on loopback. The check of the addresses stays the same.
    monkeypatch.setattr(
        ssrf,
        "create_connection",
        lambda where, *rest, **options: create_connection(("127.0.0.1", where[1]), *rest, **options),
    )
    with pytest.raises(DownloadFailed, match="redirects to a private network"):
        SourceReader().read(f"http://outside.example:{port}/open")
    assert secret == []


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolver(monkeypatch, rebinding=["93.184.216.34", "127.0.0.1"])
    connected: list[tuple[str, int]] = []

    def noted(where: tuple[str, int], *rest: object, **options: object) -> socket.socket:
        connected.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(ssrf, "create_connection", noted)
    monkeypatch.setattr(downloads, "MAX_ATTEMPTS", 1)
    with pytest.raises(DownloadFailed, match="can't be reached"):
        SourceReader().read("http://rebinding.example/x.jpg")
    assert (asked, connected) == (["rebinding.example"], [("93.184.216.34", 80)])


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("127.0.0.1", False), ("10.1.2.3", False),
        ("172.16.0.1", False), ("192.168.0.1", False), ("169.254.1.1", False), ("100.64.0.1", False),
        ("0.0.0.1", False), ("224.0.0.1", False), ("255.255.255.255", False), ("::1", False), ("fe80::1%eth0", False),
        ("fc00::1", False), ("ff02::1", False), ("::ffff:10.0.0.1", False), ("64:ff9b::a00:1", False),
        ("2002:a00:1::1", False), ("::127.0.0.1", False), ("::ffff:0:127.0.0.1", False), ("64:ff9b:1::7f00:1", False),
        ("fec0::1", False), ("3fff::1", False), ("5f00::1", False), ("192.0.0.8", False), ("192.88.99.1", False),
        ("no address", False),
    ],
)  # fmt: skip
def test_what_is_public(address: str, public: bool) -> None:
    assert ssrf.is_public(address) is public


@pytest.mark.slow
def test_credentials_go_to_their_own_server_and_nowhere_else(
    server: Server, opener: SourceReader, tmp_path: Path, toy: Toy
) -> None:
    address, routes = server
    seen: dict[str, str | None] = {}

    def noting(then: Route) -> Route:
        def route(handler: http.server.BaseHTTPRequestHandler) -> None:
            seen[handler.path] = handler.headers["Authorization"]
            then(handler)

        return route

    other = address.replace("127.0.0.1", "localhost")
    routes["/a"] = noting(answer(b"", 302, Location=f"{other}/b"))
    routes["/b"] = noting(answer(PHOTO))
    named = address.replace("http://", "http://me:secret@") + "/a"
    assert opener.read(named).data == PHOTO
    assert seen == {"/a": "Basic bWU6c2VjcmV0", "/b": None}
    db = posesearch.open(tmp_path / "poses.duckdb")
    assert db.ingest(named, allow_private=True).ingested == 1
    routes["/a"] = answer(b"", 403)
    said = str([one.as_json() for one in db.ingest(named, allow_private=True, strict=True).rejected])
    assert "403" in said
    assert "secret" not in said
    assert b"secret" not in Path(db.path).read_bytes()


def test_credentials_are_sent_as_they_were_meant(server: Server, opener: SourceReader) -> None:
    address, routes = server
    seen: list[str | None] = []

    def noting(handler: http.server.BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["Authorization"])
        answer(PHOTO if handler.path == "/b" else b"", 200 if handler.path == "/b" else 302, Location=f"{address}/b")(
            handler
        )

    routes["/a"] = routes["/b"] = noting
    assert opener.read(address.replace("http://", "http://us%40er:p%3Aw@") + "/a").data == PHOTO
    assert seen == ["Basic " + base64.b64encode(b"us@er:p:w").decode()] * 2


@pytest.mark.slow
def test_a_missing_address_that_fails_is_not_back(server: Server, db: Database, toy: Toy) -> None:
    address, routes = server

    def unchanged(handler: http.server.BaseHTTPRequestHandler) -> None:
        answer(b"", 304)(handler)

    routes["/x"] = sequence(answer(PHOTO, ETag='"v"'), answer(b"", 404), answer(b"", 403), unchanged)
    missing = "SELECT count(missing_since) FROM snapshots"
    counts = []
    for _ in range(4):
        db.ingest(f"{address}/x", allow_private=True)
        counts.append(db.sql(missing).rows[0][0])
    assert counts == [0, 1, 1, 0]


@pytest.mark.slow
def test_a_rejected_address_that_has_not_changed_is_rejected_again(server: Server, db: Database, toy: Toy) -> None:
    address, routes = server
    routes["/x"] = sequence(answer(toy_photo(people=0), ETag='"v"'), answer(b"", 304))
    for _ in range(2):
        assert [one.reason for one in db.ingest(f"{address}/x", allow_private=True).rejected] == ["no_person"]
    assert toy.calls == 1


@pytest.mark.slow
def test_ctrl_c_does_not_wait_for_servers(server: Server, db: Database, toy: Toy, tmp_path: Path) -> None:
    address, routes = server
    named = [f"{address}/{number}" for number in range(6)]
    routes.update({f"/{number}": trickling for number in range(6)})
    code = f"""
import posesearch
print("begun", flush=True)
print(posesearch.open({db.path!r}).ingest({named!r}, allow_private=True).interrupted)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(2.5)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    assert out == "True\n"


@pytest.mark.slow
def test_what_has_not_changed_is_not_sent_again(server: Server, db: Database, toy: Toy) -> None:
    address, routes = server
    sent: list[int] = []

    def route(handler: http.server.BaseHTTPRequestHandler) -> None:
        known = handler.headers["If-None-Match"] == '"v1"'
        sent.append(304 if known else 200)
        answer(b"" if known else PHOTO, 304 if known else 200, ETag='"v1"')(handler)

    routes["/x"] = route
    assert db.ingest(f"{address}/x", allow_private=True).ingested == 1
    assert db.ingest(f"{address}/x", allow_private=True).unchanged == 1
    assert db.ingest(f"{address}/x", allow_private=True, strict=True).ingested == 1  # the rule has changed
    assert sent == [200, 304, 200]


@pytest.mark.slow
def test_an_address_that_fails_today_keeps_its_photo(server: Server, db: Database, toy: Toy) -> None:
    address, routes = server
    routes["/x"] = sequence(answer(PHOTO), answer(b"", 403), answer(b"", 410))
    db.ingest(f"{address}/x", allow_private=True)
    assert [one.reason for one in db.ingest(f"{address}/x", allow_private=True).rejected] == ["download_failed"]
    assert db.sql("SELECT status, missing_since IS NULL FROM snapshots").rows == (("ingested", True),)
    assert db.ingest(f"{address}/x", allow_private=True).missing == 1
    assert db.sql("SELECT status, missing_since IS NULL FROM snapshots").rows == (("ingested", False),)


@pytest.mark.slow
def test_a_host_gets_few_requests_at_once(server: Server, db: Database, toy: Toy) -> None:
    address, routes = server
    lock, now, most = threading.Lock(), 0, 0
    together = threading.Barrier(downloads.PER_HOST)

    def route(handler: http.server.BaseHTTPRequestHandler) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(10)  # fails unless PER_HOST requests arrive
        with lock:
            now -= 1
        answer(toy_photo(wrist=int(handler.path[1:])))(handler)

    for number in range(12):
        routes[f"/{number}"] = route
    assert db.ingest([f"{address}/{number}" for number in range(12)], allow_private=True).ingested == 12
    assert most == downloads.PER_HOST


def test_closing_breaks_off_what_is_being_read(server: Server, opener: SourceReader) -> None:
    address, routes = server
    routes["/x"] = lambda _: time.sleep(20)
    failed: list[PhotoError] = []

    def read() -> None:
        try:
            opener.read(f"{address}/x")
        except PhotoError as error:
            failed.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(0.2)
    opener.close()
    thread.join(5)
    assert len(failed) == 1


def test_validators_are_told(server: Server, opener: SourceReader) -> None:
    address, routes = server
    routes["/x"] = answer(PHOTO, ETag='"v"', Last_Modified="Mon, 02 Nov 2026 10:00:00 GMT")
    content = opener.read(f"{address}/x")
    assert content.validators == Validators('"v"', "Mon, 02 Nov 2026 10:00:00 GMT")
    assert (content.size, content.modified_ns) == (len(PHOTO), None)
