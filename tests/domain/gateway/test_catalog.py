"""The catalog: what comes with the registry, what administrators add to it, and what operators set."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from skillyard.app import App
from skillyard.domain.gateway.catalog.catalog_errors import EndpointNotFound, IntegrationNotFound
from skillyard.domain.gateway.catalog.integration import Integration
from skillyard.domain.gateway.catalog.integration_file import read_integration
from skillyard.domain.gateway.catalog.lookup import (
    find_endpoint,
    find_integration,
    keep_integration,
    list_hidden,
    list_integrations,
    shipped_slugs,
    unknown_settings,
)
from skillyard.domain.gateway.store import integrations as store
from skillyard.settings import Settings
from tests.domain.gateway.test_integration_file import SMALL
from tests.makers import make_app

NOTES = read_integration(SMALL, file="notes.yaml")


def keep(app: App, integration: Integration = NOTES) -> Integration:
    with app.database.transaction() as tx:
        return keep_integration(tx, integration, user_id="usr_1", now_ms=1)


def remove(app: App, slug: str) -> bool:
    with app.database.transaction() as tx:
        return store.remove(tx, slug, by="usr_1", now_ms=2)


def test_an_added_integration_is_found_as_it_was_described(each_app: App) -> None:
    assert keep(each_app).version == 1
    found = find_integration(each_app, "notes")
    assert found == replace(NOTES, is_ours=False)
    assert [one.slug for one in list_integrations(each_app)] == sorted([*shipped_slugs(), "notes"])


def test_each_change_is_a_version_of_its_own_also_after_a_removal(each_app: App) -> None:
    keep(each_app)
    assert keep(each_app, replace(NOTES, title="Papers")).version == 2
    assert find_integration(each_app, "notes").title == "Papers"
    assert remove(each_app, "notes")
    assert not remove(each_app, "notes")
    with pytest.raises(IntegrationNotFound):
        find_integration(each_app, "notes")
    assert keep(each_app).version == 3
    assert find_integration(each_app, "notes").title == "Notes"


def test_changes_at_once_get_versions_of_their_own(each_app: App) -> None:
    with ThreadPoolExecutor(4) as pool:
        versions = sorted(one.version for one in pool.map(lambda _: keep(each_app), range(8)))
    assert versions == list(range(1, 9))


def test_a_name_that_is_almost_right_is_told(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    with pytest.raises(IntegrationNotFound) as no_integration:
        find_integration(app, "githup")
    assert "Did you mean github?" in no_integration.value.advice
    with pytest.raises(EndpointNotFound) as no_endpoint:
        find_endpoint(find_integration(app, "github"), "create_isue")
    assert "Did you mean create_issue?" in no_endpoint.value.advice


@pytest.mark.parametrize("slug", ["", "..", "../github", "github\x00", "GITHUB", "\ud800", "x" * 10_000, "{meant}"])
def test_a_name_that_is_none_is_not_found(tmp_path: Path, slug: str) -> None:
    app = make_app(tmp_path)
    with pytest.raises(IntegrationNotFound) as raised:
        find_integration(app, slug)
    assert len(raised.value.message) < 200
    with pytest.raises(EndpointNotFound):
        find_endpoint(find_integration(app, "github"), slug)


def test_one_that_is_switched_off_is_not_there(tmp_path: Path) -> None:
    app = make_app(tmp_path, integrations={"github": {"is_off": True}})
    with pytest.raises(IntegrationNotFound):
        find_integration(app, "github")
    assert "github" not in [one.slug for one in list_integrations(app)]


def test_settings_lead_an_integration_to_another_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLYARD_INTEGRATIONS__GITHUB__BASE_URL", "https://github.acme.example/api/v3/")
    monkeypatch.setenv("SKILLYARD_INTEGRATIONS__GITHUB__TOKEN_URL", "https://github.acme.example/token")
    github = find_integration(make_app(tmp_path, **Settings().model_dump(include={"integrations"})), "github")
    assert github.base_url == "https://github.acme.example/api/v3"
    oauth = github.ways[0].oauth
    assert oauth is not None
    assert oauth.token_url == "https://github.acme.example/token"
    assert oauth.authorize_url == "https://github.com/login/oauth/authorize"


def test_nobody_fills_in_what_no_address_asks_for_on_another_server(tmp_path: Path) -> None:
    assert set(find_integration(make_app(tmp_path / "a"), "gitlab").variables) == {"host"}
    own = {name: f"https://git.acme.example/{name}" for name in ("authorize_url", "token_url", "revoke_url")}
    app = make_app(tmp_path / "b", integrations={"gitlab": {"base_url": "https://git.acme.example/api/v4", **own}})
    assert find_integration(app, "gitlab").variables == {}
    app = make_app(tmp_path / "c", integrations={"gitlab": {"base_url": "https://git.acme.example/api/v4"}})
    assert set(find_integration(app, "gitlab").variables) == {"host"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("BASE_URL", "ftp://x.example"), ("BASE_URL", "https://ada:pw@x.example"), ("TOKEN_URL", "x"), ("BASEURL", "x"),
     ("IS_OFF", "perhaps")],
)  # fmt: skip
def test_a_setting_that_cannot_be_meant_is_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SKILLYARD_INTEGRATIONS__GITHUB__{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_names_of_settings_that_no_integration_has_are_found(tmp_path: Path) -> None:
    app = make_app(tmp_path, integrations={"githup": {"is_off": True}, "google_drive": {}, "notes": {}, "zzz": {}})
    keep(app)
    assert unknown_settings(app) == {"githup": "github", "zzz": ""}


def test_settings_of_an_integration_with_a_hyphen_are_found(tmp_path: Path) -> None:
    app = make_app(tmp_path, integrations={"my_notes": {"base_url": "https://notes.acme.example"}})
    keep(app, replace(NOTES, slug="my-notes"))
    assert find_integration(app, "my-notes").base_url == "https://notes.acme.example"
    assert list_integrations(app)[-1].slug


def test_a_text_that_cannot_be_read_any_more_hides_nothing_else(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    keep(app)
    with app.database.transaction() as tx:
        record = store.find(tx, "notes")
        assert record is not None
        store.put(tx, replace(record, slug="broken", content="integration: [", digest="0" * 64))
    assert list_hidden(app) == ["broken"]
    assert {"github", "notes"} <= {one.slug for one in list_integrations(app)}
    with pytest.raises(IntegrationNotFound):
        find_integration(app, "broken")


def test_one_is_found_within_a_transaction_too(each_app: App) -> None:
    with each_app.database.transaction() as tx:
        keep_integration(tx, NOTES, user_id="usr_1", now_ms=1)
        assert find_integration(each_app, "notes", tx=tx).title == "Notes"
        with pytest.raises(IntegrationNotFound):
            find_integration(each_app, "note", tx=tx)


def test_many_that_ask_first_get_one_that_was_read_once(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    keep(app, replace(NOTES, description=f"Notes in {tmp_path.name}."))
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: find_integration(app, "notes"), range(64)))
    assert all(one is found[0] for one in found)
