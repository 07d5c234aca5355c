"""Selling and buying for Python programs. Amounts are decimal strings beside their asset: "29.00" and USD."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal, cast

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.errors import SdkError
from skillyard.sdk.paths import segment, skill_path, without_none

Document = dict[str, Any]
PriceMode = Literal["fixed_usd", "fixed_ton"]

WAITING = frozenset({"draft", "open", "underpaid"})
"""Statuses of an invoice that money is still expected for."""
_ASK_EVERY_S = 2.0


class NotPaidYet(SdkError):
    """Somebody waited for an invoice, and it has not been paid by now. It can be looked at again later."""

    exit_code = 3


class CommerceCalls(ApiCalls):
    """What one does in a shop, on both sides of the counter."""

    def sale(self, name: str) -> Document:
        """Whether a skill is for sale, its prices, how they can be paid, and what of it you may do."""
        return cast(Document, self.get_json(f"{skill_path(name)}/sale"))

    def set_sale(
        self,
        name: str,
        *,
        is_for_sale: bool | None = None,
        visibility: Literal["public", "unlisted", "private"] | None = None,
        selling_text: str | None = None,
    ) -> Document:
        """Put it up for sale or take it off; what is None stays as it is."""
        body = without_none({"is_for_sale": is_for_sale, "visibility": visibility, "selling_text": selling_text})
        return self._send_document("PATCH", f"{skill_path(name)}/sale", body)

    def set_price(self, name: str, amount: str, mode: PriceMode = "fixed_usd") -> Document:
        return self._send_document("POST", f"{skill_path(name)}/prices", {"mode": mode, "amount": amount})

    def sales(self, name: str | None = None) -> list[Document]:
        """What was sold of a skill, or of all that you sell; the newest first."""
        return self.all_items(f"{skill_path(name)}/sales" if name else "/me/sales")

    def grant_access(self, name: str, username: str) -> Document:
        """Let somebody have a skill without paying."""
        return self._send_document("PUT", f"{skill_path(name)}/access/{segment(username)}")

    def revoke_access(self, name: str, username: str) -> Document:
        return self._send_document("DELETE", f"{skill_path(name)}/access/{segment(username)}")

    def holders(self, name: str) -> list[Document]:
        """Who bought a skill of yours, or was given it."""
        return _items(self.get_json(f"{skill_path(name)}/access"))

    def buy(self, name: str, *, rail: str | None = None, referral_code: str | None = None) -> Document:
        """`{"created", "invoice"}`: the invoice for a skill, new or the open one; paid already where credits pay."""
        body = without_none({"rail": rail, "referral_code": referral_code})
        return self._send_document("POST", f"{skill_path(name)}/purchase", body)

    def invoices(self) -> list[Document]:
        return self.all_items("/invoices")

    def invoice(self, invoice_id: str) -> Document:
        return cast(Document, self.get_json(f"/invoices/{segment(invoice_id)}"))

    def cancel_invoice(self, invoice_id: str) -> Document:
        return self._send_document("POST", f"/invoices/{segment(invoice_id)}/cancel")

    def wait_for_invoice(
        self, invoice_id: str, *, timeout_s: float = 1800.0, sleep: Callable[[float], None] = time.sleep
    ) -> Document:
        """The invoice, once it waits for money no longer: look at its `status`. Raises NotPaidYet after the time."""
        until = time.monotonic() + timeout_s
        while (found := self.invoice(invoice_id))["status"] in WAITING:
            if time.monotonic() >= until:
                left = f"{found['missing']} {found['asset']} have yet to arrive"
                raise NotPaidYet(
                    f"Invoice {invoice_id} is {found['status']}: {left}.",
                    code="not_paid_yet",
                    hint=f"Look again with `skillyard invoice {invoice_id} --wait`.",
                )
            sleep(_ASK_EVERY_S)
        return found

    def refund(
        self, invoice_id: str, reason: str, *, amount: str | None = None, address: str | None = None
    ) -> Document:
        """Give a sale's price back, or a part of it, as `{"items", "claimable"}`.

        An item for each payment that it goes back along; none for credits, which are back at once, nor for TON, which
        the buyer claims. `address`: the buyer's own wallet, which only administrators may name for them.
        """
        body = without_none({"reason": reason, "amount": amount, "address": address})
        return self._send_document("POST", f"/invoices/{segment(invoice_id)}/refunds", body)

    def refunds(self, invoice_id: str) -> Document:
        """`{"items", "claimable"}`: what went back, and what waits for its buyer to say where to."""
        return cast(Document, self.get_json(f"/invoices/{segment(invoice_id)}/refunds"))

    def claim_refund(self, invoice_id: str, address: str | None = None) -> Document:
        """As the buyer: have back what was refunded, or paid too much, too late, or in part only."""
        return self._send_document("POST", f"/invoices/{segment(invoice_id)}/claim", without_none({"address": address}))

    def bought(self) -> list[Document]:
        """What you bought or were granted, the newest first."""
        return self.all_items("/me/purchases")

    def credits(self) -> Document:
        """What you have, in whole credits; each is worth one US cent."""
        return cast(Document, self.get_json("/me/credits"))

    def account(self) -> Document:
        """Your credits with the ten last movements of them, and what of this month's calls is used."""
        return cast(Document, self.get_json("/me/account"))

    def buy_credits(self, amount: str, *, rail: str | None = None) -> Document:
        """`{"created", "invoice"}`, as `buy`: the credits are there once it is paid. `amount`: whole credits."""
        return self._send_document("POST", "/me/credits", without_none({"amount": amount, "rail": rail}))

    def balance(self) -> Document:
        """What you have earned, in each asset."""
        return cast(Document, self.get_json("/me/balance"))

    def transactions(self) -> list[Document]:
        return self.all_items("/me/transactions")

    def payout_methods(self) -> list[Document]:
        return _items(self.get_json("/me/payout-methods"))

    def set_ton_wallet(self, address: str) -> Document:
        return self._send_document("PUT", "/me/payout-methods/ton", {"address": address})

    def set_stripe_account(self, account_id: str, label: str = "") -> Document:
        return self._send_document("PUT", "/me/payout-methods/stripe", {"account_id": account_id, "label": label})

    def start_connect(self, country: str | None = None) -> Document:
        """`{"account", "url"}`: where you complete your account with Stripe, good once and for minutes."""
        return self._send_document("POST", "/me/connect", without_none({"country": country}))

    def connect_account(self) -> Document | None:
        return cast("Document | None", self.get_json("/me/connect")["account"])

    def payouts(self) -> list[Document]:
        return self.all_items("/me/payouts")

    def request_payout(self, amount: str, asset: str, to: str) -> Document:
        """`to`: the kind of a payout method: stripe, ton or credits."""
        return self._send_document("POST", "/me/payouts", {"amount": amount, "asset": asset, "to": to})

    def payout(self, payout_id: str) -> Document:
        """`{"payout", "steps"}`: how it went."""
        return cast(Document, self.get_json(f"/me/payouts/{segment(payout_id)}"))

    def cancel_payout(self, payout_id: str) -> Document:
        return self._send_document("POST", f"/me/payouts/{segment(payout_id)}/cancel")

    def all_payouts(self) -> list[Document]:
        """Of everybody, for administrators."""
        return self.all_items("/admin/payouts")

    def approve_payout(self, payout_id: str) -> Document:
        return self._send_document("POST", f"/admin/payouts/{segment(payout_id)}/approve")

    def reject_payout(self, payout_id: str, reason: str) -> Document:
        return self._send_document("POST", f"/admin/payouts/{segment(payout_id)}/reject", {"reason": reason})

    def grant_credits(self, username: str, amount: str, reason: str) -> Document:
        """For administrators: `amount` whole credits."""
        body = {"username": username, "amount": amount, "reason": reason}
        return self._send_document("POST", "/admin/credits", body)

    def set_rate(self, asset: str, usd: str) -> Document:
        """For administrators: what one unit is worth in US dollars."""
        return self._send_document("PUT", f"/admin/rates/{segment(asset)}", {"usd": usd})

    def rate(self, asset: str) -> Document | None:
        """What one unit is worth now; None when nobody said so lately."""
        return cast("Document | None", self.get_json(f"/rates/{segment(asset)}")["rate"])

    def charges_in_doubt(self) -> list[Document]:
        """For administrators: payments elsewhere that nobody is certain of, or that failed after delivery."""
        return _items(self.get_json("/admin/charges"))

    def decide_charge(self, ref: str, *, taken: bool, reference: str | None = None) -> Document:
        """For administrators: say what became of one."""
        body = without_none({"taken": taken, "reference": reference})
        return self._send_document("POST", f"/admin/charges/{segment(ref)}/decide", body)

    def deposits(self) -> list[Document]:
        """For administrators: money that names no invoice."""
        return _items(self.get_json("/admin/deposits"))

    def match_deposit(self, rail: str, reference: str, invoice_id: str) -> Document:
        body = {"rail": rail, "reference": reference, "invoice_id": invoice_id}
        return self._send_document("POST", "/admin/deposits/match", body)

    def return_deposit(self, rail: str, reference: str, address: str | None = None) -> Document:
        body = without_none({"rail": rail, "reference": reference, "address": address})
        return self._send_document("POST", "/admin/deposits/return", body)

    def _send_document(self, method: str, path: str, body: Document | None = None) -> Document:
        return cast(Document, self.send_json(method, path, body))


def _items(answer: Document) -> list[Document]:
    return cast("list[Document]", answer["items"])
