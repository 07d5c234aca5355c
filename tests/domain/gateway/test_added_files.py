"""Files of integrations that administrators add: read with all their faults, kept with a version, and handed out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import AdministratorsOnly
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.call import call
from skillyard.domain.gateway.calls.call_model import CallRequest, CallResult
from skillyard.domain.gateway.catalog.add import add_file, remove_integration
from skillyard.domain.gateway.catalog.catalog_errors import EndpointNotFound, IntegrationNameTaken, IntegrationNotFound
from skillyard.domain.gateway.catalog.integration_file import read_integration
from skillyard.domain.gateway.catalog.integration_writer import write_integration
from skillyard.domain.gateway.catalog.lookup import (
    find_file,
    find_integration,
    keep_integration,
    list_hidden,
    read_shipped,
    shipped_slugs,
)
from skillyard.domain.gateway.connect.connections import add_key
from skillyard.infra.envelope import Secret
from skillyard.infra.outbound import AddressNotAllowed
from skillyard.skill.faults import SkillError
from tests.domain.gateway.test_integration_file import SMALL
from tests.makers import a_person, make_app
from tests.peers.pet_shop import a_pet_shop


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path)
    yield made
    made.close()


@pytest.fixture
def root(app: App) -> Caller:
    return a_person(app, "grace")


def test_a_file_is_added_handed_out_changed_and_added_again(app: App, root: Caller) -> None:
    assert add_file(app, root, text=SMALL).integration.version == 1
    changed = find_file(app, "notes").replace("title: Notes", "title: Papers")
    assert add_file(app, root, text=changed).integration.version == 2
    assert find_integration(app, "notes").title == "Papers"
    assert "version: 2\n" in find_file(app, "notes")
    remove_integration(app, root, slug="notes")
    with pytest.raises(IntegrationNotFound):
        find_file(app, "notes")


def test_a_file_with_faults_is_refused_with_all_of_them_and_changes_nothing(app: App, root: Caller) -> None:
    add_file(app, root, text=SMALL)
    with pytest.raises(SkillError) as raised:
        add_file(app, root, text=SMALL.replace("method: GET", "method: GOT").replace("effect: write", "effect: right"))
    assert [fault.line for fault in raised.value.faults] == [23, 34]
    assert find_integration(app, "notes").version == 1


def test_what_comes_with_the_registry_is_a_pattern_under_another_name_only(app: App, root: Caller) -> None:
    for slug in shipped_slugs():
        with pytest.raises(IntegrationNameTaken):
            add_file(app, root, text=find_file(app, slug))
    ours = write_integration(replace(read_shipped("github"), slug="github-acme"))
    kept = add_file(app, root, text=ours).integration
    assert kept == read_integration(find_file(app, "github-acme"), file="x", is_ours=False)
    assert kept.endpoints == read_shipped("github").endpoints


def test_one_whose_name_comes_with_the_registry_by_now_can_be_removed(app: App, root: Caller) -> None:
    with app.database.transaction() as tx:
        keep_integration(tx, replace(read_shipped("github"), title="Ours"), user_id="usr_1", now_ms=1)
    assert find_integration(app, "github").title == "GitHub"
    assert list_hidden(app) == ["github"]
    remove_integration(app, root, slug="github")
    assert list_hidden(app) == []
    with pytest.raises(IntegrationNameTaken):
        remove_integration(app, root, slug="github")


def test_only_administrators_add_files(app: App, root: Caller) -> None:
    with pytest.raises(AdministratorsOnly):
        add_file(app, a_person(app, "eve"), text=SMALL)
    assert root.is_admin


def test_a_file_that_leads_to_private_hosts_is_refused(app: App, root: Caller) -> None:
    with pytest.raises(AddressNotAllowed):
        add_file(app, root, text=SMALL.replace("https://{site}.notes.example/api", "https://10.0.0.1/api"))


def test_a_function_that_there_is_not_prepares_nothing(app: App, root: Caller) -> None:
    with pytest.raises(SkillError) as raised:
        add_file(app, root, text=SMALL.replace("    effect: write", "    effect: write\n    prepare: os_system"))
    (fault,) = raised.value.faults
    assert (fault.line, "gmail_message" in fault.hint) == (35, True)


def add_pet(app: App, caller: Caller, endpoint: str, name: str) -> CallResult:
    return call(app, caller, CallRequest(integration="pets", endpoint=endpoint, params={"pet": name}, request_id="r"))


def test_what_a_file_changes_is_what_calls_do_and_nodes_agree_at_once(tmp_path: Path) -> None:
    """Two nodes share a database; one of them read the integration before it was changed at the other."""
    with a_pet_shop() as shop:
        node, other = (make_app(tmp_path, outbound_http_loopback=True) for _ in range(2))
        root = a_person(node, "grace")
        add_file(node, root, text=PETS.replace("$ADDRESS", shop.url))
        add_key(node, root, integration="pets", secrets={"secret": Secret("key-of-grace")}, variables={})
        made = add_pet(other, root, "add", "Tom")
        assert (made.status, made.data["name"], made.data["kind"], made.meta.version) == (201, "Tom", "cat", 1)
        changed = find_file(node, "pets").replace("kind: cat", "kind: dog").replace("  add:", "  add_dog:")
        add_file(node, root, text=changed)
        with pytest.raises(EndpointNotFound):
            add_pet(other, root, "add", "Rex")
        made = call(
            other, root, CallRequest(integration="pets", endpoint="add_dog", params={"pet": "Rex"}, request_id="r")
        )
        assert (made.data["name"], made.data["kind"], made.meta.version) == ("Rex", "dog", 2)
        assert shop.keys == {"key-of-grace"}
        node.close()
        other.close()


PETS = """\
integration: pets
version: 1
title: Pets
description: Pets that look for a home.
origin: {description: Written by hand, licence: MIT}
base_url: $ADDRESS
ways: [{kind: api_key, place: {name: x-api-key, format: "{secret}"}}]
groups: {pets: Pets}
endpoints:
  add:
    group: pets
    summary: Add a pet
    method: POST
    path: /pets
    effect: write
    params:
      pet: {in: body, as: name, required: true, type: string}
    fixed: {body: {kind: cat}}
"""
