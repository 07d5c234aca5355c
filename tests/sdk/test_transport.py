"""Retries, redirects, the token's origin, the cache, and what arrives broken; over real sockets."""

import time

import pytest

from skillyard.sdk.client import Client
from skillyard.sdk.config import cache_dir
from skillyard.sdk.errors import ApiError, NetworkError, SdkError
from tests.sdk.stand_in import Answer, StandIn, answer_json, on, refusal


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_read_is_tried_again_after_a_passing_refusal(registry, client, naps, status):
    registry.faults = [on("GET", "/api/v1/health", refusal(status, "later")) for _ in range(2)]
    registry.faults.append(on("GET", "/api/v1/health", answer_json({"status": "ok"})))
    assert client.health() == {"status": "ok"}
    assert len(naps) == 2
    assert naps[1] > naps[0] / 2


def test_a_refusal_that_stays_is_told_with_the_exit_code_for_try_again(registry, client):
    registry.faults = [on("GET", "/api/v1/health", refusal(503, "unavailable"), always=True)]
    with pytest.raises(ApiError) as refused:
        client.health()
    assert (refused.value.exit_code, refused.value.code, refused.value.request_id) == (3, "unavailable", "req-1")
    assert len(registry.seen) == 4


def test_a_refusal_for_good_is_not_tried_again(registry, client):
    with pytest.raises(ApiError) as refused:
        client.get_json("/nothing")
    assert (refused.value.exit_code, refused.value.status) == (1, 404)
    assert len(registry.seen) == 1


def test_signing_in_is_what_a_401_asks_for(registry, client):
    registry.faults = [on("GET", "/api/v1/me", refusal(401, "unauthenticated"))]
    with pytest.raises(ApiError) as refused:
        client.me()
    assert refused.value.exit_code == 4


def test_retry_after_is_honoured_up_to_a_limit(registry, client, naps):
    late = refusal(429, "too_many")
    late.headers["Retry-After"] = "7"
    registry.faults = [on("GET", "/api/v1/health", late), on("GET", "/api/v1/health", answer_json({}))]
    client.health()
    assert 7 <= naps[0] < 7.5
    hours = refusal(429, "too_many")
    hours.headers["Retry-After"] = "7200"
    registry.faults = [on("GET", "/api/v1/health", hours)]
    with pytest.raises(ApiError):
        client.health()
    assert len(naps) == 1


def test_a_write_carries_a_key_and_keeps_it_when_it_is_tried_again(registry, client):
    registry.faults = [
        on("POST", "/api/v1/namespaces", refusal(503, "unavailable")),
        on("POST", "/api/v1/namespaces", refusal(409, "idempotency_in_progress")),
        on("POST", "/api/v1/namespaces", answer_json({"slug": "acme"})),
    ]
    assert client.create_namespace("acme") == {"slug": "acme"}
    keys = {seen.headers["idempotency-key"] for seen in registry.seen}
    assert (len(registry.seen), len(keys)) == (3, 1)
    registry.faults = [on("POST", "/api/v1/namespaces", answer_json({"slug": "other"}))]
    client.create_namespace("other")
    assert registry.seen[-1].headers["idempotency-key"] not in keys


def test_a_conflict_is_not_tried_again(registry, client):
    registry.faults = [on("POST", "/api/v1/namespaces", refusal(409, "namespace_taken"))]
    with pytest.raises(ApiError):
        client.create_namespace("acme")
    assert len(registry.seen) == 1


def test_a_connection_that_breaks_off_in_the_answer_is_tried_again(registry, client):
    whole = answer_json({"status": "ok"})
    registry.faults = [on("GET", "/api/v1/health", Answer(200, whole.body, whole.headers, cut_after=4))]
    registry.faults.append(on("GET", "/api/v1/health", whole))
    assert client.health() == {"status": "ok"}


def test_a_slow_answer_ends_in_a_network_error(registry, naps):
    registry.faults = [on("GET", "/api/v1/health", Answer(wait_s=2), always=True)]
    with Client(registry.url, timeout_s=0.2, attempts=2, sleep=naps.append) as client, pytest.raises(NetworkError):
        client.health()
    assert len(naps) == 1


def test_a_registry_that_is_not_there_is_a_network_error(naps):
    gone = StandIn()
    gone.close()
    with Client(gone.url, sleep=naps.append) as client, pytest.raises(NetworkError) as refused:
        client.health()
    assert refused.value.exit_code == 3
    assert gone.url in refused.value.message


def test_the_token_stays_with_its_origin_over_redirects(registry, client):
    elsewhere = StandIn()
    elsewhere.faults = [on("GET", "/there", answer_json({"ok": True}))]
    registry.faults = [on("GET", "/api/v1/health", Answer(302, headers={"Location": f"{elsewhere.url}/there"}))]
    assert client.health() == {"ok": True}
    assert registry.seen[0].headers["authorization"] == "Bearer sky_good"
    assert "authorization" not in elsewhere.seen[0].headers
    elsewhere.close()


