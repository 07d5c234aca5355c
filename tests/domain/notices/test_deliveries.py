"""Messages reach receivers that lose, delay, repeat and refuse; and a worker that dies loses none."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from contextlib import suppress
from dataclasses import replace

import pytest
from standardwebhooks import Webhook

from skillyard.domain.notices.deliver import deliver
from skillyard.domain.notices.deliveries import list_deliveries, resend_delivery, send_test
from skillyard.domain.notices.errors import DeliveryNotFound, HookDisabled, HookNotFound
from skillyard.domain.notices.follow import follow_events
from skillyard.domain.notices.hooks import change_hook, remove_hook
from skillyard.domain.notices.jobs import forget_deliveries, remember_deliveries
from skillyard.domain.notices.rules import WAITS_S
from skillyard.infra import jobs_sqlite
from skillyard.infra.clock import SystemClock
from skillyard.infra.outbound import Outbound
from tests.domain.notices.receiver import Behaviour
from tests.domain.notices.yard import Yard
from tests.domain.payments.dying import dying
from tests.domain.payments.paper_bank import Killed
from tests.makers import a_release

HOUR_S = 3600


def test_a_message_says_what_happened_and_is_signed_both_ways(both: Yard) -> None:
    made = both.hook("release.published")
    a_release(both.app, both.bob, "bob/pdf")
    both.work()
    (message,) = both.receiver.messages
    body, headers = message.json, message.headers
    assert body["event"] == body["type"] == headers["x-skillzdrive-event"] == "release.published"
    assert (body["data"]["name"], body["data"]["version"]) == ("bob/pdf", "1.0.0")
    assert body["timestamp"].endswith("Z")
    assert body["id"] == headers["webhook-id"] == headers["x-skillzdrive-delivery"]
    assert headers["content-type"] == "application/json"
    plain = hmac.new(made.secret.encode(), message.body, hashlib.sha256).hexdigest()
    assert headers["x-skillzdrive-signature"] == f"sha256={plain}"
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    signed = f"{message.id}.{headers['webhook-timestamp']}.".encode() + message.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    (delivery,) = both.log(made.hook)
    assert (delivery.status, delivery.attempts, delivery.answer_status, delivery.answer) == (
        "delivered", 1, 200, "thanks",
    )  # fmt: skip
    assert both.again(made.hook).last_status == "delivered"
    both.work(seconds=HOUR_S)
    assert len(both.receiver.messages) == 1


def test_the_library_of_standard_webhooks_accepts_it(yard: Yard) -> None:
    made = yard.hook("release.published")
    app = replace(yard.app, clock=SystemClock())
    sent = send_test(app, yard.bob, hook_id=made.hook.id)
    (message,) = yard.receiver.messages
    assert Webhook(made.secret).verify(message.body, message.headers) == json.loads(sent.body)
    with pytest.raises(Exception, match="signature"):
        Webhook(made.secret).verify(message.body.replace(b"webhook.test", b"webhook.tess"), message.headers)


@pytest.mark.parametrize(
    ("behaviour", "status", "why"),
    [
        ("lose_answer", None, "broke off"),
        ("break", None, "broke off"),
        ("refuse", 503, "status 503"),
        ("redirect", None, "sends us elsewhere"),
        ("huge", None, "larger than"),
        ("packed", None, "packed"),
        ("delay", None, "did not answer in time"),
    ],
)
def test_what_goes_wrong_is_written_down_and_the_same_message_sent_again(
    yard: Yard, behaviour: Behaviour, status: int | None, why: str
) -> None:
    made = yard.hook("release.published")
    yard.receiver.orders = [behaviour]
    a_release(yard.app, yard.bob, "bob/pdf")
    yard.work()
    (delivery,) = yard.log(made.hook)
    assert (delivery.status, delivery.attempts, delivery.answer_status) == ("pending", 1, status)
    assert why in delivery.why
    assert all(char.isprintable() or char in "\n\t\ufffd" for char in delivery.answer)
    assert len(delivery.answer) <= 500
    yard.work(seconds=4)
    assert len(yard.receiver.messages) == 1
    yard.work(seconds=1)
    first, second = yard.receiver.messages
    assert (first.id, first.body) == (second.id, second.body)
    assert second.path == "/in", "a redirect is not followed"
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 5
    (delivery,) = yard.log(made.hook)
    assert (delivery.status, delivery.attempts, delivery.why) == ("delivered", 2, "")


def test_it_is_tried_with_longer_and_longer_waits_then_given_up_and_the_webhook_disabled(both: Yard) -> None:
    made = both.hook("release.published")
    watching = both.hook("webhook.disabled", path="/watch")
    both.receiver.orders = ["refuse"] * 8
    a_release(both.app, both.bob, "bob/pdf")
    both.work()
    for tries, wait_s in enumerate(WAITS_S, 1):
        assert both.log(made.hook)[0].attempts == tries
        both.work(seconds=wait_s - 1)
        assert both.log(made.hook)[0].attempts == tries
        both.work(seconds=1)
    (delivery,) = both.log(made.hook)
    assert (delivery.status, delivery.attempts, delivery.next_ms) == ("failed", 8, None)
    assert len({message.id for message in both.receiver.messages}) == 1
    hook = both.again(made.hook)
    assert (hook.enabled, hook.why_disabled) == (False, "nothing could be delivered for more than a day")
    both.work()
    (told,) = both.receiver.of("webhook.disabled")
    assert (told.path, told.json["data"]["hook_id"]) == ("/watch", made.hook.id)
    assert both.log(watching.hook)[0].status == "delivered"
    a_release(both.app, both.bob, "bob/pdf", "1.1.0")
    both.work(seconds=HOUR_S)
    assert len(both.receiver.of("release.published")) == 8, "a disabled one is told nothing"


def test_a_receiver_that_wants_no_more_is_told_no_more(yard: Yard) -> None:
    made = yard.hook("release.published")
    yard.receiver.orders = ["gone"]
    a_release(yard.app, yard.bob, "bob/pdf")
    yard.work()
    assert yard.log(made.hook)[0].status == "failed"
    assert not yard.again(made.hook).enabled
    with pytest.raises(HookDisabled, match="wants no more"):
        send_test(yard.app, yard.bob, hook_id=made.hook.id)
    enabled = change_hook(yard.app, yard.bob, hook_id=made.hook.id, enabled=True)
    assert (enabled.enabled, enabled.why_disabled) == (True, "")
    assert send_test(yard.app, yard.bob, hook_id=made.hook.id).status == "delivered"


def test_a_receiver_that_fails_is_left_alone_for_a_while(yard: Yard) -> None:
    made = yard.hook("release.published")
    yard.receiver.orders = ["refuse"]
    a_release(yard.app, yard.bob, "bob/pdf")
    yard.work()
    a_release(yard.app, yard.bob, "bob/csv")
    yard.work(seconds=1)
    assert len(yard.receiver.messages) == 1
    waiting = yard.log(made.hook)[0]
    assert (waiting.status, waiting.attempts) == ("pending", 0)
    yard.work(seconds=5)
    assert sorted(message.json["data"]["name"] for message in yard.receiver.messages) == [
        "bob/csv", "bob/pdf", "bob/pdf",
    ]  # fmt: skip
    assert {delivery.status for delivery in yard.log(made.hook)} == {"delivered"}


@pytest.mark.parametrize(("dies_at", "after"), [(1, False), (1, True), (2, False), (2, True)])
def test_a_worker_that_dies_between_sending_and_noting_loses_nothing(yard: Yard, dies_at: int, after: bool) -> None:
    made = yard.hook("release.published")
    a_release(yard.app, yard.bob, "bob/pdf")
    follow_events(yard.app)
    (delivery_id,) = yard.due()
    with suppress(Killed):
        deliver(dying(yard.app, dies_at=dies_at, after=after), delivery_id=delivery_id)
    sent = len(yard.receiver.messages)
    assert sent == (0 if dies_at == 1 else 1)
    deliver(yard.app, delivery_id=delivery_id)
    (delivery,) = yard.log(made.hook)
    assert delivery.status == "delivered"
    assert {message.id for message in yard.receiver.messages} == {delivery.id}, "a repetition has the same id"
    assert len(yard.receiver.messages) == (2 if (dies_at, after) == (2, False) else 1)


@pytest.mark.parametrize("after", [False, True])
def test_a_death_while_events_are_followed_tells_nothing_twice(yard: Yard, after: bool) -> None:
    yard.hook("release.published")
    a_release(yard.app, yard.bob, "bob/pdf")
    with suppress(Killed):
        follow_events(dying(yard.app, dies_at=1, after=after))
    yard.work()
    yard.work()
    assert len(yard.receiver.messages) == 1


def test_it_is_sent_again_by_hand_under_the_same_id(yard: Yard) -> None:
    made = yard.hook("release.published")
    a_release(yard.app, yard.bob, "bob/pdf")
    yard.work()
    (delivery,) = yard.log(made.hook)
    asked = resend_delivery(yard.app, yard.bob, hook_id=made.hook.id, delivery_id=delivery.id)
    assert asked.status == "pending"
    yard.receiver.orders = ["refuse"]
    yard.work()
    yard.work(seconds=5)
    assert [message.id for message in yard.receiver.messages] == [delivery.id] * 3
    (again,) = yard.log(made.hook)
    assert (again.status, again.attempts, again.tries) == ("delivered", 3, 2)
    for hook_id, delivery_id, error in (
        (made.hook.id, "msg_none", DeliveryNotFound),
        (made.hook.id, "msg_\x00", DeliveryNotFound),
        (yard.hook("release.published").hook.id, delivery.id, DeliveryNotFound),
        ("hook_none", delivery.id, HookNotFound),
    ):
        with pytest.raises(error):
            resend_delivery(yard.app, yard.bob, hook_id=hook_id, delivery_id=delivery_id)
    with pytest.raises(HookNotFound):
        resend_delivery(yard.app, yard.eve, hook_id=made.hook.id, delivery_id=delivery.id)


def test_a_test_is_sent_at_once_and_once(yard: Yard) -> None:
    made = yard.hook("release.published")
    yard.receiver.orders = ["refuse", "ok"]
    refused = send_test(yard.app, yard.bob, hook_id=made.hook.id)
    assert (refused.event, refused.status, refused.answer_status) == ("webhook.test", "failed", 503)
    yard.work(seconds=HOUR_S)
    assert len(yard.receiver.messages) == 1
    assert send_test(yard.app, yard.bob, hook_id=made.hook.id).status == "delivered"
    assert [delivery.event for delivery in yard.log(made.hook)] == ["webhook.test"] * 2


def test_an_address_that_leads_inside_by_now_is_not_called(yard: Yard) -> None:
    """The name was public when the webhook was set up (DNS rebinding)."""
    made = yard.hook("release.published")
    with yard.app.database.transaction() as tx:
        tx.run("UPDATE hooks SET url = 'https://rebound.example/in'")
    app = replace(yard.app, outbound=Outbound(resolver=lambda _: ["10.1.2.3"]))
    sent = send_test(app, yard.bob, hook_id=made.hook.id)
    assert (sent.status, sent.answer_status) == ("failed", None)
    assert "not a public address" in sent.why
    assert "10.1.2.3" not in sent.why


def test_a_removed_webhook_takes_what_waits_with_it(yard: Yard) -> None:
    made = yard.hook("release.published")
    a_release(yard.app, yard.bob, "bob/pdf")
    follow_events(yard.app)
    (delivery_id,) = yard.due()
    remove_hook(yard.app, yard.bob, hook_id=made.hook.id)
    deliver(yard.app, delivery_id=delivery_id)
    assert yard.receiver.messages == []


def test_messages_whose_job_is_gone_are_remembered_and_old_ones_forgotten(yard: Yard) -> None:
    made = yard.hook("release.published")
    a_release(yard.app, yard.bob, "bob/pdf")
    follow_events(yard.app)
    with yard.app.database.transaction() as tx:
        tx.run("DELETE FROM jobs")
    remember_deliveries(yard.app)
    assert _waiting(yard) == []
    yard.clock.move(seconds=61)
    remember_deliveries(yard.app)
    assert _waiting(yard) == ["notices.deliver"]
    yard.work()
    yard.clock.move(seconds=31 * 24 * HOUR_S)
    forget_deliveries(yard.app)
    assert yard.log(made.hook) == ()


def test_the_log_comes_in_pages(yard: Yard) -> None:
    made = yard.hook("release.published")
    for _ in range(5):
        send_test(yard.app, yard.bob, hook_id=made.hook.id)
    page = list_deliveries(yard.app, yard.bob, hook_id=made.hook.id, limit=3)
    rest = list_deliveries(yard.app, yard.bob, hook_id=made.hook.id, limit=3, cursor=page.next_cursor)
    ids = [delivery.id for delivery in (*page.items, *rest.items)]
    assert len(ids) == 5
    assert ids == sorted(ids, reverse=True)
    assert rest.next_cursor is None


def _waiting(yard: Yard) -> list[str]:
    with yard.app.database.reading() as tx:
        return [job["name"] for job in jobs_sqlite.waiting(tx)]
