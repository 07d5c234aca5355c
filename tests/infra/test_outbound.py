"""Outgoing calls against real servers on loopback, most of them hostile."""

from __future__ import annotations

import datetime
import gzip
import ipaddress
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from skillyard import __version__
from skillyard.infra.outbound import AddressNotAllowed, Bounds, CallFailed, Outbound
from skillyard.public_addresses import reach_of, read_allow_list

SHORT = Bounds(total_s=1.0, phase_s=0.4, max_bytes=10_000, max_redirects=3)


class Hostile(BaseHTTPRequestHandler):
    """Answers by the path; notes what it was asked."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        type(self).seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        kind, _, rest = self.path.lstrip("/").partition("/")
        getattr(self, f"_{kind}")(rest)

    def do_POST(self) -> None:
        self.do_GET()

    def _ok(self, rest: str) -> None:
        self._send(200, b'{"hello": "world"}')

    def _to(self, rest: str) -> None:
        self._send(302, b"", ("Location", rest))

    def _huge(self, rest: str) -> None:
        self._send(200, b"x" * 100_000)

    def _endless(self, rest: str) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        except OSError:
            self.close_connection = True

    def _slow(self, rest: str) -> None:
        """A byte now and then: no single wait is long, all of them together are."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            for _ in range(100):
                self.wfile.write(b"x")
                time.sleep(0.1)
        except OSError:
            self.close_connection = True

    def _silent(self, rest: str) -> None:
        time.sleep(2)
        self.close_connection = True

    def _headers(self, rest: str) -> None:
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            for _ in range(100):
                self.wfile.write(b"x")
                time.sleep(0.1)
        except OSError:
            self.close_connection = True

    def _bomb(self, rest: str) -> None:
        self._send(200, gzip.compress(b"\0" * 5_000_000), ("Content-Encoding", "gzip"))

    def _garbage(self, rest: str) -> None:
        self.wfile.write(b"\x00\x01\x02 not http\r\n\r\n")
        self.close_connection = True

    def _send(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (("Content-Length", str(len(body))), ("Set-Cookie", "a=b"), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Peer:
    """A running server."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.handler = type("Handler", (Hostile,), {"seen": []})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] (clients leave in the middle)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def seen(self) -> list[tuple[str, dict[str, str]]]:
        return self.handler.seen  # type: ignore[attr-defined]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.close()


@pytest.fixture
def developing() -> Outbound:
    return Outbound(http_loopback=True, bounds=SHORT)


def test_an_answer_comes_whole_and_says_who_asks(peer: Peer, developing: Outbound) -> None:
    assert developing.get_json(f"{peer.url}/ok") == {"hello": "world"}
    _, headers = peer.seen[0]
    assert headers["user-agent"] == f"skillyard/{__version__}"
    assert headers["accept-encoding"] == "identity"


def test_nothing_of_the_environment_is_used(
    peer: Peer, developing: Outbound, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    developing.get_json(f"{peer.url}/ok")
    developing.get_json(f"{peer.url}/ok")
    assert all("authorization" not in headers and "cookie" not in headers for _, headers in peer.seen)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.0.192", "192.0.2.1", "168.63.129.16",
        "198.18.0.1", "192.88.99.1", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1",
        "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a9fe:a9fe::", "2001:0:4136:e378::1",
        "2001:db8::1", "::127.0.0.1", "100::1",
    ],
)  # fmt: skip
def test_what_is_not_public_is_not_called(address: str) -> None:
    assert reach_of(ipaddress.ip_address(address)) != "public"
    with pytest.raises(AddressNotAllowed) as refused:
        Outbound(resolver=lambda host: [address], bounds=SHORT).request("GET", "https://evil.example/")
    assert address not in refused.value.message
    assert "SKILLYARD_OUTBOUND_ALLOW" in refused.value.advice


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:8.8.8.8"])
def test_public_addresses_are(address: str) -> None:
    assert reach_of(ipaddress.ip_address(address)) == "public"


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    outbound = Outbound(resolver=lambda host: ["93.184.216.34", "10.0.0.1"], bounds=SHORT)
    with pytest.raises(AddressNotAllowed):
        outbound.request("GET", "https://both.example/")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "2130706433", "0x7f000001", "127.1", "0177.0.0.1", "localhost", "[::ffff:7f00:1]"]
)
def test_no_spelling_of_this_machine_gets_through(host: str) -> None:
    for scheme in ("http", "https"):
        with pytest.raises((AddressNotAllowed, CallFailed)):
            Outbound(bounds=SHORT).request("GET", f"{scheme}://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "//example.org/",
        "https://user:secret@example.org/", "https://exa\nmple.org/", "https://example.org\\@evil.example/",
        "https:///path", "https://[::1%25eth0]/", "https://example.org:99999/", "https://exämple.org/",
        "https://" + "a" * 3000,
    ],
)  # fmt: skip
def test_only_plain_https_addresses_are_called(url: str) -> None:
    with pytest.raises(AddressNotAllowed) as refused:
        Outbound(resolver=lambda host: ["93.184.216.34"], bounds=SHORT).request("GET", url)
    assert "secret" not in refused.value.message
    assert "\n" not in refused.value.message


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(peer: Peer) -> None:
    """DNS rebinding: the second answer would be another machine, but nobody asks a second time."""
    asked: list[str] = []

    def rebinding(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    answer = Outbound(http_loopback=True, resolver=rebinding, bounds=SHORT).request(
        "GET", f"http://rebind.example:{peer.port}/ok"
    )
    assert answer.status == 200
    assert asked == ["rebind.example"]
    assert peer.seen[0][1]["host"] == f"rebind.example:{peer.port}"


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data/", "https://10.0.0.1/", "file:///etc/passwd", "http://[fe80::1]/"],
)
def test_a_redirect_inside_is_refused(peer: Peer, developing: Outbound, target: str) -> None:
    with pytest.raises(AddressNotAllowed):
        developing.request("GET", f"{peer.url}/to/{target}")
    assert len(peer.seen) == 1


@pytest.mark.parametrize("target", ["https://[", "//[x", "http://127.0.0.1:x/"])
def test_what_is_no_address_is_refused_wherever_it_comes_from(peer: Peer, developing: Outbound, target: str) -> None:
    with pytest.raises((CallFailed, AddressNotAllowed)):
        developing.request("GET", f"{peer.url}/to/{target}")
    with pytest.raises(CallFailed):
        Outbound(http_loopback=True).request("GET", f"{peer.url}/to/{target}")
    with pytest.raises(AddressNotAllowed):
        developing.request("GET", target)


def test_redirects_are_counted_and_none_is_the_default(peer: Peer, developing: Outbound) -> None:
    assert developing.request("GET", f"{peer.url}/to//to//to//ok").status == 200
    with pytest.raises(CallFailed):
        developing.request("GET", f"{peer.url}/to//to//to//to//ok")
    with pytest.raises(CallFailed):
        Outbound(http_loopback=True).request("GET", f"{peer.url}/to//ok")
    with pytest.raises(CallFailed):
        developing.request("POST", f"{peer.url}/to//ok", body=b"x")


def test_what_authorizes_stays_with_the_first_origin(peer: Peer, developing: Outbound) -> None:
    other = Peer()
    developing.request("GET", f"{peer.url}/to/{other.url}/ok", headers={"Authorization": "Bearer secret", "X-A": "1"})
    other.close()
    assert peer.seen[0][1]["authorization"] == "Bearer secret"
    assert "authorization" not in other.seen[0][1]
    assert other.seen[0][1]["x-a"] == "1"


@pytest.mark.parametrize("kind", ["huge", "endless"])
def test_a_body_is_cut_off_at_the_limit(peer: Peer, developing: Outbound, kind: str) -> None:
    with pytest.raises(CallFailed, match="larger than 10000 bytes"):
        developing.request("GET", f"{peer.url}/{kind}")


@pytest.mark.parametrize("kind", ["slow", "silent", "headers"])
def test_a_trickle_does_not_stretch_the_time(peer: Peer, developing: Outbound, kind: str) -> None:
    began = time.monotonic()
    with pytest.raises(CallFailed, match="in time"):
        developing.request("GET", f"{peer.url}/{kind}")
    assert time.monotonic() - began < 4


def test_no_single_wait_outlasts_the_whole(peer: Peer, developing: Outbound) -> None:
    began = time.monotonic()
    with pytest.raises(CallFailed, match="in time"):
        developing.request("GET", f"{peer.url}/silent", bounds=Bounds(total_s=0.3, phase_s=5.0))
    assert time.monotonic() - began < 4


def test_a_slow_look_up_is_given_up() -> None:
    def sleeping(host: str) -> list[str]:
        time.sleep(1)
        return ["93.184.216.34"]

    with pytest.raises(CallFailed, match="looked up in time"):
        Outbound(resolver=sleeping, bounds=SHORT).request("GET", "https://slow.example/")


def test_a_packed_body_is_not_unpacked(peer: Peer, developing: Outbound) -> None:
    with pytest.raises(CallFailed, match="packed"):
        developing.request("GET", f"{peer.url}/bomb")


def test_what_is_not_http_is_said_so(peer: Peer, developing: Outbound) -> None:
    with pytest.raises(CallFailed, match="does not speak HTTP"):
        developing.request("GET", f"{peer.url}/garbage")


def test_nobody_there_is_said_so(developing: Outbound) -> None:
    with pytest.raises(CallFailed, match="cannot be reached"):
        developing.request("GET", "http://127.0.0.1:1/")
    with pytest.raises(CallFailed, match="no such host"):
        Outbound(resolver=lambda host: [], bounds=SHORT).request("GET", "https://nobody.example/")


def _certified(tmp_path: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts of a server with a certificate for `name`, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "server.pem").write_bytes(pem + private)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "server.pem")
    client = ssl.create_default_context(cadata=pem.decode())
    return server, client


def test_over_https_the_name_is_checked_although_the_address_is_called(tmp_path: Path) -> None:
    server, trusting = _certified(tmp_path, "idp.internal")
    peer = Peer(server)
    options = {"allow": read_allow_list("127.0.0.0/8"), "resolver": lambda host: ["127.0.0.1"], "bounds": SHORT}
    assert Outbound(tls=trusting, **options).request("GET", f"https://idp.internal:{peer.port}/ok").status == 200
    with pytest.raises(CallFailed, match="certificate"):
        Outbound(tls=trusting, **options).request("GET", f"https://other.internal:{peer.port}/ok")
    with pytest.raises(CallFailed, match="certificate"):
        Outbound(**options).request("GET", f"https://idp.internal:{peer.port}/ok")
    peer.close()


def test_a_kept_connection_over_https_is_to_whom_it_was_checked_for(tmp_path: Path) -> None:
    serving, trusting = _certified(tmp_path, "idp.internal")
    peer = Peer(serving)
    outbound = Outbound(
        tls=trusting, resolver=lambda _: ["127.0.0.1"], allow=read_allow_list("idp.internal other.internal")
    )
    for _ in range(3):
        answer = outbound.pooled("GET", f"https://idp.internal:{peer.port}/ok", headers={}, may_repeat=True)
        assert answer.status == 200
    with pytest.raises(CallFailed, match="certificate") as failed:
        outbound.pooled("GET", f"https://other.internal:{peer.port}/ok", headers={}, may_repeat=True)
    assert not failed.value.was_sent
    outbound.close()
    peer.close()


def test_the_operator_lists_hosts_and_networks() -> None:
    allow = read_allow_list("idp.internal, 10.2.0.0/16 fd12::/16")
    inside = ipaddress.ip_address
    assert allow.admits("idp.internal", inside("192.168.1.1"))
    assert allow.admits("any.example", inside("10.2.3.4"))
    assert allow.admits("any.example", inside("::ffff:10.2.3.4"))
    assert allow.admits("any.example", inside("fd12::1"))
    assert not allow.admits("any.example", inside("10.3.0.1"))
    assert not allow.admits("evil-idp.internal", inside("192.168.1.1"))
    assert not allow.admits("idp.internal", inside("169.254.169.254"))
    with pytest.raises(ValueError, match="neither"):
        read_allow_list("https://idp.internal/")