def test_the_token_stays_with_its_origin_for_absolute_addresses(registry, client):
    elsewhere = StandIn()
    elsewhere.faults = [on("GET", "/there", answer_json({"ok": True}))]
    client.request("GET", f"{elsewhere.url}/there")
    assert "authorization" not in elsewhere.seen[0].headers
    elsewhere.close()


def test_a_redirect_on_the_same_origin_keeps_the_token(registry, client):
    registry.faults = [
        on("GET", "/api/v1/health", Answer(307, headers={"Location": "/api/v1/other"})),
        on("GET", "/api/v1/other", answer_json({"ok": True})),
    ]
    assert client.health() == {"ok": True}
    assert registry.seen[1].headers["authorization"] == "Bearer sky_good"


def test_a_write_is_never_sent_on(registry, client):
    registry.faults = [on("POST", "/api/v1/namespaces", Answer(307, headers={"Location": "/elsewhere"}))]
    with pytest.raises(SdkError) as refused:
        client.create_namespace("acme")
    assert refused.value.code == "moved"
    assert len(registry.seen) == 1


def test_a_redirect_to_an_open_connection_is_refused():
    from skillyard.sdk.transport import Request, _checked_redirect

    with pytest.raises(SdkError) as refused:
        _checked_redirect(Request(method="GET", url="https://a.example/x"), "https://a.example/x", "http://a.example/x")
    assert refused.value.code == "insecure_redirect"


def test_redirects_in_a_circle_end(registry, client):
    registry.faults = [on("GET", "/api/v1/health", Answer(302, headers={"Location": "/api/v1/health"}), always=True)]
    with pytest.raises(SdkError) as refused:
        client.health()
    assert refused.value.code == "too_many_redirects"


def test_an_answer_that_is_no_json_says_so(registry, client):
    registry.faults = [on("GET", "/api/v1/health", Answer(200, b"<html>", {"Content-Type": "text/html"}))]
    with pytest.raises(NetworkError) as refused:
        client.health()
    assert refused.value.code == "bad_answer"


def test_an_error_without_a_body_has_a_code_and_a_hint(registry, client):
    registry.faults = [on("GET", "/api/v1/health", Answer(403, b"nginx"))]
    with pytest.raises(ApiError) as refused:
        client.health()
    assert refused.value.code == "http_403"
    assert refused.value.hint


def test_an_unchanged_document_comes_from_the_cache(registry, client):
    registry.add("acme/pdf")
    first = client.request("GET", "/skills/acme/pdf")
    second = client.request("GET", "/skills/acme/pdf")
    assert (first.from_cache, second.from_cache) == (False, True)
    assert first.json() == second.json()
    assert "if-none-match" in registry.seen[1].headers
    registry.add("acme/pdf", "2.0.0")
    assert client.skill("acme/pdf")["latest_version"] == "2.0.0"


@pytest.mark.parametrize("rule", ["private, no-store", "no-store", "private"])
def test_private_answers_never_reach_the_disk(registry, client, rule):
    secret = answer_json({"secret": "hunter2"}, ETag='"1"', **{"Cache-Control": rule})
    registry.faults = [on("GET", "/api/v1/me", secret)]
    client.me()
    assert not any(b"hunter2" in file.read_bytes() for file in cache_dir().rglob("*") if file.is_file())


def test_who_is_signed_in_does_not_see_what_the_cache_holds_for_another(registry, client):
    registry.add("acme/pdf")
    client.skill("acme/pdf")
    with Client(registry.url, "sky_other") as other:
        assert not other.request("GET", "/skills/acme/pdf").from_cache
    assert "if-none-match" not in registry.seen[-1].headers


def test_a_damaged_cache_is_passed_over(registry, client):
    registry.add("acme/pdf")
    client.skill("acme/pdf")
    for file in (cache_dir() / "http").iterdir():
        file.write_bytes(file.read_bytes()[:-3])
    assert not client.request("GET", "/skills/acme/pdf").from_cache


def test_the_cache_does_not_grow_without_end(registry, client, monkeypatch):
    monkeypatch.setattr("skillyard.sdk.http_cache.MAX_FILES", 5)
    for number in range(9):
        registry.add(f"acme/pdf-{number}")
        client.skill(f"acme/pdf-{number}")
    assert len(list((cache_dir() / "http").iterdir())) == 5


def test_the_client_says_who_it_is(registry, client):
    registry.faults = [on("GET", "/api/v1/health", answer_json({}))]
    client.health()
    assert registry.seen[0].headers["user-agent"].startswith("skillyard/")


def test_requests_share_a_connection(registry, client):
    registry.add("acme/pdf")
    client.skill("acme/pdf")
    began = time.perf_counter()
    for _ in range(20):
        client.skill("acme/pdf")
    assert time.perf_counter() - began < 8
    assert sum(pool.num_connections for pool in client.transport._pools[""].pools._container.values()) == 1
