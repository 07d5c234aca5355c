"""Drives over HTTP: every route as it is used, what it answers to strangers, and to bodies that make no sense."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry.sale import set_price, set_sale
from tests.api.native.api import Api
from tests.domain.drive.house import PDF, House, a_house
from tests.git_server import git_server
from tests.makers import make_app, secret_of

ITEM, UPDATE = "/drive/items/ada/pdf", "/drive/updates/ada/pdf"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = a_house(make_app(tmp_path, outbound_http_loopback=True))
    house.publish()
    yield house
    house.app.close()


@pytest.fixture
def api(house: House) -> Api:
    return Api(house.app, secret_of(house.ada))


def of(api: Api, caller: Caller) -> Api:
    return api.as_(secret_of(caller))


def code(answer: Any) -> tuple[int, str]:
    return answer.status, answer.json()["error"]["code"]


def test_a_skill_is_brought_in_switched_pinned_and_removed(house: House, api: Api) -> None:
    made = api.post("/drive/items", {"source": "ada/pdf"})
    assert made.status == 201
    item = made.json()["item"]
    assert made.json()["request"] is None
    assert (item["name"], item["version"], item["via"], item["enabled"], item["upstream"]) == (
        "ada/pdf", "1.0.0", "registry", True, None,
    )  # fmt: skip
    assert api.get("/drive/items").json() == {"items": [item], "next_cursor": None}
    assert api.get(ITEM).json() == item
    assert api.post(f"{ITEM}/toggle").json()["enabled"] is False
    assert api.post(f"{ITEM}/toggle", {"enabled": False}).json()["enabled"] is False
    assert api.put(f"{ITEM}/pin", {"version": "latest"}).json()["pinned"] is True
    assert api.delete(f"{ITEM}/pin").json()["pinned"] is False
    assert api.delete(ITEM).json() == {"removed": True, "drive": "ada", "name": "ada/pdf"}
    assert code(api.delete(ITEM)) == (404, "drive_item_not_found")


def test_one_key_imports_once_also_after_the_skill_was_removed(api: Api) -> None:
    first = api.post("/drive/items", {"source": "ada/pdf"}, idempotency_key="import-1")
    api.delete(ITEM)
    assert api.post("/drive/items", {"source": "ada/pdf"}, idempotency_key="import-1").json() == first.json()
    assert api.get("/drive/items").json()["items"] == []


def test_an_update_is_shown_with_its_price_and_decided_on(house: House, api: Api) -> None:
    api.post("/drive/items", {"source": "ada/pdf"})
    eve = of(api, house.eve)
    eve.post("/drive/items", {"source": "ada/pdf"})
    house.publish(version="1.1.0")
    (update,) = api.get("/drive/updates").json()["items"]
    assert (update["held"], update["version"], update["needs_purchase"], update["prices"]) == (
        "1.0.0", "1.1.0", False, [],
    )  # fmt: skip
    assert api.post(f"{UPDATE}/dismiss", {"version": "1.1.0"}).json()["dismissed_version"] == "1.1.0"
    assert api.get("/drive/updates").json()["items"] == []
    assert api.get("/drive/updates?dismissed=true").json()["items"][0]["dismissed"] is True
    assert code(api.post(f"{UPDATE}/accept", {"version": "1.0.1"})) == (409, "drive_update_changed")
    assert api.post(f"{UPDATE}/accept").json()["version"] == "1.1.0"
    assert code(api.post(f"{UPDATE}/accept")) == (409, "drive_no_update")
    set_price(house.app, house.ada, name=PDF, mode="fixed_usd", amount="29.00")
    set_sale(house.app, house.ada, name=PDF, is_for_sale=True)
    (sold,) = eve.get("/drive/updates").json()["items"]
    assert (sold["needs_purchase"], sold["prices"][0]["amount"]) == (True, "29.00")
    assert code(eve.post(f"{UPDATE}/accept")) == (402, "purchase_required")


def test_a_team_is_asked_by_its_readers_and_answers_by_its_maintainers(house: House, api: Api) -> None:
    rea, mia = of(api, house.rea), of(api, house.mia)
    asked = rea.post("/drive/items", {"source": "ada/pdf", "drive": "acme", "note": "For reports."}).json()
    assert asked["item"] is None
    request = asked["request"]
    assert rea.post("/drive/requests", {"source": "ada/pdf", "drive": "acme"}).json() == request
    assert mia.get("/drive/requests?drive=acme").json() == {"items": [request], "next_cursor": None}
    path = f"/drive/requests/{request['id']}"
    assert code(rea.post(f"{path}/accept")) == (403, "role_too_low")
    assert code(of(api, house.eve).post(f"{path}/decline")) == (404, "drive_request_not_found")
    assert mia.post(f"{path}/accept").json()["name"] == "ada/pdf"
    assert code(mia.post(f"{path}/decline", {"reason": "No."})) == (409, "drive_request_decided")
    house.publish("ada/csv")
    other = rea.post("/drive/requests", {"source": "ada/csv", "drive": "acme"}).json()
    assert mia.post(f"/drive/requests/{other['id']}/decline", {"reason": "No."}).json()["reason"] == "No."
    assert [one["status"] for one in rea.get("/drive/requests?drive=acme&status=any").json()["items"]] == [
        "declined", "accepted",
    ]  # fmt: skip


def test_a_share_is_made_taken_left_and_revoked(house: House, api: Api) -> None:
    api.post("/drive/items", {"source": "ada/pdf"})
    eve = of(api, house.eve)
    made = api.post("/drive/shares", {"name": "ada/pdf"})
    assert made.status == 201
    share, secret = made.json()["share"], made.json()["secret"]
    assert made.json()["url"].endswith(f"/account/drive/shares/{secret}")
    assert eve.post("/drive/shares/accept", {"secret": secret}).json()["via"] == "shared"
    assert eve.get("/drive/shares/taken").json()["items"] == [share]
    assert [one["name"] for one in eve.get("/drive/reach").json()["items"]] == ["ada/pdf"]
    assert eve.get("/drive/reach?shared=false").json()["items"] == []
    assert api.get("/drive/shares").json()["items"] == [{**share, "takers": ["eve"]}]
    path = f"/drive/shares/{share['id']}"
    assert eve.post(f"{path}/leave").json() == {"left": True, "share_id": share["id"]}
    assert code(eve.delete(path)) == (404, "drive_share_not_found")
    assert api.delete(path).json()["revoked_at"] is not None
    refused = eve.post("/drive/shares/accept", {"secret": secret})
    assert code(refused) == (404, "drive_share_not_valid")
    assert secret not in refused.body.decode()


def test_an_https_address_is_imported_from_git(house: House, api: Api, tmp_path: Path) -> None:
    with git_server(tmp_path / "git") as server:
        repository = server.repository("tools")
        repository.commit({"pdf/SKILL.md": "---\nname: pdf-tools\ndescription: Reads PDF files.\n---\n\n# Use\n"})
        source = f"{server.url}/tools.git/tree/main/pdf"
        made = api.post("/drive/items", {"source": source}).json()["item"]
        assert (made["name"], made["version"], made["via"]) == ("ada/pdf-tools", "0.1.0", "git")
        assert api.post("/drive/items", {"source": source}).json()["item"] == made
        refreshed = "/drive/updates/ada/pdf-tools/refresh"
        assert api.post(refreshed).json() == {"update": None}
        repository.commit({"pdf/SKILL.md": "---\nname: pdf-tools\ndescription: Writes PDF files.\n---\n\n# Use\n"})
        update = api.post(refreshed).json()["update"]
        assert (update["held"], update["version"]) == ("0.1.0", "0.1.1")
        assert api.get("/drive/updates").json()["items"] == [update]
        assert api.post("/drive/updates/ada/pdf-tools/accept").json()["version"] == "0.1.1"
        asked = of(api, house.rea).post("/drive/items", {"source": source, "drive": "acme", "slug": "ours"}).json()
        accepted = of(api, house.mia).post(f"/drive/requests/{asked['request']['id']}/accept").json()
        assert (accepted["name"], accepted["drive"], accepted["via"]) == ("acme/ours", "acme", "git")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/drive/items", {}, 422),
        ("/drive/items", {"source": ""}, 422),
        ("/drive/items", {"source": "x" * 3000}, 422),
        ("/drive/items", {"source": 5}, 422),
        ("/drive/items", {"source": "ada/pdf", "more": 1}, 422),
        ("/drive/items", {"source": "ada/\x00"}, 422),
        ("/drive/items", {"source": "ada/missing"}, 404),
        ("/drive/items", {"source": "file:///etc/passwd"}, 422),
        ("/drive/items", {"source": "ada/pdf", "drive": "ada/pdf"}, 404),
        ("/drive/items", {"source": "ada/pdf", "drive": "\x00"}, 404),
        ("/drive/items/ada/%00/toggle", None, 404),
        ("/drive/items/ada/pdf/toggle", {"enabled": "perhaps"}, 422),
        ("/drive/updates/ada/pdf/accept", {"version": 1}, 422),
        ("/drive/updates/ada/%F0%9F%92%A9/accept", {}, 404),
        ("/drive/requests", {"drive": "acme", "source": "ada/pdf", "note": "x" * 600}, 422),
        ("/drive/requests/%00/accept", None, 404),
        ("/drive/shares", {"name": "no name"}, 422),
        ("/drive/shares", {"name": "ada/pdf"}, 404),
        ("/drive/shares/accept", {"secret": "\x00"}, 404),
        ("/drive/shares/accept", {"secret": "x" * 2000}, 422),
        ("/drive/shares/%00/leave", None, 404),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(api: Api, path: str, body: Any, status: int) -> None:
    answer = api.post(path, body)
    assert answer.status == status, answer.body
    assert answer.json()["error"]["hint"]


@pytest.mark.parametrize("path", ["/drive/items", "/drive/updates", "/drive/shares", "/drive/requests"])
def test_what_is_in_a_drive_is_for_its_people_only(house: House, api: Api, path: str) -> None:
    house.add(drive="acme")
    for drive in ("ada", "acme", "nobody", "%00", "acme%2Fpdf"):
        answer = of(api, house.eve).get(f"{path}?drive={drive}")
        assert code(answer) == (404, "namespace_not_found")
    assert api.as_(None).get(path).status == 401
    assert api.get(f"{path}?drive=acme").status == 200
