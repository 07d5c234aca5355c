"""Webhooks for Python programs: where you want to be told what happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.paths import segment, without_none

Document = dict[str, Any]


class HookCalls(ApiCalls):
    """What one does with one's webhooks, and with those of namespaces that one maintains."""

    def hooks(self, namespace: str | None = None) -> list[Document]:
        """Your own, or those of a namespace; the oldest first."""
        return cast("list[Document]", self.get_json("/hooks", namespace=namespace)["items"])

    def add_hook(
        self, url: str, events: Sequence[str], *, threshold: int | None = None, namespace: str | None = None
    ) -> Document:
        """`secret`, which is shown this once, and the webhook as `details`. `threshold`: for credits.threshold_hit."""
        body = {"url": url, "events": list(events), "threshold_value": threshold, "namespace": namespace}
        return cast(Document, self.send_json("POST", "/hooks", body))

    def hook(self, hook_id: str) -> Document:
        return cast(Document, self.get_json(f"/hooks/{segment(hook_id)}"))

    def change_hook(
        self,
        hook_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        threshold: int | None = None,
        enabled: bool | None = None,
    ) -> Document:
        """Change what is given."""
        named = None if events is None else list(events)
        body = without_none({"url": url, "events": named, "threshold_value": threshold, "enabled": enabled})
        return cast(Document, self.send_json("PATCH", f"/hooks/{segment(hook_id)}", body))

    def remove_hook(self, hook_id: str) -> Document:
        return cast(Document, self.send_json("DELETE", f"/hooks/{segment(hook_id)}", None))

    def test_hook(self, hook_id: str) -> Document:
        """Send a message that says nothing: the delivery, and what came of it."""
        return cast(Document, self.send_json("POST", f"/hooks/{segment(hook_id)}/test", None))

    def hook_deliveries(self, hook_id: str, *, limit: int = 30) -> list[Document]:
        """The newest first."""
        page = self.get_json(f"/hooks/{segment(hook_id)}/deliveries", limit=limit)
        return cast("list[Document]", page["items"])

    def resend_delivery(self, hook_id: str, delivery_id: str) -> Document:
        path = f"/hooks/{segment(hook_id)}/deliveries/{segment(delivery_id)}/resend"
        return cast(Document, self.send_json("POST", path, None))
