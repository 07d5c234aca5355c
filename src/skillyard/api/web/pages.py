"""Templates into answers. Everything that goes into a template is escaped unless it is Markup made by us."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, RedirectResponse, Response

from skillyard.api.surface import app_of, status_of
from skillyard.api.web.markdown import render_markdown
from skillyard.api.web.session import Visitor, remember_browser
from skillyard.api.web.static import static_url
from skillyard.infra.errors import SkillyardError
from skillyard.infra.money import Asset, show_amount


def _day(at_ms: int) -> str:
    """`21 Nov 2026`."""
    at = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    return f"{at.day} {at:%b %Y}"


def _iso_day(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, tz=UTC):%Y-%m-%d}"


def _moment(at_ms: int) -> str:
    """`21 Nov 2026, 13:40 UTC`."""
    return f"{_day(at_ms)}, {datetime.fromtimestamp(at_ms / 1000, tz=UTC):%H:%M} UTC"


def _money(amount: int, asset: Asset) -> str:
    """`29.00 USD`, `2900 credits`, `2.75 TON`: without the noughts that nobody reads."""
    if asset is Asset.CREDIT:
        return f"{show_amount(amount, asset)} credit{'' if amount == 1 else 's'}"
    return f"{_brief_amount(amount, asset)} {asset}"


def _brief_amount(amount: int, asset: Asset) -> str:
    """At least two decimals, and no noughts after them."""
    whole, _, decimals = show_amount(amount, asset).partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def _size(size_bytes: int) -> str:
    """`3.4 kB`."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    size, unit = size_bytes / 1000, "kB"
    if size >= 1000:
        size, unit = size / 1000, "MB"
    return f"{size:.1f} {unit}"


def _count(number: int) -> str:
    """`12,300`."""
    return f"{number:,}"


def _with_code(text: str) -> Markup:
    """Our messages put commands between backticks; everything else in them is plain text."""
    return Markup(re.sub(r"`([^`]{1,200})`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 (escaped before)


_KEY_FIELD = Markup('<input type="hidden" name="form_key" value="{}">')
_templates = Environment(
    loader=PackageLoader("skillyard.api.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {
    "day": _day,
    "iso_day": _iso_day,
    "moment": _moment,
    "money": _money,
    "amount": show_amount,
    "brief_amount": _brief_amount,
    "size": _size,
    "count": _count,
    "with_code": _with_code,
    "markdown": render_markdown,
}
_templates.globals |= {"static_url": static_url}


def page(
    request: Request, visitor: Visitor, name: str, *, refusal: SkillyardError | None = None, **content: Any
) -> HTMLResponse:
    """The template as an answer; with the status of the `refusal` if there is one, which the template shows."""
    app = app_of(request)
    html = _templates.get_template(name).render(
        caller=visitor.caller, refusal=refusal, form_key=lambda: _KEY_FIELD.format(visitor.form_key), **content
    )
    response = HTMLResponse(html, status_code=status_of(refusal) if refusal else 200)
    remember_browser(response, app, visitor)
    return response


def go_to(path: str) -> Response:
    """After a form: load that page with GET, so that reloading it sends nothing twice."""
    return RedirectResponse(path, status_code=303)
