"""The pages that people see at Stripe: the hosted checkout, and the onboarding of a seller. Plain HTML forms."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.peers.stripe.faults import Refused
from tests.peers.stripe.world import Thing

if TYPE_CHECKING:
    from tests.peers.stripe.peer import Peer

_PAYING = (
    ("pay", "Pay"),
    ("decline", "Pay with a card that is declined"),
    ("later", "Pay by bank debit"),
    ("abandon", "Back"),
)
_ONBOARDING = (("finish", "Finish"), ("leave", "Leave"))


def routes(peer: Peer) -> list[Route]:
    def show_checkout(request: Request) -> Response:
        session = peer.world.things.get(request.path_params["id"])
        if session is None or session["status"] != "open":
            return _page("This page has expired", "<p>Ask for a new link.</p>", status=410)
        return _checkout(peer, session)

    async def do_checkout(request: Request) -> Response:
        session = peer.world.things[request.path_params["id"]]
        todo = await _todo(request)
        try:
            if todo == "decline":
                peer.decline(session["id"])
                return _checkout(peer, session, "Your card was declined.")
            if todo == "abandon":
                return RedirectResponse(session["cancel_url"], 303)
            (peer.pay_later if todo == "later" else peer.pay)(session["id"])
        except Refused as refused:
            return _page("Something went wrong", f"<p>{escape(str(refused))}</p>", status=refused.status)
        return RedirectResponse(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]), 303)

    def show_onboarding(request: Request) -> Response:
        link = peer.world.hidden.get(request.path_params["code"])
        if link is None or link["used"] or link["expires_at"] < peer.world.now():
            return RedirectResponse(link["refresh_url"], 303) if link else _page("No such page", "", status=404)
        link["used"] = True
        return _page("Get paid", _buttons(_ONBOARDING))

    async def do_onboarding(request: Request) -> Response:
        link = peer.world.hidden[request.path_params["code"]]
        if await _todo(request) == "finish":
            peer.finish_onboarding(link["account"])
        return RedirectResponse(link["return_url"], 303)

    return [
        Route("/c/pay/{id}", show_checkout),
        Route("/c/pay/{id}", do_checkout, methods=["POST"]),
        Route("/setup/e/{account}/{code}", show_onboarding),
        Route("/setup/e/{account}/{code}", do_onboarding, methods=["POST"]),
    ]


async def _todo(request: Request) -> str:
    return parse_qs((await request.body()).decode()).get("do", ["pay"])[0]


def _checkout(peer: Peer, session: Thing, problem: str = "") -> Response:
    name = escape(peer.world.hidden[session["id"]]["name"])
    said = f'<p role="alert">{problem}</p>' if problem else ""
    price = f"<p>{name}: {session['amount_total'] / 100:.2f} {session['currency'].upper()}</p>"
    return _page("Pay", price + said + _buttons(_PAYING))


def _buttons(choices: tuple[tuple[str, str], ...]) -> str:
    buttons = "".join(f'<p><button name="do" value="{value}">{label}</button></p>' for value, label in choices)
    return f'<form method="post">{buttons}</form>'


def _page(title: str, body: str, *, status: int = 200) -> Response:
    html = f'<!doctype html><html lang="en"><title>{title}</title><h1>{title}</h1>{body}</html>'
    return HTMLResponse(html, status)
