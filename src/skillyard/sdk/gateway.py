"""Calls of integrations, for Python programs: the registry makes them, so that no key is here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.errors import UsageError
from skillyard.sdk.paths import segment, without_none

Document = dict[str, Any]


class GatewayCalls(ApiCalls):
    """What one does with integrations whose accounts are connected."""

    def call_integration(
        self, action: str, params: Mapping[str, Any] | None = None, *, connection: str | None = None
    ) -> Document:
        """Call `github.create_issue`: `{"status", "data", "meta"}`, of whatever status the other side answers.

        `connection`: which of several accounts, by its id, label or name. A call that this client has to repeat is made
        once all the same.
        """
        integration, dot, endpoint = action.partition(".")
        if not dot:
            raise UsageError(f"{action!a} is no action.", code="usage", hint="Write one such as github.create_issue.")
        body = without_none({"params": dict(params or {}), "connection": connection})
        return cast(Document, self.send_json("POST", f"/calls/{segment(integration)}/{segment(endpoint)}", body))

    def call_pages(
        self, action: str, params: Mapping[str, Any] | None = None, *, connection: str | None = None
    ) -> Iterator[Document]:
        """The same, page after page, as long as the other side names a next one."""
        wanted = dict(params or {})
        while True:
            answer = self.call_integration(action, wanted, connection=connection)
            yield answer
            following = answer["meta"]["page"]
            if not following or {**wanted, **following} == wanted:
                return
            wanted.update(following)

    def calls(self, *, integration: str | None = None, run: str | None = None, limit: int = 30) -> list[Document]:
        """Who called what, with which skill: the newest so many, of everything or of one integration or run."""
        return list(
            self.items("listCalls", limit_total=limit, **without_none({"integration": integration, "run": run}))
        )

    def everybodys_calls(self, *, username: str | None = None, limit: int = 30) -> list[Document]:
        """The same of all people, or of one, each with `username`. For administrators."""
        return list(self.items("listAllCalls", limit_total=limit, **without_none({"username": username})))

    def call_usage(self, *, days: int = 30) -> Document:
        """`{"plan", "minute", "day", "days"}`: what was called, and what is left of the plan."""
        return cast(Document, self.get_json("/calls/usage", days=days))

    def set_call_plan(self, username: str, plan: str | None) -> Document:
        """Give somebody a plan; None: the one of everybody. For administrators."""
        return cast(Document, self.send_json("PUT", f"/admin/users/{segment(username)}/plan", {"plan": plan}))
