"""Search."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from skillyard.api.native.answers import json_answer
from skillyard.api.native.wire import skills as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.registry import search
from skillyard.domain.registry.trust import Status
from skillyard.infra.search import Sort

router = APIRouter(tags=["skills"])


@router.get("/skills", summary="Search skills", response_model=wire.SkillsPage)
def search_skills(
    request: Request,
    app: AppOf,
    caller: CallerOf,
    q: Annotated[str, Query(max_length=500, description="Words; forgives typing errors and unfinished words.")] = "",
    namespace: Annotated[str | None, Query(max_length=100, description="Only of this one.")] = None,
    tag: Annotated[list[str], Query(max_length=20, description="Only with all of these.")] = [],  # noqa: B006 (FastAPI copies it)
    agent: Annotated[str | None, Query(max_length=100, description="Only for this agent, such as codex.")] = None,
    status: Annotated[Status | None, Query(description="`listed`: only what the scan found nothing against.")] = None,
    sort: Annotated[Sort | None, Query(description="`relevance` when left out, `downloads` without words.")] = None,
    limit: Limit = 30,
    cursor: Cursor = None,
) -> Response:
    """Public skills, and those of your own namespaces."""
    page = search.search(
        app,
        caller,
        text=q,
        namespace=namespace,
        tags=tag,
        agent=agent,
        status=status,
        sort=sort,
        limit=limit,
        cursor=cursor,
    )
    return json_answer(request, wire.show_found_page(page), is_open=caller.user_id is None)
