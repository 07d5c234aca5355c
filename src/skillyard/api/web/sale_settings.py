"""For owners in the browser: whether a skill is for sale, for how much, and what people read before they buy it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.pages import go_to
from skillyard.api.web.session import FormOf, VisitorOf
from skillyard.api.web.skills import skill_page
from skillyard.domain.payments.model import PRICE_ASSETS
from skillyard.domain.registry.model import Visibility
from skillyard.domain.registry.sale import set_price, set_sale
from skillyard.infra.errors import SkillyardError
from skillyard.skill.names import SkillName

router = APIRouter()


@router.post("/{namespace}/{slug}/sale")
def change_sale(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf, namespace: str, slug: str) -> Response:
    """An amount that is left empty stays as it is."""
    name = SkillName(namespace, slug)
    try:
        for mode in PRICE_ASSETS:
            if amount := form.text(mode):
                set_price(app, visitor.caller, name=name, mode=mode, amount=amount)
        set_sale(
            app, visitor.caller, name=name, is_for_sale=bool(form.text("is_for_sale")),
            visibility=Visibility.PRIVATE if form.text("is_private") else None,
            selling_text=form.secret("selling_text").replace("\r\n", "\n"),
        )  # fmt: skip
    except SkillyardError as refusal:
        return skill_page(request, app, visitor, name, refusal=refusal)
    return go_to(f"/{name}#sell")
