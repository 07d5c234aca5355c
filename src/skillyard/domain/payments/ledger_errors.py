"""What the ledger refuses."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, NotFound, PaymentRequired


class InsufficientFunds(PaymentRequired):
    code = "insufficient_funds"
    text = "There is not enough: {needed} {asset} is needed, {there} {asset} is there."
    hint = "Lower the amount, or wait until more has come in."


class LedgerConflict(Conflict):
    code = "ledger_conflict"
    text = "{what} is in the books already, and not as it is asked for now."
    hint = "Nothing was booked. Look at what is there; a correction is a new posting under a key of its own."


class NoSuchJournal(NotFound):
    code = "journal_not_found"
    text = "The books have no journal {journal_id}."
    hint = "Look it up in the list of transactions."


class NoSuchHold(NotFound):
    code = "hold_not_found"
    text = "There is no hold {hold_id}."
    hint = "Look it up where it was placed."


class HoldClosed(Conflict):
    code = "hold_closed"
    text = "The hold {hold_id} was {status} already."
    hint = "A hold is captured or released exactly once; nothing was booked now."


class HoldTooSmall(Conflict):
    code = "hold_too_small"
    text = "The hold {hold_id} is of {held} {asset}; {needed} {asset} cannot be captured from it."
    hint = "Capture what is held at most, and place another hold for the rest."
