"""The account at a glance."""

from __future__ import annotations

from skillyard.api.skillzdrive.addresses import API
from skillyard.api.skillzdrive.callers import SignedIn, signed_router
from skillyard.api.skillzdrive.wire import account as wire
from skillyard.api.skillzdrive.wire.envelope import Data
from skillyard.api.surface import AppOf
from skillyard.domain.payments.account import get_account
from skillyard.domain.payments.credits import purchase_url

router = signed_router("account")


@router.get(f"{API}/account/credits", summary="Credits and usage")
def get_credits(app: AppOf, caller: SignedIn) -> Data[wire.CreditsShown]:
    """The balance, what of the month is used, and the last ten transactions."""
    return Data(data=wire.show_account(get_account(app, caller), purchase_url=purchase_url(app)))
