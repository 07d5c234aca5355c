"""Any operation by its OpenAPI name, and what is told before anything is sent."""

import pytest

from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError
from tests.sdk.stand_in import answer_json, on


def codes(refused):
    return [fault.code for fault in refused.value.faults]


def test_an_operation_is_called_by_its_python_name_or_its_id(registry, client):
    registry.add("acme/pdf")
    assert client.ops.get_skill(namespace="acme", slug="pdf")["name"] == "acme/pdf"
    assert client.ops.getSkill(namespace="acme", slug="pdf") == client.call("getSkill", namespace="acme", slug="pdf")
    assert "search_skills" in dir(client.ops)


def test_the_document_is_loaded_once_and_cached_between_clients(registry, client):
    client.operations()
    client.operations()
    with Client(registry.url, "sky_good") as second:
        assert [operation.name for operation in second.operations()][:2] == ["search_skills", "get_skill"]
    asked = registry.asked("GET", "/api/v1/openapi.json")
    assert len(asked) == 2
    assert "if-none-match" in asked[1].headers


def test_query_parameters_repeat_and_stay_text(registry, client):
    registry.faults = [on("GET", "/api/v1/skills", answer_json({"items": []}))]
    client.call("searchSkills", q="a&b=ä", tag=["x", "y"], limit="5", cursor=None)
    assert registry.seen[-1].query == {"q": ["a&b=ä"], "tag": ["x", "y"], "limit": ["5"]}


def test_faults_are_told_all_at_once_and_nothing_is_sent(registry, client):
    client.operations()
    registry.seen.clear()
    with pytest.raises(UsageError) as refused:
        client.call("getSkill", namespce="acme", colour="green")
    assert codes(refused).count("unknown_parameter") == 2
    assert codes(refused).count("missing_parameter") == 2
    assert "did you mean namespace?" in refused.value.faults[0].hint
    assert refused.value.exit_code == 2
    assert registry.seen == []


def test_an_unknown_operation_is_refused_with_the_nearest(client):
    with pytest.raises(UsageError) as refused:
        client.call("serchSkills")
    assert "searchSkills" in refused.value.hint


def test_a_value_outside_the_enumeration_is_refused(client):
    with pytest.raises(UsageError) as refused:
        client.call("searchSkills", sort="newest")
    assert codes(refused) == ["bad_value"]


def test_fields_of_the_body_are_keywords_with_their_type(registry, client):
    registry.faults = [on("POST", "/api/v1/me/tokens", answer_json({"token": "x"}, 201))]
    client.ops.create_token(name="1.10", scopes="read", expires_in_days="30")
    assert registry.seen[-1].body == b'{"name": "1.10", "scopes": ["read"], "expires_in_days": 30}'


def test_a_whole_body_takes_the_place_of_its_fields(registry, client):
    registry.faults = [on("POST", "/api/v1/me/tokens", answer_json({"token": "x"}, 201))]
    client.call("createToken", json={"anything": 1})
    assert registry.seen[-1].body == b'{"anything": 1}'
    with pytest.raises(UsageError) as refused:
        client.call("createToken")
    assert codes(refused) == ["missing_parameter", "missing_parameter"]


@pytest.mark.parametrize("slug", ["..", ".", "", "a/b"])
def test_a_value_cannot_lead_to_another_path(registry, client, slug):
    if slug == "a/b":
        with pytest.raises(Exception, match=r"No\."):
            client.call("getSkill", namespace="acme", slug=slug)
        assert registry.seen[-1].path.endswith("/acme/a%2Fb")
        return
    with pytest.raises(UsageError):
        client.call("getSkill", namespace="acme", slug=slug)


def test_a_form_streams_its_file_from_disk(registry, client, tmp_path):
    archive = tmp_path / 'a"b.zip'
    archive.write_bytes(b"\x00\xff" * 300_000)
    answer = client.call("echoForm", channel="next", x_note="hello", files={"archive": archive})
    body = bytes.fromhex(answer["body"])
    assert answer["content_type"].startswith("multipart/form-data; boundary=")
    assert b'name="channel"\r\n\r\nnext\r\n' in body
    assert b'filename="a%22b.zip"' in body
    assert archive.read_bytes() in body
    assert registry.seen[-1].headers["x-note"] == "hello"


def test_a_form_without_its_file_is_refused(client):
    with pytest.raises(UsageError) as refused:
        client.call("echoForm")
    assert "archive" in refused.value.faults[0].message


def test_items_follow_the_pages_and_stop_at_a_limit(registry, client):
    pages = {None: (["a", "b"], "2"), "2": (["c"], "3"), "3": (["d"], None)}

    def serve(seen):
        if seen.path != "/api/v1/skills":
            return None
        items, cursor = pages[seen.query.get("cursor", [None])[0]]
        return answer_json({"items": [{"name": name} for name in items], "next_cursor": cursor})

    serve.stays = True
    registry.faults = [serve]
    assert [item["name"] for item in client.items("searchSkills")] == ["a", "b", "c", "d"]
    assert [item["name"] for item in client.items("searchSkills", limit_total=3)] == ["a", "b", "c"]


def test_pages_in_a_circle_end(registry, client):
    registry.faults = [on("GET", "/api/v1/skills", answer_json({"items": [{}], "next_cursor": "same"}), always=True)]
    with pytest.raises(Exception, match="circle"):
        list(client.items("searchSkills"))


def test_plain_requests_go_below_the_api(registry, client):
    registry.add("acme/pdf")
    assert client.request("GET", "/skills/acme/pdf").json() == client.request("get", "/api/v1/skills/acme/pdf").json()
    assert client.request("GET", "/nothing", check=False).status == 404


@pytest.mark.parametrize("name", ["pdf", "acme/PDF", "acme/../pdf", "acme/pdf/x"])
def test_a_name_that_is_none_is_refused_before_anything_is_sent(registry, client, name):
    with pytest.raises(UsageError):
        client.skill(name)
    assert registry.seen == []
