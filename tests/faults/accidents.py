"""What goes wrong with our own process: it dies between two steps, loses an answer, asks twice, or is overtaken.

An `App` whose database and door to the outside do this by chance, decided by one random source, so that a seed repeats
a whole run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random

from skillyard.app import App
from skillyard.infra.database import Database, DatabaseUnavailable, Tx
from skillyard.infra.outbound import Answer, Bounds, CallFailed, Outbound
from tests.domain.payments.paper_bank import Killed


@dataclass
class Accidents:
    """`overtake`: what somebody else does meanwhile. `happened`: how often which accident."""

    random: Random
    chance: float
    overtake: Callable[[], None] = lambda: None
    happened: Counter[str] = field(default_factory=Counter)
    deaf_for: int = 0  # so many calls more are made, and their answers lost: longer than anybody tries again
    _is_overtaking: bool = False

    def hits(self, name: str, weight: float = 1.0) -> bool:
        is_hit = self.random.random() < self.chance * weight
        self.happened[name] += is_hit
        return is_hit

    def loses_answer(self) -> bool:
        self.deaf_for = max(self.deaf_for - 1, 0) if self.chance else 0
        return self.deaf_for > 0 or self.hits("call not answered")

    def meanwhile(self) -> None:
        """Once, not within itself: other workers and browsers do something before we go on."""
        if self._is_overtaking or not self.hits("overtaken"):
            return
        self._is_overtaking = True
        try:
            self.overtake()
        finally:
            self._is_overtaking = False

    @contextmanager
    def in_peace(self) -> Iterator[None]:
        """Nobody overtakes what is done in this block."""
        before, self._is_overtaking = self._is_overtaking, True
        try:
            yield
        finally:
            self._is_overtaking = before

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Nothing goes wrong in this block."""
        before, self.chance = self.chance, 0
        try:
            yield
        finally:
            self.chance = before

    def around(self, app: App) -> App:
        """The application, as far as it will go."""
        return replace(app, database=FrailDatabase(app.database, self), outbound=FrailOutbound(app.outbound, self))


class FrailDatabase(Database):
    """Dies, or loses its connection, before a commit or right after it."""

    def __init__(self, database: Database, accidents: Accidents) -> None:
        self._database, self._accidents = database, accidents
        self.dialect, self.url = database.dialect, database.url

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Tx]:
        self._accidents.meanwhile()
        with self._database.transaction(durable=durable) as tx:
            yield tx
            if self._accidents.hits("killed before a commit"):
                raise Killed
            if self._accidents.hits("commit failed", 0.5):
                raise DatabaseUnavailable
        if self._accidents.hits("killed after a commit"):
            raise Killed
        if self._accidents.hits("commit not answered", 0.5):
            raise DatabaseUnavailable

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        with self._database.reading() as tx:
            yield tx

    def close(self) -> None:
        self._database.close()


class FrailOutbound(Outbound):
    """Dies before a call or after it, makes it twice, or gets no answer."""

    def __init__(self, outbound: Outbound, accidents: Accidents) -> None:
        super().__init__(http_loopback=True)
        self._outbound, self._accidents = outbound, accidents

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"",
        bounds: Bounds | None = None,
    ) -> Answer:  # fmt: skip
        accidents = self._accidents
        accidents.meanwhile()
        if accidents.hits("killed before a call"):
            raise Killed
        if accidents.hits("call not made"):
            raise CallFailed(host="stripe", why="nobody listens")
        if accidents.hits("call made twice"):
            self._outbound.request(method, url, headers=headers, body=body)
        answer = self._outbound.request(method, url, headers=headers, body=body)
        if accidents.hits("killed after a call"):
            raise Killed
        if method == "POST" and accidents.hits("deaf for a while"):
            accidents.deaf_for = accidents.random.randint(2, 6)
        if accidents.loses_answer():
            raise CallFailed(host="stripe", why="it broke off")
        accidents.meanwhile()
        return answer
