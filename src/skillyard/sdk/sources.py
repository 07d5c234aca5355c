"""Skills from git, for Python programs: where they come from, what is discovered, and administrators' sources."""

from __future__ import annotations

from typing import Any, cast

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.paths import segment, skill_path

Document = dict[str, Any]


class SourceCalls(ApiCalls):
    """What one does with skills that come from git repositories."""

    def discover(self, text: str = "", *, offset: int = 0, limit: int = 10) -> Document:
        """`items`, each `{"skill", "origin"}`, those that fit best first, and `total`."""
        return cast(Document, self.get_json("/discover", q=text, offset=offset, limit=limit))

    def skill_origin(self, name: str) -> Document:
        """The folder and the commit that a skill comes from."""
        return cast(Document, self.get_json(f"{skill_path(name)}/origin"))

    def sources(self) -> list[Document]:
        return self.all_items("/admin/sources")

    def source(self, source_id: str) -> Document:
        """With `folders`: what the last crawl made of each."""
        return cast(Document, self.get_json(f"/admin/sources/{segment(source_id)}"))

    def add_source(self, address: str, namespace: str) -> Document:
        """Have the skills of a repository published in a namespace."""
        return cast(Document, self.send_json("POST", "/admin/sources", {"address": address, "namespace": namespace}))

    def remove_source(self, source_id: str) -> Document:
        return cast(Document, self.send_json("DELETE", f"/admin/sources/{segment(source_id)}", None))

    def crawl_source(self, source_id: str) -> Document:
        """Have it looked through soon: its `crawled_at` tells when it was."""
        return cast(Document, self.send_json("POST", f"/admin/sources/{segment(source_id)}/crawl", None))
