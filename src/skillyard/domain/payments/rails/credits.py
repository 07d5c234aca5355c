"""Payment from credits: a balance that we keep ourselves, so that a shop works without any account elsewhere."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.model import PriceMode
from skillyard.domain.payments.rail import Check, Rail
from skillyard.infra.money import Asset


class CreditsRail(Rail):
    name = "credits"
    is_internal = True
    refunds_to_source = True
    clearing = Kind.CREDITS_ISSUED

    def is_ready(self, app: App) -> bool:
        return True

    def asset_for(self, mode: PriceMode) -> Asset | None:
        return Asset.CREDIT if mode == "fixed_usd" else None

    def check(self, app: App) -> list[Check]:
        return [Check(name="credits", ok=True, detail="always there; administrators grant them")]


RAIL = CreditsRail()
