"""The integrations that come with the registry: each is whole, says only what is true of it, and can be called."""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import urlsplit

import pytest

from skillyard.domain.gateway.calls.building import build
from skillyard.domain.gateway.calls.params import check_params
from skillyard.domain.gateway.catalog.agent_skill import skill_folder
from skillyard.domain.gateway.catalog.documents import CallPlace
from skillyard.domain.gateway.catalog.integration import Endpoint, Integration
from skillyard.domain.gateway.catalog.integration_file import read_integration
from skillyard.domain.gateway.catalog.integration_writer import write_integration
from skillyard.domain.gateway.catalog.lookup import FOLDER, read_shipped, shipped_slugs
from skillyard.skill.archive import skill_files
from skillyard.skill.schema_example import example_of

PROMISED = {
    "github", "gitlab", "gmail", "google-calendar", "google-drive", "google-sheets",
    "jira", "linear", "notion", "openai", "slack", "stripe",
}  # fmt: skip
LICENCES = {"Apache-2.0", "MIT", "CC-BY-4.0"}
READING = ("get_", "list_", "find_", "search", "count_", "query_", "create_embedding", "create_moderation")
BESIDES = {"delete_repo", "gist", "notifications", "read:org"}
NARROWER = "https://www.googleapis.com/auth/"
DELETING = ("delete_", "clear_", "empty_")
SECRET = re.compile(
    r"gh[pousr]_\w{20}|glpat-\w{15}|xox[abp]-\d|sk_(live|test)_\w{10}|sk-\w{20}|(lin_api|secret)_\w{20}"
)
PLACE = CallPlace(address="https://skills.example.com/api/v1/calls", key="SKILLYARD_TOKEN")

each_integration = pytest.mark.parametrize("slug", shipped_slugs())


def test_what_was_promised_is_there() -> None:
    assert set(shipped_slugs()) >= PROMISED


@each_integration
def test_an_integration_has_a_choice_that_can_be_surveyed(slug: str) -> None:
    integration = read_shipped(slug)
    assert integration.slug == slug
    assert 10 <= len(integration.endpoints) <= 60
    assert {one.group for one in integration.endpoints.values()} == set(integration.groups)


@each_integration
def test_every_example_suits_its_schema_and_makes_a_request(slug: str) -> None:
    integration = read_shipped(slug)
    for endpoint in integration.endpoints.values():
        assert endpoint.examples, endpoint.name
        for example in endpoint.examples:
            params = check_params(integration, endpoint, example.params)
            built = build(integration, endpoint, params, variables_of(integration))
            assert "{" not in built.url
            assert bool(built.body) == (endpoint.body != "none") or endpoint.body == "form"


@each_integration
def test_all_parameters_of_an_endpoint_can_be_given_at_once(slug: str) -> None:
    integration = read_shipped(slug)
    for endpoint in integration.endpoints.values():
        every = {param.name: example_of(param.schema) for param in endpoint.params if param.fixed is None}
        first = {**every, **endpoint.examples[0].params}
        build(integration, endpoint, first, variables_of(integration))


@each_integration
def test_effects_are_what_methods_and_names_promise(slug: str) -> None:
    for endpoint in read_shipped(slug).endpoints.values():
        name = f"{slug}.{endpoint.name}"
        assert endpoint.effect == expected_effect(endpoint, name), name


def expected_effect(endpoint: Endpoint, name: str) -> str:
    """What is removed can be put back, what is deleted cannot."""
    if endpoint.name.startswith(DELETING):
        return "destructive"
    if endpoint.method == "DELETE":
        return endpoint.effect if endpoint.name.startswith("remove_") else "destructive"
    if endpoint.graphql:
        return "read" if endpoint.graphql.startswith("query ") else "write"
    if endpoint.method in ("GET", "HEAD"):
        return "read"
    assert endpoint.effect != "read" or endpoint.name.startswith(READING), f"{name} does not sound like reading"
    return endpoint.effect


