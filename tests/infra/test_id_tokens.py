"""ID tokens: genuine ones of a real provider, and what forgers make of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import JWKRegistry, RSAKey

from skillyard.infra.errors import Upstream
from skillyard.infra.id_tokens import IdTokenNotValid, IssuerNotTrusted, check_id_token
from skillyard.infra.issuer_keys import IssuerKeys, IssuerNotUnderstood
from skillyard.infra.outbound import Outbound
from tests.identity_provider import GITHUB_JOB, IdentityProvider

US = "http://127.0.0.1:8400"
OTHER = "https://other.example.org"


class CountingOutbound(Outbound):
    """The real door, and how often it was used."""

    def __init__(self) -> None:
        super().__init__(http_loopback=True)
        self.asked: list[str] = []

    def request(self, method: str, url: str, **options: Any) -> Any:
        self.asked.append(url)
        return super().request(method, url, **options)


@pytest.fixture
def outbound() -> CountingOutbound:
    return CountingOutbound()


@pytest.fixture
def seconds() -> list[float]:
    """What the monotonic clock of the key store shows."""
    return [1000.0]


@pytest.fixture
def keys(outbound: CountingOutbound, seconds: list[float]) -> IssuerKeys:
    return IssuerKeys(outbound, now=lambda: seconds[0])


@pytest.fixture
def check(keys: IssuerKeys, ci_system: IdentityProvider) -> Callable[..., Any]:
    def run(token: str, *, at_s: float | None = None, issuers: tuple[str, ...] = ()) -> Any:
        now_ms = int((at_s or time.time()) * 1000)
        return check_id_token(keys, token, audience=US, issuers=issuers or (ci_system.issuer,), now_ms=now_ms)

    return run


class Liar:
    """An issuer that signs whatever it is told, and lists its key where a real one would."""

    def __init__(self, *, bits: int = 2048) -> None:
        self._key = _rsa_key(bits)
        self.keys_document = json.dumps({"keys": [{**self._key.as_dict(private=False), "kid": "liar"}]}).encode()
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                document = {"issuer": liar.issuer, "jwks_uri": f"{liar.issuer}/keys"}
                body = liar.keys_document if self.path == "/keys" else json.dumps(document).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def sign(self, **changed: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": US, "iat": now, "exp": now + 300, "jti": "one", **changed}
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "liar"}, present, self._key)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def liar() -> Iterator[Liar]:
    liar = Liar()
    yield liar
    liar.close()


def _check(keys: IssuerKeys, token: str, issuer: Liar) -> Any:
    return check_id_token(keys, token, audience=US, issuers=[issuer.issuer], now_ms=int(time.time() * 1000))


def _rsa_key(bits: int = 2048) -> RSAKey:
    private = rsa.generate_private_key(65537, bits)
    encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return RSAKey.import_key(private.private_bytes(*encoding))


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    header, claims, signature = token.split(".")
    return json.loads(_unpacked(header)), json.loads(_unpacked(claims)), _unpacked(signature)


def _token(header: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    signed = f"{_packed(json.dumps(header).encode())}.{_packed(json.dumps(claims).encode())}"
    return f"{signed}.{_packed(sign(signed.encode()))}"


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_genuine_token_is_taken(check: Callable[..., Any], ci_system: IdentityProvider, algorithm: str) -> None:
    proof = check(ci_system.token(US, algorithm=algorithm, jti="once"))
    assert proof.issuer == ci_system.issuer
    assert proof.id == "once"
    assert {name: proof.claims[name] for name in GITHUB_JOB} == GITHUB_JOB


def test_a_changed_claim_breaks_the_signature(check: Callable[..., Any], ci_system: IdentityProvider) -> None:
    header, claims, signature = _parts(ci_system.token(US))
    forged = _token(header, {**claims, "repository": "evil/skills"}, lambda _: signature)
    with pytest.raises(IdTokenNotValid, match="signature"):
        check(forged)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256", "HS512", "RS384", "PS256", "", None, ["RS256"]])
def test_other_algorithms_are_refused(check: Callable[..., Any], ci_system: IdentityProvider, algorithm: Any) -> None:
    header, claims, _ = _parts(ci_system.token(US))
    with pytest.raises(IdTokenNotValid):
        check(_token({**header, "alg": algorithm}, claims, lambda _: b""))


def test_a_public_key_is_no_shared_secret(check: Callable[..., Any], ci_system: IdentityProvider) -> None:
    header, claims, _ = _parts(ci_system.token(US))
    listed = next(key for key in ci_system.listed_keys() if key["kid"] == header["kid"])
    key = JWKRegistry.import_key(listed)
    spellings = (key.as_pem(private=False), key.as_pem(private=False).strip(), json.dumps(listed).encode(), b"")
    for secret in spellings:
        forged = _token({**header, "alg": "HS256"}, claims, lambda text, s=secret: hmac.digest(s, text, hashlib.sha256))  # type: ignore[misc]
        with pytest.raises(IdTokenNotValid, match="not signed with one of"):
            check(forged)


def test_a_key_of_another_kind_does_not_fit(check: Callable[..., Any], ci_system: IdentityProvider) -> None:
    header, claims, signature = _parts(ci_system.token(US))
    other = next(key["kid"] for key in ci_system.listed_keys() if key["alg"] == "ES256")
    with pytest.raises(IdTokenNotValid, match="no such key"):
        check(_token({**header, "kid": other}, claims, lambda _: signature))


def test_a_key_that_the_token_brings_along_is_not_looked_at(
    check: Callable[..., Any], ci_system: IdentityProvider, outbound: CountingOutbound
) -> None:
    header, claims, _ = _parts(ci_system.token(US))
    own = _rsa_key()
    for lure in (
        {"jku": "http://127.0.0.1:9/keys"},
        {"x5u": "http://127.0.0.1:9/chain"},
        {"jwk": own.as_dict(private=False)},
        {"kid": "http://127.0.0.1:9/keys"},
        {"kid": "../../etc/passwd"},
    ):
        forged = jwt.encode({**header, **lure}, claims, own, algorithms=["RS256"])
        with pytest.raises(IdTokenNotValid):
            check(forged)
    assert {url.rpartition("/")[0] for url in outbound.asked} <= {ci_system.issuer, f"{ci_system.issuer}/.well-known"}


def test_critical_extensions_and_other_kinds_of_tokens_are_refused(
    check: Callable[..., Any], ci_system: IdentityProvider
) -> None:
    header, claims, signature = _parts(ci_system.token(US))
    for more in ({"crit": ["b64"], "b64": False}, {"typ": "at+jwt"}, {"typ": "logout+jwt"}, {"kid": None}):
        with pytest.raises(IdTokenNotValid, match="header"):
            check(_token({**header, **more}, claims, lambda _: signature))


@pytest.mark.parametrize(
    "audience", [OTHER, [US, OTHER], [OTHER], [], None, US + "/", US.upper(), US + ".evil.example", {US: 1}]
)
def test_a_token_for_others_too_is_refused(keys: IssuerKeys, liar: Liar, audience: Any) -> None:
    assert _check(keys, liar.sign(aud=[US]), liar)
    with pytest.raises(IdTokenNotValid, match="claim aud"):
        _check(keys, liar.sign(aud=audience), liar)


def test_a_token_for_another_registry_is_refused(check: Callable[..., Any], ci_system: IdentityProvider) -> None:
    with pytest.raises(IdTokenNotValid, match=f"not for {US} alone"):
        check(ci_system.token(OTHER))


def test_an_issuer_that_nobody_trusts_is_not_even_asked(
    check: Callable[..., Any], ci_system: IdentityProvider, outbound: CountingOutbound
) -> None:
    token = ci_system.token(US)
    for trusted in ("https://token.actions.githubusercontent.com", ci_system.issuer + "/", ci_system.issuer.upper()):
        with pytest.raises(IssuerNotTrusted):
            check(token, issuers=(trusted,))
    assert outbound.asked == []


def test_an_issuer_near_the_address_of_a_trusted_one_is_another_one(keys: IssuerKeys, liar: Liar) -> None:
    """The document that is found must say that it is of this very issuer."""
    for near in (
        f"{liar.issuer}/",
        f"{liar.issuer}/evil",
        liar.issuer.replace("127.0.0.1", "localhost"),
        None,
        [liar.issuer],
    ):
        with pytest.raises(IssuerNotTrusted):
            _check(keys, liar.sign(iss=near), liar)
    elsewhere = f"{liar.issuer}/evil"
    with pytest.raises(IssuerNotUnderstood, match="of another issuer"):
        check_id_token(keys, liar.sign(iss=elsewhere), audience=US, issuers=[elsewhere], now_ms=int(time.time() * 1000))


@pytest.mark.parametrize("keys_document", [b"[]", b'{"keys": 7}', b"not json", b'{"keys": [7, {}, {"kid": "a"}]}'])
def test_keys_that_cannot_be_read_are_told(keys: IssuerKeys, liar: Liar, keys_document: bytes) -> None:
    liar.keys_document = keys_document
    with pytest.raises(Upstream):
        _check(keys, liar.sign(), liar)


@pytest.mark.parametrize("changed", [{"exp": True}, {"exp": "never"}, {"exp": None}, {"iat": None}, {"nbf": []}])
def test_times_that_are_none_are_refused(keys: IssuerKeys, liar: Liar, changed: dict[str, Any]) -> None:
    with pytest.raises(IdTokenNotValid, match="time"):
        _check(keys, liar.sign(**changed), liar)


def test_a_weak_key_is_not_believed(keys: IssuerKeys, ci_system: IdentityProvider) -> None:
    liar = Liar(bits=1024)
    with pytest.raises((IdTokenNotValid, Upstream)):
        _check(keys, liar.sign(), liar)
    liar.close()


def test_a_token_counts_in_its_time_only(check: Callable[..., Any], ci_system: IdentityProvider) -> None:
    now = time.time()
    token = ci_system.token(US, expires_in=300)
    assert check(token, at_s=now + 300 + 30)
    with pytest.raises(IdTokenNotValid, match="expired"):
        check(token, at_s=now + 300 + 90)
    with pytest.raises(IdTokenNotValid, match="not valid yet"):
        check(token, at_s=now - 120)
    with pytest.raises(IdTokenNotValid, match="not valid yet"):
        check(ci_system.token(US, nbf=int(now) + 600))
    with pytest.raises(IdTokenNotValid, match="longer than a day"):
        check(ci_system.token(US, expires_in=10 * 24 * 3600))


@pytest.mark.parametrize("changed", [{"jti": None}, {"jti": ""}, {"jti": 7}, {"jti": "x" * 300}])
def test_a_token_without_what_makes_it_unique_is_refused(
    check: Callable[..., Any], ci_system: IdentityProvider, changed: dict[str, Any]
) -> None:
    token = ci_system.token(US, **changed)
    with pytest.raises(IdTokenNotValid, match="claim jti"):
        check(token)


@pytest.mark.parametrize(
    "text", ["", "a.b.c", "..", "x" * 20_000, "eyJhbGciOiJSUzI1NiJ9.bnVsbA.", "€.€.€", "a.b", "W10.W10.x"]
)
def test_what_is_no_token_is_refused_and_not_repeated(check: Callable[..., Any], text: str) -> None:
    with pytest.raises(IdTokenNotValid) as refused:
        check(text)
    assert len(refused.value.message) < 200
    assert refused.value.advice


def test_keys_are_asked_for_once(
    check: Callable[..., Any], ci_system: IdentityProvider, outbound: CountingOutbound, seconds: list[float]
) -> None:
    for _ in range(3):
        check(ci_system.token(US))
    assert len(outbound.asked) == 2
    seconds[0] += 3601
    check(ci_system.token(US))
    assert len(outbound.asked) == 4


def test_new_keys_of_the_issuer_are_found_and_old_ones_forgotten(
    check: Callable[..., Any], ci_system: IdentityProvider, outbound: CountingOutbound, seconds: list[float]
) -> None:
    before = ci_system.token(US)
    check(before)
    ci_system.rotate()
    seconds[0] += 31
    check(ci_system.token(US))
    assert len(outbound.asked) == 4
    with pytest.raises(IdTokenNotValid, match="no such key"):
        check(before)


def test_made_up_key_ids_do_not_make_us_ask_again_and_again(
    check: Callable[..., Any], ci_system: IdentityProvider, outbound: CountingOutbound, seconds: list[float]
) -> None:
    header, claims, signature = _parts(ci_system.token(US))
    for number in range(20):
        seconds[0] += 1
        with pytest.raises(IdTokenNotValid):
            check(_token({**header, "kid": f"made-up-{number}"}, claims, lambda _: signature))
    assert len(outbound.asked) == 2
    assert check(ci_system.token(US))


def test_an_issuer_that_is_down_is_told_and_not_asked_at_once(
    keys: IssuerKeys, outbound: CountingOutbound, seconds: list[float]
) -> None:
    for _ in range(3):
        with pytest.raises(Upstream):
            keys.find("http://127.0.0.1:1", "any")
    assert len(outbound.asked) == 1
