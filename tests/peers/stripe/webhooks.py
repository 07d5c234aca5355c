"""Sends events to endpoints, signed; in the order, number and time that the weather makes of it."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random

from tests.peers.stripe.world import DAY_S, PLATFORM, Thing, World

Send = Callable[[str, Mapping[str, str], bytes], int]
"""(url, headers, body) → status; 0 when nobody answered."""

_GIVE_UP_S = 3 * DAY_S
_FIRST_RETRY_S = 60


@dataclass
class Weather:
    """`duplicates`, `loss`: probabilities per event. A lost one is never sent. `delay_s`: at least, at most."""

    duplicates: float = 0.0
    loss: float = 0.0
    delay_s: tuple[int, int] = (0, 0)
    reorder: bool = False
    random: Random = field(default_factory=lambda: Random(0))


@dataclass
class Delivery:
    endpoint: Thing
    event: Thing
    due: int
    made: int
    tries: int = 0


class Webhooks:
    """Queues what happens for each endpoint that wants it; `deliver` sends what is due."""

    def __init__(self, world: World, send: Send) -> None:
        self.world, self.send = world, send
        self.weather = Weather()
        self.by_itself = True  # a peer that is served delivers what is due; else only `deliver` does
        self.queue: list[Delivery] = []
        self.answers: list[tuple[str, int]] = []  # type of the event, status
        self._one_at_a_time = threading.Lock()
        world.on_event.append(self._happened)

    def _happened(self, event: Thing, account: str) -> None:
        for endpoint in self.world.lists[PLATFORM, "webhook_endpoint"]:
            wanted = endpoint["enabled_events"]
            if "*" not in wanted and event["type"] not in wanted:
                continue
            if self.world.hidden[endpoint["id"]]["connect"] == (account != PLATFORM):
                self._enqueue(endpoint, event)

    def _enqueue(self, endpoint: Thing, event: Thing) -> None:
        weather, now = self.weather, self.world.now()
        if weather.random.random() < weather.loss:
            return
        for _ in range(2 if weather.random.random() < weather.duplicates else 1):
            due = now + weather.random.randint(*weather.delay_s)
            self.queue.append(Delivery(endpoint, deepcopy(event), due, now))

    def deliver(self, send: Send | None = None) -> int:
        """Send all that is due; returns how many arrived. What is refused comes again later, for three days."""
        with self._one_at_a_time:
            now = self.world.now()
            due = [delivery for delivery in self.queue if delivery.due <= now]
            self.queue = [delivery for delivery in self.queue if delivery.due > now]
            if self.weather.reorder:
                self.weather.random.shuffle(due)
            return sum(self._deliver(delivery, send or self.send) for delivery in due)

    def _deliver(self, delivery: Delivery, send: Send) -> bool:
        body = json.dumps(delivery.event).encode()
        secrets = self.world.hidden[delivery.endpoint["id"]]["secrets"]
        status = send(delivery.endpoint["url"], signed(body, secrets, self.world.now()), body)
        self.answers.append((delivery.event["type"], status))
        if 200 <= status < 300:
            return True
        delivery.tries += 1
        delivery.due = self.world.now() + _FIRST_RETRY_S * 2**delivery.tries
        if delivery.due < delivery.made + _GIVE_UP_S:
            self.queue.append(delivery)
        return False


def signed(body: bytes, secrets: list[str], at: int) -> dict[str, str]:
    """The headers of a delivery; while a secret is being replaced there are two signatures."""
    signatures = [hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest() for secret in secrets]
    header = ",".join([f"t={at}", *(f"v1={signature}" for signature in signatures)])
    return {"content-type": "application/json; charset=utf-8", "stripe-signature": header,
            "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)"}  # fmt: skip
