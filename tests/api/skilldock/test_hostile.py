"""What no client of SkillDock's sends: it is refused in its dialect, on both databases, without a fault of ours."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from skillyard.api.asgi import build_asgi
from skillyard.api.native.documents import Documents
from skillyard.app import App
from tests.api.asgi import Answer, call
from tests.makers import a_person, a_release, an_organization, secret_of

SKILL = "/skilldock/v1/skills/acme/pdf"


class Sender:
    """A member of the namespace acme, with one skill in it."""

    def __init__(self, app: App) -> None:
        self.app = app
        owner = an_organization(app, a_person(app, "ada"), "acme")
        a_release(app, owner, "acme/pdf")
        self.token = secret_of(owner)
        self.stranger = secret_of(a_person(app, "eve"))
        self.site = build_asgi(app, Documents(app))

    def send(self, method: str, path: str, body: Any = b"", **headers: str) -> Answer:
        """`body`: bytes as they are, else JSON."""
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        headers.setdefault("authorization", f"Bearer {self.token}")
        headers.setdefault("content-type", "application/json")
        return call(self.site, method, path, headers=headers, chunks=[data])


@pytest.fixture
def sender(each_app: App) -> Sender:
    return Sender(each_app)


def refused(answer: Answer, *statuses: int) -> None:
    assert answer.status in statuses, answer.body
    said = answer.json()
    assert said["message"]
    assert said["code"]
    assert said["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/skilldock/v1/skills/a%00b/c"),
        ("GET", "/skilldock/v1/skills/acme/%00"),
        ("GET", "/skilldock/v1/skills/../../etc/passwd"),
        ("GET", "/skilldock/v1/skills/acme/..%2f..%2fpdf"),
        ("GET", f"/skilldock/v1/skills/acme/{'x' * 5000}"),
        ("GET", f"{SKILL}/releases/%00"),
        ("GET", f"{SKILL}/releases/..%2f1.0.0/download"),
        ("GET", f"{SKILL}/releases/{'9' * 400}.0.0"),
        ("GET", f"{SKILL}/releases/1.0.0%0a/download"),
        ("GET", "/skilldock/v1/user/%00"),
        ("GET", "/skilldock/v1/user/%ED%A0%80"),
        ("GET", "/skilldock/v1/skill-purchases/invoices/%00"),
        ("GET", "/skilldock/auth/cli/sessions/%00.%00"),
        ("GET", "/skilldock/auth/cli/sessions/" + "." * 300),
        ("DELETE", "/skilldock/v1/tokens/%00"),
        ("GET", "/skilldock/"),
        ("GET", "/skilldock"),
    ],
)
def test_names_that_cannot_be_lead_nowhere(sender: Sender, method: str, path: str) -> None:
    refused(sender.send(method, path), 404)


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "per_page=0", "per_page=101", "page=x", "page=1e9", "page=99999"]
)
def test_pages_that_cannot_be_are_refused(sender: Sender, query: str) -> None:
    for path in ("/skilldock/v1/me/namespaces", f"{SKILL}/releases", "/skilldock/v1/me/sales"):
        refused(sender.send("GET", f"{path}?{query}"), 422)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b"[" * 100_000, b'{"slug": 1}', b'{"slug": null}', b"{}"]
)
def test_a_body_that_is_not_what_is_asked_for_is_refused(sender: Sender, body: bytes) -> None:
    refused(sender.send("POST", "/skilldock/v1/namespaces", body), 400, 422)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/skilldock/v1/namespaces", {"slug": "a\x00b"}),
        ("/skilldock/v1/namespaces", {"slug": "fine", "kind": "person"}),
        ("/skilldock/v1/tokens", {"scopes": []}),
        ("/skilldock/v1/tokens", {"scopes": ["read"] * 1000}),
        ("/skilldock/v1/tokens", {"expires_in_days": 1.5}),
        ("/skilldock/v1/tokens", {"expires_in_days": 2**62}),
        ("/skilldock/v1/tokens", {"name": "a\nb"}),
        ("/skilldock/v2/search", {"query": "x" * 501}),
        ("/skilldock/v2/search", {"query": ["x"]}),
        ("/skilldock/v2/search", {"max_num_results": 0}),
        (f"{SKILL}/prices", {"pricing_mode": "auction", "price_usd": "1.00"}),
        (f"{SKILL}/prices", {"pricing_mode": "fixed_ton", "price_ton": "0.0000000001"}),
        ("/skilldock/v1/me/payout-requests", {"amount_usd": "25.00", "payout_method_kind": "cash"}),
        ("/skilldock/v1/me/payout-methods/ton", {"ton_wallet_address": "\x00"}),
    ],
)
def test_values_that_cannot_be_are_refused(sender: Sender, path: str, body: Any) -> None:
    refused(sender.send("POST", path, body), 422)


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\u202e", "'; DROP TABLE skills; --", "🦊" * 50])
def test_text_of_any_kind_breaks_nothing(sender: Sender, text: str) -> None:
    assert sender.send("POST", "/skilldock/v2/search", {"query": text}).status == 200
    buying = {"payment_provider": text[:100], "referral_code": text[:100]}
    refused(sender.send("POST", f"{SKILL}/buy", buying), 409, 422)
    assert sender.send("PATCH", f"{SKILL}/commerce", {"is_for_sale": True}).status == 200
    selling = sender.send("PATCH", f"{SKILL}/commerce", {"selling_description_md": text})
    assert selling.status in (200, 422), selling.body
    sender.send("POST", f"{SKILL}/prices", {"pricing_mode": "fixed_usd", "price_usd": "29.00"})
    referred = {"referral_code": text[:100]}
    eve = f"Bearer {sender.stranger}"
    refused(sender.send("POST", f"{SKILL}/buy", referred, authorization=eve), 422)
    refused(sender.send("POST", "/skilldock/v1/me/payout-methods/stripe", {"stripe_account_id": text}), 404, 422)


@pytest.mark.parametrize("token", ["", "x", "Bearer", "sky_pt_", "eyJ.eyJ.x", "a.b.c", "\x7f", "x" * 9000])
def test_a_token_that_is_none_is_refused(sender: Sender, token: str) -> None:
    refused(sender.send("GET", "/skilldock/v1/tokens", authorization=f"Bearer {token}"), 401)
    refused(sender.send("GET", SKILL, authorization=f"Bearer {token}"), 401)
    refused(sender.send("GET", SKILL, authorization=f"Basic {token}"), 401)


@pytest.mark.parametrize("host", ["evil.example/path", "a b", "x" * 300, "user@host", "host:99999999", "<script>"])
def test_a_host_that_is_none_is_not_repeated(sender: Sender, host: str) -> None:
    answer = sender.send("GET", f"{SKILL}/releases/1.0.0", host=host)
    assert answer.json()["release"]["download_url"].startswith(f"{sender.app.settings.address}/skilldock/")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("multipart/form-data; boundary=x", b""),
        ("application/zip", b"PK\x03\x04"),
        ("application/json", b"{}"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\ncontent-disposition: form-data; name="file"\r\n\r\ntext\r\n--x--\r\n',
        ),
    ],
)
def test_an_upload_without_a_file_is_refused(sender: Sender, kind: str, body: bytes) -> None:
    refused(sender.send("POST", f"{SKILL}/releases", body, **{"content-type": kind}), 400, 422)


def test_an_upload_that_never_ends_is_refused(sender: Sender) -> None:
    answer = sender.send("POST", f"{SKILL}/releases", b"x", **{"content-length": str(10**12)})
    refused(answer, 413)
