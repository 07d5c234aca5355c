"""Collections, keys that see a slice of one's drive, for Python programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.paths import segment, skill_path, without_none

Document = dict[str, Any]


class CollectionCalls(ApiCalls):
    """What one does with one's collections. Not with the key of one that is for some skills only."""

    def collections(self) -> list[Document]:
        """Yours, in the order of their names; never a key."""
        return self.all_items("/collections")

    def collection(self, name: str) -> Document:
        return cast(Document, self.get_json(_path(name)))

    def collection_skills(self, name: str) -> list[Document]:
        """What its key reaches now, each `{"name", "via", "item"}`; also with the key itself."""
        return cast("list[Document]", self.get_json(f"{_path(name)}/skills")["items"])

    def create_collection(self, name: str, *, skills: Sequence[str] | None = None, **settings: bool | int) -> Document:
        """`{"key", "collection"}`; the key is in this answer and never again.

        `skills`: None for a key that reaches all that you have, and manages it. `settings`: include_team,
        include_shared, is_public, expires_in_days, monthly_quota, rate_per_minute; numbers: 0 for no limit.
        """
        body = {"name": name, **without_none({"skills": _listed(skills)}), **settings}
        return cast(Document, self.send_json("POST", "/collections", body))

    def update_collection(
        self, name: str, *, new_name: str | None = None, skills: Sequence[str] | None = None, **settings: bool | int
    ) -> Document:
        """Change what is given; `settings` as above, and enabled."""
        body = {**without_none({"new_name": new_name, "skills": _listed(skills)}), **settings}
        return cast(Document, self.send_json("PATCH", _path(name), body))

    def add_to_collection(self, name: str, skill: str) -> Document:
        return cast(Document, self.send_json("PUT", f"{_path(name)}{skill_path(skill)}"))

    def remove_from_collection(self, name: str, skill: str) -> Document:
        return cast(Document, self.send_json("DELETE", f"{_path(name)}{skill_path(skill)}"))

    def rotate_key(self, name: str) -> Document:
        """`{"key", "collection"}`; the old key is void at once."""
        return cast(Document, self.send_json("POST", f"{_path(name)}/key"))

    def delete_collection(self, name: str) -> Document:
        """For good, with its key. Answers what it was."""
        return cast(Document, self.send_json("DELETE", _path(name))["details"])


def _path(name: str) -> str:
    return f"/collections/{segment(name)}"


def _listed(skills: Sequence[str] | None) -> list[str] | None:
    return None if skills is None else list(skills)
