"""Bundles over HTTP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from skillyard.app import App
from skillyard.domain.drive.items import add_item
from skillyard.skill.names import SkillName
from tests.api.native.registry import RegistryApi
from tests.makers import a_person, a_release, make_app, secret_of


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path)
    yield made
    made.close()


def test_a_bundle_is_downloaded_by_whoever_has_the_link(app: App) -> None:
    ada = a_person(app, "ada")
    a_release(app, ada, "ada/pdf", visibility="private")
    add_item(app, ada, name=SkillName("ada", "pdf"))
    api = RegistryApi(app, secret_of(ada))
    made = api.post("/drive/bundles", {"scope": "drive"})
    assert (made.status, made.json()["filename"]) == (201, "ada-drive.zip")
    got = api.send_bytes("GET", made.json()["url"], signed=False)
    assert (got.status, got.headers["content-type"]) == (200, "application/zip")
    assert got.headers["content-disposition"] == 'attachment; filename="ada-drive.zip"'
    assert got.headers["cache-control"] == "private, no-store"
    assert zipfile.ZipFile(io.BytesIO(got.body)).namelist() == ["bundle.json", "pdf/SKILL.md"]


def test_a_link_that_was_changed_is_refused(app: App) -> None:
    ada = a_person(app, "ada")
    a_release(app, ada, "ada/pdf")
    api = RegistryApi(app, secret_of(ada))
    url = urlsplit(api.post("/drive/bundles", {"scope": "skill", "name": "ada/pdf"}).json()["url"]).path
    for changed in (f"{url[:-1]}x", url.replace(".", "", 1), "/api/v1/bundles/é"):
        assert api.send_bytes("GET", changed, signed=False).json()["error"]["code"] == "bundle_link_not_valid"


@pytest.mark.parametrize("body", [{"scope": "moon"}, {"scope": "skill"}, {"scope": "skill", "name": "no name"}, []])
def test_what_makes_no_sense_is_refused(app: App, body: object) -> None:
    assert RegistryApi(app, secret_of(a_person(app, "ada"))).post("/drive/bundles", body).status == 422
