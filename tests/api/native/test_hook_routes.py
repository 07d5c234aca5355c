"""Webhooks over HTTP: the secret is in one answer only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.native.api import Api
from tests.domain.notices.receiver import Receiver, a_receiver
from tests.makers import a_person, make_app, secret_of


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with a_receiver() as running:
        yield running


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    app = make_app(tmp_path_factory.mktemp("hooks"), outbound_http_loopback=True)
    yield Api(app, secret_of(a_person(app)))
    app.close()


def test_a_webhook_is_added_changed_tested_and_removed(ada: Api, receiver: Receiver) -> None:
    body = {"url": f"{receiver.url}/in", "events": ["credits.threshold_hit"], "threshold_value": 25}
    made = ada.post("/hooks", body)
    assert made.status == 201
    secret, details = made.json()["secret"], made.json()["details"]
    assert (details["threshold_value"], details["enabled"], details["last_delivery_status"]) == (25, True, None)
    path = f"/hooks/{details['id']}"
    answers = [ada.get("/hooks"), ada.get(path), ada.get("/hooks?namespace=ada")]
    assert [len(answers[0].json()["items"]), len(answers[2].json()["items"])] == [1, 0]
    receiver.orders = ["refuse"]
    answers += [ada.post(f"{path}/test"), ada.post(f"{path}/test"), ada.get(f"{path}/deliveries")]
    assert [answers[3].json()["status"], answers[4].json()["status"]] == ["failed", "delivered"]
    log = answers[5].json()["items"]
    assert {(one["event"], one["answer_status"]) for one in log} == {("webhook.test", 503), ("webhook.test", 200)}
    answers.append(ada.post(f"{path}/deliveries/{log[0]['id']}/resend"))
    assert answers[-1].json()["status"] == "pending"
    answers.append(ada.send("PATCH", path, {"events": ["run.ended"], "enabled": False}))
    changed = answers[-1].json()
    assert (changed["events"], changed["threshold_value"], changed["enabled"]) == (["run.ended"], None, False)
    assert ada.post(f"{path}/test").status == 409
    answers.append(ada.delete(path))
    assert answers[-1].json()["details"]["id"] == details["id"]
    assert ada.get(path).status == 404
    assert not [answer for answer in answers if secret.encode() in answer.body]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"url": "http://10.0.0.1/in"}, "address_not_allowed"),
        ({"url": "https://192.168.0.1/in"}, "address_not_allowed"),
        ({"url": "gopher://example.com"}, "address_not_allowed"),
        ({"url": "https://" + "x" * 3000}, "invalid_request"),
        ({"events": ["nothing.known"]}, "webhook_event_unknown"),
        ({"events": []}, "webhook_events_missing"),
        ({"events": "run.ended"}, "invalid_request"),
        ({"events": ["credits.threshold_hit"]}, "webhook_threshold_not_acceptable"),
        ({"threshold_value": "many"}, "invalid_request"),
        ({"threshold_value": 2**60}, "webhook_threshold_not_acceptable"),
        ({"namespace": "nobodys"}, "namespace_not_found"),
        ({"secret": "mine"}, "invalid_request"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(
    ada: Api, receiver: Receiver, change: dict[str, object], code: str
) -> None:
    answer = ada.post("/hooks", {"url": receiver.url, "events": ["release.published"], **change})
    assert answer.json()["error"]["code"] == code
    assert ada.get("/hooks").json()["items"] == []
