"""What we ask of a network: one HTTP API as toncenter.com offers it, through the server's one door.

Version 3 reads indexed transactions, version 2 the state of accounts and takes messages.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from skillyard.domain.payments.ton.transactions import LATEST_S, Transaction, read_number, read_transaction
from skillyard.infra.outbound import Answer, Bounds, CallFailed, Outbound

PAGE_SIZE = 200
_BOUNDS = Bounds(total_s=20.0, phase_s=10.0, max_bytes=16 * 1024 * 1024)
_MOST_REASON_CHARS = 300
_TRIES = 4
_BETWEEN_TRIES_S = 1.1  # without a key, one call a second is allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The state of an address now. `data`: a contract's data, a bag of cells in base64; empty before its first use."""

    is_active: bool
    balance: int
    data: str
    last_lt: int

    @classmethod
    def unused(cls) -> Account:
        return cls(is_active=False, balance=0, data="", last_lt=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainTime:
    """The newest block that the index has. `global_id`: which network it is of, where the API says so."""

    at_s: int
    global_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Transactions in their order, each once, however they came. `is_last`: there are no newer ones."""

    transactions: tuple[Transaction, ...]
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Toncenter:
    """Its methods raise CallFailed. `key` may be empty."""

    outbound: Outbound
    url: str
    key: str

    def account(self, address: str) -> Account:
        found = self._json(self._call("GET", f"v2/getAddressInformation?{urlencode({'address': address})}"))
        with self._reading():
            found = found["result"]
            return Account(
                is_active=found["state"] == "active",
                balance=read_number(found["balance"]),
                data=str(found.get("data") or ""),
                last_lt=read_number(found["last_transaction_id"]["lt"]),
            )

    def time(self) -> ChainTime:
        found = self._json(self._call("GET", "v3/masterchainInfo"))
        with self._reading():
            last = found["last"]
            network = last.get("global_id")
            return ChainTime(
                at_s=read_number(last["gen_utime"], most=LATEST_S), global_id=None if network is None else int(network)
            )

    def transactions(self, address: str, wanted: Mapping[str, int], *, oldest_first: bool = True) -> Page:
        """At most `PAGE_SIZE`. `wanted`: `start_lt`, `end_lt`, `start_utime`, all inclusive."""
        order = "asc" if oldest_first else "desc"
        query = urlencode({"account": address, "limit": PAGE_SIZE, "sort": order, **wanted})
        found = self._json(self._call("GET", f"v3/transactions?{query}"))
        with self._reading():
            read = {one.lt: one for one in map(read_transaction, found["transactions"])}
            return Page(
                transactions=tuple(read[lt] for lt in sorted(read)), is_last=len(found["transactions"]) < PAGE_SIZE
            )

    def all_transactions(self, address: str, *, most_pages: int, **wanted: int) -> Page:
        """Page after page, oldest first; not the last when there are more than `most_pages`."""
        found: list[Transaction] = []
        for _ in range(most_pages):
            page = self.transactions(address, wanted)
            found += page.transactions
            if page.is_last or not page.transactions:
                return Page(transactions=tuple(found), is_last=True)
            wanted = {**wanted, "start_lt": page.transactions[-1].lt + 1}
        return Page(transactions=tuple(found), is_last=False)

    def send(self, boc: str) -> str:
        """Hand in a signed message. Returns why the node refuses it; empty when it takes it."""
        answer = self._call("POST", "v2/sendBoc", {"boc": boc})
        if answer.status == 200:
            return ""
        with self._reading():
            said = str(orjson.loads(answer.body)["error"]).partition("\n")[0]
            return said[:_MOST_REASON_CHARS] or "it does not say why"

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """An answer of whatever status but 429, for which it waits and asks again."""
        headers = {"accept": "application/json", "content-type": "application/json"}
        if self.key:
            headers["x-api-key"] = self.key
        for attempt in range(_TRIES):
            time.sleep(_BETWEEN_TRIES_S * attempt)
            answer = self.outbound.request(
                method,
                f"{self.url}/api/{path}",
                headers=headers,
                body=orjson.dumps(body) if body else b"",
                bounds=_BOUNDS,
            )
            if answer.status != 429:
                break
        return answer

    def _json(self, answer: Answer) -> Any:
        if answer.status != 200:
            raise CallFailed(host=self.host, why=f"it answered with status {answer.status}")
        with self._reading():
            return orjson.loads(answer.body)

    @property
    def host(self) -> str:
        return str(urlsplit(self.url).hostname)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """What is not as documented is the API's failure."""
        try:
            yield
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
            raise CallFailed(host=self.host, why="its answer is not as documented") from None
