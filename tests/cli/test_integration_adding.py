"""`skillyard integrations add`: from the document of a real API to a call, without a line of code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.running import User, a_server, sign_in
from tests.peers.pet_shop import PetShop, a_pet_shop, pet_document


@pytest.fixture(scope="module")
def shop() -> Iterator[PetShop]:
    with a_pet_shop() as shop:
        yield shop


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """The first person of a registry, who is its administrator."""
    folder = tmp_path_factory.mktemp("adding")
    with a_server(folder / "server", worker=False, outbound_http_loopback="true") as server:
        yield sign_in(server, folder / "ada", "ada")


def test_an_address_becomes_an_integration_that_is_called(ada: User, shop: PetShop) -> None:
    openapi = f"{shop.url}/openapi.json"
    shown = ada.run("integrations", "add", "pets", "--openapi", openapi, "--dry-run")
    assert "list_pets\tread\t\tList Pets" in shown.stdout
    assert "multipart/form-data" in shown.stderr
    assert "Nothing was added." in shown.stderr
    ada.run("integrations", "show", "pets", expect=1)
    ada.run("integrations", "add", "pets", "--openapi", openapi, "--rename", "makePet=create_pet")
    ada.run("connections", "key", "pets", stdin="key-of-ada\n")
    ada.run("call", "pets.create_pet", "name=Tom")
    assert ada.data("call", "pets.list_pets")["data"]["items"][0]["name"] == "Tom"
    assert shop.keys == {"key-of-ada"}
    assert "create_pet\twrite\tname\t" in ada.run("integrations", "show", "pets").stdout


def test_a_file_is_taken_with_a_choice_of_operations_and_a_way_to_sign_in(ada: User, shop: PetShop) -> None:
    ada.project.mkdir(parents=True, exist_ok=True)
    Path(ada.project / "openapi.json").write_bytes(pet_document(shop.url))
    add = ("integrations", "add", "shop", "--openapi", "openapi.json", "--only", "GET /pets*", "--title", "The shop")
    added = ada.data(*add, "--key-header", "Authorization: Token {secret}")
    assert (added["title"], added["ways"]) == ("The shop", [{"kind": "api_key", "hint": ""}])
    assert [one["name"] for group in added["groups"] for one in group["endpoints"]] == ["list_pets", "get_pet"]
    again = ada.data(
        *add, "--oauth", "https://1.1.1.1/authorize https://1.1.1.1/token pets:read"
    )  # looked at, and not called
    assert (again["version"], again["ways"][0]["kind"]) == (2, "oauth2")
    ada.run("integrations", "remove", "shop")
    ada.run("integrations", "show", "shop", expect=1)
    ada.run("integrations", "remove", "shop", expect=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--openapi", "nowhere.json"], "cannot be read"),
        (["--openapi", "-", "--rename", "a"], "is not old=new"),
        (["--openapi", "-", "--key-header", "a", "--key-query", "b"], "several ways"),
        (["--openapi", "-", "--oauth", "https://a.example"], "no two addresses"),
    ],
)
def test_what_was_typed_wrongly_is_told(ada: User, arguments: list[str], said: str) -> None:
    assert said in ada.run("integrations", "add", "wrong", *arguments, stdin="{}", expect=2).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--openapi", "-"], "no version"),
        (["--openapi", "-", "--key-header", "a b"], "sign_in"),
        (["--openapi", "https://169.254.169.254/openapi.json"], "not a public address"),
    ],
)
def test_what_cannot_be_added_is_told(ada: User, arguments: list[str], said: str) -> None:
    assert said in ada.run("integrations", "add", "wrong", *arguments, stdin="{}", expect=1).stderr
