"""A namespace's members: see, add, change, remove."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import FormOf, Visitor, VisitorOf
from skillyard.app import App
from skillyard.domain.accounts.errors import NotAcceptable
from skillyard.domain.accounts.members import list_members, remove_member, set_member
from skillyard.domain.accounts.namespaces import get_namespace
from skillyard.domain.accounts.rights import Role
from skillyard.infra.errors import SkillyardError

router = APIRouter()

_MOST_MEMBERS = 100


@router.get("/account/namespaces/{namespace}")
def show_namespace(
    request: Request, app: AppOf, visitor: VisitorOf, namespace: str, cursor: str | None = None
) -> Response:
    return _namespace(request, app, visitor, namespace, cursor=cursor)


@router.post("/account/namespaces/{namespace}/members")
def change_member(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf, namespace: str) -> Response:
    username, role = form.text("username"), form.text("role")
    try:
        if role not in list(Role):
            raise NotAcceptable(first="the role must be chosen from the form", more="")
        set_member(app, visitor.caller, namespace=namespace, username=username, role=Role(role))
    except SkillyardError as refusal:
        return _namespace(request, app, visitor, namespace, refusal=refusal)
    return go_to(f"/account/namespaces/{namespace}")


@router.post("/account/namespaces/{namespace}/members/{username}/remove")
def remove(request: Request, app: AppOf, visitor: VisitorOf, namespace: str, username: str) -> Response:
    try:
        remove_member(app, visitor.caller, namespace=namespace, username=username)
    except SkillyardError as refusal:
        return _namespace(request, app, visitor, namespace, refusal=refusal)
    return go_to("/account#namespaces" if username == visitor.caller.username else f"/account/namespaces/{namespace}")


def _namespace(
    request: Request,
    app: App,
    visitor: Visitor,
    slug: str,
    *,
    cursor: str | None = None,
    refusal: SkillyardError | None = None,
) -> Response:
    namespace = get_namespace(app, visitor.caller, namespace=slug)
    members = list_members(app, visitor.caller, namespace=slug, limit=_MOST_MEMBERS, cursor=cursor)
    may_manage = namespace.kind == "organization" and visitor.caller.may("manage_members", on=slug)
    return page(
        request, visitor, "namespace.html", refusal=refusal, namespace=namespace, members=members,
        roles=[role.value for role in Role], may_manage=may_manage,
    )  # fmt: skip
