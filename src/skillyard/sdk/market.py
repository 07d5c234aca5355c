"""Skills that are invoked, for Python programs: as a buyer, and as the provider who works invocations off."""

from __future__ import annotations

import secrets
import time
from typing import Any, Literal, cast

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.errors import SdkError
from skillyard.sdk.paths import segment, skill_path, without_none

Document = dict[str, Any]
Side = Literal["buyer", "provider"]

SETTLED = frozenset({"completed", "failed", "expired"})
"""Statuses of an invocation that never change again."""
_ASK_S = 20  # how long one request waits; shorter than what proxies bear


class NotSettledYet(SdkError):
    """Somebody waited for an invocation, and it has not ended by now. It can be looked at again later."""

    exit_code = 3


class MarketCalls(ApiCalls):
    """What one does in the market. `offer`: an id (`skl_…`), or the name of the skill."""

    def offers(self, query: str = "", *, limit: int = 50, **filters: Any) -> list[Document]:
        """What can be invoked, at most 100. `filters`: `tag` (a list), `trust_level`, `status`, `sort`, `cursor`."""
        return cast("list[Document]", self.get_json("/offers", q=query, limit=limit, **filters)["items"])

    def offer(self, offer: str) -> Document:
        return cast(Document, self.get_json(_offer_path(offer)))

    def my_offers(self) -> list[Document]:
        """What your namespaces offer, in every status."""
        return self.all_items("/me/offers")

    def offers_in_review(self) -> list[Document]:
        """What waits for an administrator."""
        return self.all_items("/offers/pending-reviews")

    def change_offer(self, offer: str, **changes: Any) -> Document:
        """`description`, `tags`, `trust_level`, `price`; `version` and schemas make a new release."""
        return cast(Document, self.send_json("PATCH", f"/offers/{self._offer_id(offer)}", without_none(changes)))

    def decide_offer(
        self, offer: str, what: Literal["suspend", "activate", "approve", "reject"], *, reason: str | None = None
    ) -> Document:
        """Suspend and activate as its maintainer; approve and reject as an administrator."""
        body = {"reason": reason} if reason is not None else None
        return cast(Document, self.send_json("POST", f"/offers/{self._offer_id(offer)}/{what}", body))

    def invoke(
        self,
        offer: str,
        input: Any,
        *,
        key: str | None = None,
        agent_id: str | None = None,
        max_price: int | None = None,
    ) -> Document:
        """A new invocation, which has not ended yet. `key`: the same again is the same invocation, charged once.
        `max_price`: credits; it is refused when it costs more.
        """
        body = {"input": input, **without_none({"agent_id": agent_id, "max_price": max_price})}
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        answer = self.request("POST", f"{_place(offer)}/invocations", json=body, headers=headers)
        return cast(Document, answer.json())

    def invocation(self, invocation_id: str, *, wait_s: int = 0) -> Document:
        """As it is now, or once it has ended, if that is within `wait_s` (at most 55)."""
        return cast(Document, self.get_json(f"/invocations/{segment(invocation_id)}", wait=wait_s or None))

    def wait_for_invocation(self, invocation_id: str, *, timeout_s: float = 600.0) -> Document:
        """The invocation once it has ended: look at its `status`. Raises NotSettledYet after the time."""
        until = time.monotonic() + timeout_s
        while True:
            left = until - time.monotonic()
            found = self.invocation(invocation_id, wait_s=max(0, min(_ASK_S, round(left))))
            if found["status"] in SETTLED:
                return found
            if left <= 0:
                raise NotSettledYet(
                    f"Invocation {invocation_id} is {found['status']}.",
                    code="not_settled_yet",
                    hint=f"Look again with `skillyard invocations show {invocation_id} --wait`.",
                )

    def invocations(self, *, side: Side = "buyer", status: str | None = None) -> list[Document]:
        """What you asked for, or as a provider were asked for; the newest first."""
        return self.all_items("/me/invocations", side=side, status=status)

    def cancel_invocation(self, invocation_id: str) -> Document:
        """Take it back, as long as nobody has begun with it."""
        return self._act(invocation_id, "cancel")

    def invocation_receipt(self, invocation_id: str) -> str:
        """What the registry swears of it, once it has ended: a signed note."""
        return str(self.get_json(f"/invocations/{segment(invocation_id)}/receipt")["receipt"])

    def pending_invocations(self, offer: str | None = None, *, wait_s: int = 0) -> list[Document]:
        """What waits for you as a provider, the oldest first; with `wait_s` (at most 55), as soon as there is one."""
        offer_id = self._offer_id(offer) if offer else None
        found = self.get_json("/invocations/pending", offer_id=offer_id, wait=wait_s or None)
        return cast("list[Document]", found["items"])

    def claim_invocation(self, invocation_id: str, *, lease_s: int = 300) -> Document:
        """Begin with it. Refused with 409 when somebody else was first."""
        return self._act(invocation_id, "claim", {"lease_s": lease_s})

    def renew_claim(self, invocation_id: str, *, lease_s: int = 300) -> Document:
        return self._act(invocation_id, "renew", {"lease_s": lease_s})

    def complete_invocation(self, invocation_id: str, output: Any) -> Document:
        """Deliver what the output schema asks for."""
        return self._act(invocation_id, "complete", {"output": output})

    def fail_invocation(self, invocation_id: str, code: str, message: str) -> Document:
        """Give it up; the buyer reads why."""
        return self._act(invocation_id, "fail", {"code": code, "message": message})

    def _act(self, invocation_id: str, what: str, body: Document | None = None) -> Document:
        return cast(Document, self.send_json("POST", f"/invocations/{segment(invocation_id)}/{what}", body))

    def _offer_id(self, offer: str) -> str:
        return segment(offer if _is_id(offer) else str(self.offer(offer)["id"]))


def _is_id(offer: str) -> bool:
    return offer.startswith("skl_")


def _place(offer: str) -> str:
    return f"/offers/{segment(offer)}" if _is_id(offer) else skill_path(offer)


def _offer_path(offer: str) -> str:
    return _place(offer) if _is_id(offer) else f"{skill_path(offer)}/offer"
