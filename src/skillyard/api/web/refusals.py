"""How the pages show what was refused, and what went wrong."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from skillyard.api.native.refusal import refusal_headers
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import visitor_of
from skillyard.infra.errors import Invalid, NotFound, SkillyardError, Unauthenticated


class PageNotFound(NotFound):
    code = "page_not_found"
    text = "There is nothing at this address."
    hint = "Check the address, or search for what you are looking for."


class PageNotReadable(Invalid):
    code = "page_not_readable"
    text = "The address of this page is not complete."
    hint = "Begin again at the start page."


class PageBroken(SkillyardError):
    code = "page_broken"
    text = "Something went wrong on our side (incident {incident})."
    hint = "Try again; if it stays, tell the operator the incident."


def install(web: FastAPI) -> None:
    """Make the sub-application answer every refusal with a page."""
    web.add_exception_handler(SkillyardError, _refused)
    web.add_exception_handler(HTTPException, _http)
    web.add_exception_handler(RequestValidationError, _unreadable)
    web.add_exception_handler(Exception, _bug)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, SkillyardError)
    if type(error) is Unauthenticated:
        query = f"?{request.url.query}" if request.url.query else ""
        wanted = f"{request.url.path}{query}" if request.method == "GET" else "/account"
        return go_to(f"/sign-in?next={quote(wanted, safe='')}")
    response = page(request, visitor_of(request), "refusal.html", refusal=error)
    response.headers.update(
        {name: value for name, value in refusal_headers(error).items() if name != "www-authenticate"}
    )
    return response


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = page(request, visitor_of(request), "refusal.html", refusal=PageNotFound())
    response.status_code = error.status_code
    response.headers.update(error.headers or {})
    return response


def _unreadable(request: Request, _: Exception) -> Response:
    return page(request, visitor_of(request), "refusal.html", refusal=PageNotReadable())


def _bug(request: Request, _: Exception) -> Response:
    """The framework raises the exception again after this answer, and the entrance logs it: the id is in both."""
    incident = str(request.scope["state"]["request_id"])
    return page(request, visitor_of(request), "refusal.html", refusal=PageBroken(incident=incident))
