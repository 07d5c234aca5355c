"""Why a slug leads to no skill."""

from __future__ import annotations

from skillyard.infra.errors import NotFound


class SlugNotFound(NotFound):
    code = "slug_not_found"
    text = "There is no public skill {slug}."
    hint = "Search for it; a private one is named with its namespace, as in namespace--slug."


class SlugAmbiguous(NotFound):
    code = "slug_ambiguous"
    text = "{slug} may be {names}."
    hint = "Name it with its namespace."
