from __future__ import annotations

from collections.abc import Iterator

import pytest

from skillyard.app import App
from skillyard.domain.drive.crawl import crawl_source
from tests.api.native.api import Api
from tests.domain.drive.git_place import GitPlace, a_place, a_skill_file, on_loopback
from tests.git_server import git_server
from tests.makers import a_person, an_organization, indexed, make_app, secret_of


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitPlace]:
    app = on_loopback(make_app(tmp_path_factory.mktemp("app")))
    with git_server(tmp_path_factory.mktemp("repositories")) as server:
        place = a_place(app, an_organization(app, a_person(app), "acme"), server)
        place.repository.commit({"pdf/SKILL.md": a_skill_file(), "bad/SKILL.md": "no front matter"})
        yield place
    app.close()


@pytest.fixture(scope="module")
def app(place: GitPlace) -> App:
    return place.app


@pytest.fixture(scope="module")
def ada(app: App, place: GitPlace) -> Api:
    return Api(app, secret_of(place.caller))


def test_a_source_is_added_crawled_shown_and_removed(app: App, place: GitPlace, ada: Api) -> None:
    added = ada.post("/admin/sources", {"address": place.url, "namespace": "acme"})
    assert added.status == 201
    source = added.json()
    assert (source["ref"], source["commit"], source["crawled_at"]) == ("HEAD", None, None)
    assert ada.post(f"/admin/sources/{source['id']}/crawl").status == 202
    crawl_source(app, source_id=source["id"], anew=True)
    shown = ada.get(f"/admin/sources/{source['id']}").json()
    folders = {folder["path"]: folder for folder in shown["folders"]}
    assert folders["pdf"] == {"path": "pdf", "name": "acme/pdf", "version": "0.1.0", "faults": []}
    assert folders["bad"]["version"] is None
    assert folders["bad"]["faults"][0]["file"] == "SKILL.md"
    assert [one["id"] for one in ada.get("/admin/sources").json()["items"]] == [source["id"]]
    again = ada.post("/admin/sources", {"address": place.url, "namespace": "acme"})
    assert (again.status, again.json()["error"]["code"]) == (409, "source_exists")
    anybody_sees_where_it_comes_from(place, ada.as_(None), source["id"])
    assert ada.delete(f"/admin/sources/{source['id']}").json() == {"removed": True, "id": source["id"]}
    assert ada.get(f"/admin/sources/{source['id']}").status == 404


def anybody_sees_where_it_comes_from(place: GitPlace, anybody: Api, source_id: str) -> None:
    indexed(place.app)
    origin = anybody.get("/skills/acme/pdf/origin").json()
    assert (origin["repository"], origin["path"], origin["version"]) == (place.url, "pdf", "0.1.0")
    assert origin["source_id"] == source_id
    page = anybody.get("/discover?q=pdf").json()
    assert (page["total"], page["offset"]) == (1, 0)
    assert page["items"][0]["skill"]["name"] == "acme/pdf"
    assert page["items"][0]["origin"] == origin
    assert anybody.get("/skills/acme/bad/origin").status == 404


def test_an_import_is_refreshed_and_seen_by_its_owner_only(app: App, place: GitPlace, ada: Api) -> None:
    imported = ada.post("/drive/items", {"source": f"{place.url}/tree/main/pdf"})
    assert imported.status == 201
    assert imported.json()["item"]["via"] == "git"
    place.repository.commit({"pdf/SKILL.md": a_skill_file(text="Second.")})
    assert ada.post("/drive/updates/ada/pdf/refresh").json()["update"]["version"] == "0.1.1"
    eve = ada.as_(secret_of(a_person(app, "eve")))
    assert eve.get("/skills/ada/pdf/origin").status == 404
    assert eve.post("/drive/updates/ada/pdf/refresh?drive=ada").status == 404


def test_refusals_have_their_status_and_say_what_to_do(place: GitPlace, ada: Api) -> None:
    place.repository.commit({"other/SKILL.md": a_skill_file("other")})
    for source, status, code in [
        ("https://10.0.0.1/a/b.git", 422, "address_not_allowed"),
        ("https://github.com/a/b/issues/3/-/x", 422, "git_address_invalid"),
        (f"{place.url}/tree/nowhere", 404, "git_ref_not_found"),
        (f"{place.url}/tree/main/nowhere", 404, "git_folder_not_found"),
        (place.url, 422, "git_no_skill"),
        (f"{place.url}/tree/main/bad", 422, "git_skill_refused"),
        (f"{place.server.url}/nothing.git", 404, "git_repository_not_found"),
    ]:
        answer = ada.post("/drive/items", {"source": source})
        error = answer.json()["error"]
        assert (answer.status, error["code"]) == (status, code), error
        assert error["hint"]
