"""The board, compositions, ratings and favorites, for Python programs."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any, Literal, cast

from skillyard.sdk.market import MarketCalls, NotSettledYet
from skillyard.sdk.paths import segment, without_none

Document = dict[str, Any]

ENDED = frozenset({"completed", "failed", "cancelled"})
"""Statuses of a composition that never change again."""
_ASK_S = 20


class BoardCalls(MarketCalls):
    """What one does to find skills that are not there yet, or that several together are."""

    def post_request(
        self,
        description: str,
        *,
        tags: Sequence[str] = (),
        input_schema: Document | None = None,
        output_schema: Document | None = None,
        max_price: int | None = None,
    ) -> Document:
        """Tell everybody what you look for. Schemas: what there is to begin with, and what is wanted in the end."""
        stated = _stated(description, list(tags), input_schema, output_schema, max_price)
        return cast(Document, self.send_json("POST", "/skill-requests", stated))

    def skill_requests(
        self, query: str = "", *, tags: Sequence[str] = (), status: str = "open", mine: bool = False, limit: int = 50
    ) -> list[Document]:
        """What is looked for, at most 100; `status`: open, closed, fulfilled or any. `mine`: all of one's own."""
        if mine:
            return self.all_items("/me/skill-requests")
        found = self.get_json("/skill-requests", q=query, tag=list(tags) or None, status=status, limit=limit)
        return cast("list[Document]", found["items"])

    def skill_request(self, request_id: str) -> Document:
        return cast(Document, self.get_json(_request_path(request_id)))

    def update_request(
        self,
        request_id: str,
        *,
        description: str | None = None,
        tags: Sequence[str] | None = None,
        input_schema: Document | None = None,
        output_schema: Document | None = None,
        max_price: int | None = None,
        status: Literal["open", "closed", "fulfilled"] | None = None,
    ) -> Document:
        """Change what is not None."""
        named = list(tags) if tags is not None else None
        stated = _stated(description, named, input_schema, output_schema, max_price)
        body = {**stated, **without_none({"status": status})}
        return cast(Document, self.send_json("PATCH", _request_path(request_id), body))

    def matches(self, request_id: str, *, limit: int = 20) -> list[Document]:
        """Offers that match, the best first, each with `reasons`."""
        found = self.get_json(f"{_request_path(request_id)}/matches", limit=limit)
        return cast("list[Document]", found["items"])

    def suggest(self, request_id: str) -> Document:
        """`{"items", "considered", "note"}`: offers whose schemas join, to be started by their `offer_ids`."""
        return cast(Document, self.get_json(f"{_request_path(request_id)}/suggest"))

    def start_composition(
        self,
        offers: Sequence[str],
        input: Any,
        *,
        key: str | None = None,
        max_price: int | None = None,
        agent_id: str | None = None,
    ) -> Document:
        """Run offers one after the other. `key`: the same again is the same composition, charged once."""
        ids = [self._offer_id(offer) for offer in offers]
        body = {"offer_ids": ids, "input": input, **without_none({"max_price": max_price, "agent_id": agent_id})}
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        return cast(Document, self.request("POST", "/compositions", json=body, headers=headers).json())

    def compositions(self) -> list[Document]:
        """Yours, the newest first."""
        return self.all_items("/compositions")

    def composition(self, composition_id: str, *, wait_s: int = 0) -> Document:
        """As it is now, or once it has ended, if that is within `wait_s` (at most 55)."""
        return cast(Document, self.get_json(f"/compositions/{segment(composition_id)}", wait=wait_s or None))

    def wait_for_composition(self, composition_id: str, *, timeout_s: float = 600.0) -> Document:
        """The composition once it has ended: look at its `status`. Raises NotSettledYet after the time."""
        until = time.monotonic() + timeout_s
        while True:
            left = until - time.monotonic()
            found = self.composition(composition_id, wait_s=max(0, min(_ASK_S, round(left))))
            if found["status"] in ENDED:
                return found
            if left <= 0:
                raise NotSettledYet(
                    f"Composition {composition_id} is {found['status']}.",
                    code="not_settled_yet",
                    hint=f"Look again with `skillyard compositions show {composition_id} --wait`.",
                )

    def cancel_composition(self, composition_id: str) -> Document:
        """Begin nothing more; what is worked on already is delivered, and paid."""
        return cast(Document, self.send_json("POST", f"/compositions/{segment(composition_id)}/cancel"))

    def rate_offer(self, offer: str, stars: int, *, invocation_id: str | None = None) -> Document:
        """1 to 5, instead of what you gave before."""
        body = {"stars": stars, **without_none({"invocation_id": invocation_id})}
        return cast(Document, self.send_json("PUT", f"/offers/{self._offer_id(offer)}/rating", body))

    def ratings(self, offer: str) -> Document:
        return cast(Document, self.get_json(f"/offers/{self._offer_id(offer)}/ratings"))

    def favorites(self) -> list[Document]:
        return cast("list[Document]", self.get_json("/me/favorites")["items"])

    def add_favorite(self, offer: str) -> Document:
        return cast(Document, self.send_json("PUT", f"/me/favorites/{self._offer_id(offer)}"))

    def remove_favorite(self, offer: str) -> None:
        self.send_json("DELETE", f"/me/favorites/{self._offer_id(offer)}")

    def leaderboard(self, by: Literal["invocations", "rating"] = "invocations", *, limit: int = 20) -> list[Document]:
        return cast("list[Document]", self.get_json("/leaderboard", by=by, limit=limit)["items"])


def _stated(
    description: str | None,
    tags: list[str] | None,
    input_schema: Document | None,
    output_schema: Document | None,
    max_price: int | None,
) -> Document:
    return without_none(
        {
            "description": description,
            "tags": tags,
            "desired_input_schema": input_schema,
            "desired_output_schema": output_schema,
            "max_price": max_price,
        }
    )


def _request_path(request_id: str) -> str:
    return f"/skill-requests/{segment(request_id)}"
