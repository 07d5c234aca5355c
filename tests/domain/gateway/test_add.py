"""Any OpenAPI document becomes an integration: added, called against a real API, described anew, removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import AdministratorsOnly
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.call import call
from skillyard.domain.gateway.calls.call_errors import ParamsInvalid
from skillyard.domain.gateway.calls.call_model import CallRequest
from skillyard.domain.gateway.catalog.add import add_integration, preview, remove_integration
from skillyard.domain.gateway.catalog.added import Added
from skillyard.domain.gateway.catalog.catalog_errors import (
    IntegrationNameNotAcceptable,
    IntegrationNameTaken,
    IntegrationNotFound,
    OpenApiNotAcceptable,
)
from skillyard.domain.gateway.catalog.integration import OAuth, Way
from skillyard.domain.gateway.catalog.lookup import find_integration, list_integrations
from skillyard.domain.gateway.catalog.openapi.choices import Choices
from skillyard.domain.gateway.connect.clients import get_client, set_client
from skillyard.domain.gateway.connect.connection_errors import ReconnectRequired
from skillyard.domain.gateway.connect.connections import add_key
from skillyard.infra.envelope import Secret
from skillyard.infra.outbound import AddressNotAllowed, CallFailed
from tests.domain.gateway.openapi.documents_of_tests import a_document
from tests.makers import a_person, make_app
from tests.peers.pet_shop import PetShop, a_pet_shop, pet_document

NOTHING = Choices()


@pytest.fixture
def app(tmp_path: Path) -> App:
    return make_app(tmp_path, outbound_http_loopback=True)


@pytest.fixture
def shop() -> Iterator[PetShop]:
    with a_pet_shop() as shop:
        yield shop


@pytest.fixture
def root(app: App) -> Caller:
    """The first person of a registry is its administrator."""
    return a_person(app, "grace")


def added(app: App, caller: Caller, document: bytes | None = None, *, url: str = "", **choices: Any) -> Added:
    return add_integration(app, caller, slug="pets", document=document, url=url, choices=Choices(**choices))


def ask(app: App, caller: Caller, endpoint: str, **params: Any) -> Any:
    return call(app, caller, CallRequest(integration="pets", endpoint=endpoint, params=params, request_id="req_1"))


def test_a_document_at_an_address_is_added_and_its_api_called(app: App, root: Caller, shop: PetShop) -> None:
    ada = a_person(app)
    made = added(app, root, url=f"{shop.url}/openapi.json?token=hidden", renames={"makePet": "create_pet"})
    assert made.integration.version == 1
    assert made.integration.origin.url == f"{shop.url}/openapi.json"
    assert any("photo" in note for note in made.notes)
    add_key(app, ada, integration="pets", secrets={"secret": Secret("key-of-ada")}, variables={}, label="")
    with pytest.raises(ParamsInvalid):
        ask(app, ada, "create_pet", kind="cat")
    created = ask(app, ada, "create_pet", name="Tom", kind="cat", tags=["grey", "old"])
    assert (created.status, created.data) == (201, {"id": 1, "name": "Tom", "kind": "cat", "tags": ["grey", "old"]})
    listed = ask(app, ada, "list_pets", tags=["grey", "old"], limit=1)
    assert [pet["name"] for pet in listed.data["items"]] == ["Tom"]
    assert listed.meta.version == 1
    assert ask(app, ada, "get_pet", petId=1).data["name"] == "Tom"
    assert ask(app, ada, "get_pet", petId=2).status == 404
    assert shop.keys == {"key-of-ada"}


def test_its_cursor_leads_to_the_next_page(app: App, root: Caller, shop: PetShop) -> None:
    added(app, root, pet_document(shop.url))
    ada = a_person(app)
    add_key(app, ada, integration="pets", secrets={"secret": Secret("key-of-ada")}, variables={}, label="")
    for name in ("Tom", "Kit", "Mog"):
        ask(app, ada, "make_pet", name=name)
    first = ask(app, ada, "list_pets", limit=2)
    assert first.meta.page == {"cursor": "2"}
    last = ask(app, ada, "list_pets", limit=2, **first.meta.page)
    assert ([pet["name"] for pet in last.data["items"]], last.meta.page) == (["Mog"], None)


def test_a_preview_adds_nothing(app: App, root: Caller) -> None:
    shown = preview(app, root, slug="pets", document=pet_document("https://api.example.com"), url="", choices=NOTHING)
    assert "list_pets" in shown.integration.endpoints
    with pytest.raises(IntegrationNotFound):
        find_integration(app, "pets")


def test_each_description_is_a_version_of_its_own_and_events_tell_of_it(app: App, root: Caller) -> None:
    assert added(app, root, pet_document("https://api.example.com")).integration.version == 1
    assert added(app, root, pet_document("https://api.example.com"), only=("listPets",)).integration.version == 2
    assert list(find_integration(app, "pets").endpoints) == ["list_pets"]
    remove_integration(app, root, slug="pets")
    with pytest.raises(IntegrationNotFound):
        remove_integration(app, root, slug="pets")
    assert "pets" not in [one.slug for one in list_integrations(app)]
    assert added(app, root, pet_document("https://api.example.com")).integration.version == 3
    with app.database.reading() as tx:
        kinds = [row["kind"] for row in tx.all("SELECT kind FROM events WHERE kind LIKE 'integration.%'")]
    assert kinds == ["integration.added", "integration.added", "integration.removed", "integration.added"]


def test_only_administrators_add_and_remove(app: App, root: Caller) -> None:
    ada = a_person(app)
    with pytest.raises(AdministratorsOnly):
        added(app, ada, pet_document("https://api.example.com"))
    with pytest.raises(AdministratorsOnly):
        preview(app, ada, slug="pets", document=b"", url="", choices=NOTHING)
    with pytest.raises(AdministratorsOnly):
        remove_integration(app, ada, slug="pets")


@pytest.mark.parametrize("slug", ["github", "google-drive"])
def test_what_comes_with_the_registry_is_neither_shadowed_nor_removed(app: App, root: Caller, slug: str) -> None:
    with pytest.raises(IntegrationNameTaken):
        add_integration(app, root, slug=slug, document=pet_document("https://api.example.com"), url="", choices=NOTHING)
    with pytest.raises(IntegrationNameTaken):
        remove_integration(app, root, slug=slug)


@pytest.mark.parametrize("slug", ["", "Pets", "../pets", "a--b", "-a", "a" * 41, "p\u00e9ts", "a\n", "{most}"])
def test_a_name_that_is_none_is_refused(app: App, root: Caller, slug: str) -> None:
    with pytest.raises(IntegrationNameNotAcceptable):
        add_integration(app, root, slug=slug, document=pet_document("https://a.example"), url="", choices=NOTHING)


@pytest.mark.parametrize(
    "host",
    [
        "https://10.0.0.1",
        "https://169.254.169.254/latest",
        "https://[fe80::1]",
        "https://[fd00::1]:8443",
        "http://10.0.0.1",
    ],
)
def test_an_api_at_a_private_address_is_refused(app: App, root: Caller, host: str) -> None:
    with pytest.raises(AddressNotAllowed):
        added(app, root, pet_document(host))


def test_the_operator_may_allow_a_private_address(tmp_path: Path) -> None:
    app = make_app(tmp_path, outbound_allow="10.0.0.1")
    made = added(app, a_person(app), pet_document("https://10.0.0.1"))
    assert made.integration.base_url == "https://10.0.0.1"


def test_a_private_address_to_sign_in_is_refused(app: App, root: Caller) -> None:
    flow = {"authorizationUrl": "https://192.0.2.1/x", "tokenUrl": "https://10.0.0.1/token", "scopes": {}}
    schemes = {"people": {"type": "oauth2", "flows": {"authorizationCode": flow}}}
    document = a_document({"/x": {"get": {"operationId": "it"}}}, components={"securitySchemes": schemes})
    with pytest.raises(AddressNotAllowed):
        added(app, root, orjson.dumps(document))


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "https://169.254.169.254/", "ftp://example.com/x", "what"])
def test_a_document_is_fetched_from_public_addresses_only(app: App, root: Caller, url: str) -> None:
    with pytest.raises((AddressNotAllowed, OpenApiNotAcceptable)):
        added(app, root, url=url)


def test_an_address_without_a_document_is_refused(app: App, root: Caller, shop: PetShop) -> None:
    with pytest.raises(OpenApiNotAcceptable, match="404"):
        added(app, root, url=f"{shop.url}/nothing")


@pytest.mark.parametrize("data", [b"", b"[]", b"<html>", b"openapi: 3.0.0", b'{"openapi": "3.0.0", "paths": {}}'])
def test_what_is_no_document_is_refused_with_what_to_do(app: App, root: Caller, data: bytes) -> None:
    with pytest.raises(OpenApiNotAcceptable) as raised:
        added(app, root, data)
    assert raised.value.advice


def test_a_document_that_breaks_whoever_reads_it_breaks_nothing_else(app: App, root: Caller) -> None:
    """So many brackets overflow the stack of the YAML library, which takes its process with it."""
    with pytest.raises(OpenApiNotAcceptable):
        added(app, root, b"[" * 1_000_000)
    assert added(app, root, pet_document("https://api.example.com")).integration.version == 1


def test_an_answer_without_end_is_not_waited_for(app: App, root: Caller, shop: PetShop) -> None:
    with pytest.raises(CallFailed, match="larger than"):
        added(app, root, url=f"{shop.url}/endless")


def test_keys_that_were_given_for_one_host_are_shown_to_no_other(app: App, root: Caller, shop: PetShop) -> None:
    added(app, root, pet_document(shop.url))
    ada = a_person(app)
    add_key(app, ada, integration="pets", secrets={"secret": Secret("key-of-ada")}, variables={}, label="")
    added(app, root, pet_document(shop.url), only=("listPets",))
    assert ask(app, ada, "list_pets").status == 200, "at the same host they are good"
    with a_pet_shop() as other:
        added(app, root, pet_document(other.url))
        with pytest.raises(ReconnectRequired):
            ask(app, ada, "list_pets")
        remove_integration(app, root, slug="pets")
        added(app, root, pet_document(other.url))
        with pytest.raises(ReconnectRequired):
            ask(app, ada, "list_pets")
        assert other.keys == set()


def test_a_client_that_was_registered_at_one_service_is_not_shown_to_another(app: App, root: Caller) -> None:
    def signing_in_at(host: str) -> Way:
        return Way(
            kind="oauth2", oauth=OAuth(authorize_url=f"https://{host}/authorize", token_url=f"https://{host}/token")
        )

    pets = pet_document("https://1.1.1.1")
    added(app, root, pets, ways=(signing_in_at("1.1.1.1"),))
    set_client(app, root, integration="pets", client_id="us", client_secret=Secret("client-secret"))
    again = added(app, root, pets, ways=(signing_in_at("1.1.1.1"),), only=("listPets",))
    assert not any("client" in note for note in again.notes)
    assert get_client(app, root, integration="pets").source == "stored"
    moved = added(app, root, pets, ways=(signing_in_at("1.0.0.1"),))
    assert "skillyard integrations client pets" in moved.notes[-1]
    assert get_client(app, root, integration="pets").source != "stored"
