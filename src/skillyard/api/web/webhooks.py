"""Webhooks in the browser: one's own and those of namespaces, what was delivered to each, and what was not."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.errors import FormUnknown
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import Form, FormOf, Visitor, VisitorOf
from skillyard.app import App
from skillyard.domain.notices import deliveries, hooks, kinds
from skillyard.domain.notices.model import Hook, NewHook
from skillyard.infra.errors import SkillyardError

router = APIRouter()

_WEBHOOKS = "/account/webhooks"


@router.get(_WEBHOOKS)
def list_webhooks(request: Request, app: AppOf, visitor: VisitorOf, of: str | None = None) -> Response:
    return _list_page(request, app, visitor, of=of)


@router.post(_WEBHOOKS)
def add_webhook(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    """Answers with the page itself: the secret is in it, and nowhere else."""
    of = form.text("of") or None
    try:
        made = _add(app, visitor, form, of)
    except SkillyardError as refusal:
        return _list_page(request, app, visitor, of=of, refusal=refusal, url=form.text("url"))
    return _list_page(request, app, visitor, of=of, made=made)


@router.get(f"{_WEBHOOKS}/{{hook_id}}")
def show_webhook(request: Request, app: AppOf, visitor: VisitorOf, hook_id: str, cursor: str | None = None) -> Response:
    return _hook_page(request, app, visitor, hook_id, cursor=cursor)


@router.post(f"{_WEBHOOKS}/{{hook_id}}")
def change_webhook(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf, hook_id: str) -> Response:
    do = form.text("do")
    try:
        if do == "test":
            sent = deliveries.send_test(app, visitor.caller, hook_id=hook_id)
            return _hook_page(request, app, visitor, hook_id, sent=sent)
        if do in ("enable", "disable"):
            hooks.change_hook(app, visitor.caller, hook_id=hook_id, enabled=do == "enable")
            return go_to(f"{_WEBHOOKS}/{hook_id}")
        if do == "remove":
            return go_to(_address_of(hooks.remove_hook(app, visitor.caller, hook_id=hook_id)))
        raise FormUnknown
    except SkillyardError as refusal:
        return _hook_page(request, app, visitor, hook_id, refusal=refusal)


@router.post(f"{_WEBHOOKS}/{{hook_id}}/deliveries/{{delivery_id}}")
def resend(request: Request, app: AppOf, visitor: VisitorOf, hook_id: str, delivery_id: str) -> Response:
    try:
        deliveries.resend_delivery(app, visitor.caller, hook_id=hook_id, delivery_id=delivery_id)
    except SkillyardError as refusal:
        return _hook_page(request, app, visitor, hook_id, refusal=refusal)
    return go_to(f"{_WEBHOOKS}/{hook_id}#deliveries")


def _add(app: App, visitor: Visitor, form: Form, of: str | None) -> NewHook:
    threshold = form.text("threshold")
    if threshold and not (threshold.isascii() and threshold.isdigit() and len(threshold) < 16):
        raise FormUnknown
    return hooks.add_hook(
        app,
        visitor.caller,
        url=form.text("url"),
        events=form.every("events"),
        threshold=int(threshold) if threshold else None,
        namespace=of,
    )


def _list_page(
    request: Request,
    app: App,
    visitor: Visitor,
    *,
    of: str | None,
    refusal: SkillyardError | None = None,
    **shown: Any,
) -> Response:
    """`shown`: what came out of the form that was sent."""
    caller = visitor.caller
    content = {"made": None, "url": "", **shown}
    return page(
        request, visitor, "webhooks.html", refusal=refusal, of=of,
        hooks=hooks.list_hooks(app, caller, namespace=of), namespaces=sorted(caller.namespaces_with("manage_hooks_in")),
        events={**(kinds.OF_PEOPLE if of is None else {}), **kinds.OF_NAMESPACES}, **content,
    )  # fmt: skip


def _hook_page(
    request: Request,
    app: App,
    visitor: Visitor,
    hook_id: str,
    *,
    cursor: str | None = None,
    refusal: SkillyardError | None = None,
    **shown: Any,
) -> Response:
    caller = visitor.caller
    hook = hooks.get_hook(app, caller, hook_id=hook_id)
    log = deliveries.list_deliveries(app, caller, hook_id=hook_id, cursor=cursor)
    content = {"sent": None, **shown}
    return page(
        request, visitor, "webhook.html", refusal=refusal, hook=hook, log=log, back=_address_of(hook), **content
    )  # fmt: skip


def _address_of(hook: Hook) -> str:
    return f"{_WEBHOOKS}?{urlencode({'of': hook.namespace})}" if hook.namespace else _WEBHOOKS