@each_integration
def test_origin_and_licence_are_named(slug: str) -> None:
    origin = read_shipped(slug).origin
    assert origin.licence in LICENCES
    assert origin.description
    assert origin.version
    assert origin.url.startswith("https://")


@each_integration
def test_every_address_is_https(slug: str) -> None:
    integration = read_shipped(slug)
    oauth = [way.oauth for way in integration.ways if way.oauth]
    addresses = [integration.base_url, integration.docs_url, *(one.docs_url for one in integration.endpoints.values())]
    addresses += [url for one in oauth for url in (one.authorize_url, one.token_url, one.revoke_url) if url]
    assert {urlsplit(url).scheme for url in addresses if url} == {"https"}


@each_integration
def test_variables_cannot_stand_for_more_than_a_name(slug: str) -> None:
    for schema in (one for one in read_shipped(slug).variables.values() if "enum" not in one):
        for hostile in ("evil.example/", "a@b", "a?b", "a#b", "a b", "a\\b", "", "%2f", "a\n"):
            assert not re.search(str(schema["pattern"]), hostile) or hostile.endswith("\n")
        assert str(schema["pattern"]).startswith("^")
        assert str(schema["pattern"]).endswith("$")


@each_integration
def test_scopes_are_asked_for_or_known_to_be_asked_for_besides(slug: str) -> None:
    integration = read_shipped(slug)
    asked = {scope for way in integration.ways if way.oauth for scope in way.oauth.scopes}
    needed = {scope for endpoint in integration.endpoints.values() for scope in endpoint.scopes}
    assert all(scope in asked | BESIDES or scope.startswith(NARROWER) for scope in needed), needed - asked


@each_integration
def test_no_two_endpoints_are_alike(slug: str) -> None:
    endpoints = read_shipped(slug).endpoints.values()
    kinds = [(one.method, one.path, one.graphql, sorted(str(param) for param in one.params)) for one in endpoints]
    assert len({str(kind) for kind in kinds}) == len(kinds)
    assert len({one.summary for one in endpoints}) == len(kinds)


@each_integration
def test_descriptions_are_short_and_there(slug: str) -> None:
    endpoints = read_shipped(slug).endpoints.values()
    assert all(5 <= len(endpoint.summary) <= 120 for endpoint in endpoints)
    assert not any(endpoint.summary.endswith(".") for endpoint in endpoints)
    told = [
        str(param.schema.get("description", "")) for one in endpoints for param in one.params if param.fixed is None
    ]
    assert max(map(len, told)) <= 500
    assert told.count("") <= len(told) / 50


@each_integration
def test_its_documentation_fits_a_context_and_is_a_clean_skill(slug: str) -> None:
    files = skill_folder(read_shipped(slug), PLACE)
    assert len(files["SKILL.md"]) <= 10_000
    assert max(map(len, files.values())) <= 60_000
    skill_files(files)


@each_integration
def test_its_file_holds_no_secret(slug: str) -> None:
    assert not SECRET.search((FOLDER / f"{slug}.yaml").read_text())


@each_integration
def test_it_is_written_as_it_was_read(slug: str) -> None:
    integration = read_shipped(slug)
    assert read_integration(write_integration(integration), file=f"{slug}.yaml") == integration


@each_integration
def test_a_change_has_a_version_of_its_own(slug: str) -> None:
    """`python catalog/versions.py` notes a new version."""
    noted = [line.split() for line in (FOLDER / "versions.txt").read_text().splitlines()]
    versions = {int(version): digest for name, version, digest in noted if name == slug}
    assert sorted(versions) == list(range(min(versions), max(versions) + 1))
    assert max(versions) == read_shipped(slug).version
    assert versions[read_shipped(slug).version] == sha256((FOLDER / f"{slug}.yaml").read_bytes()).hexdigest()


def variables_of(integration: Integration) -> dict[str, str]:
    return {name: str(schema.get("default", "acme")) for name, schema in integration.variables.items()}
