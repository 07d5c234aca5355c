"""What only this surface refuses."""

from __future__ import annotations

from skillyard.infra.errors import Invalid


class ArchiveTooLarge(Invalid):
    code = "archive_too_large"
    text = "The archive has {size_bytes} bytes; {most_bytes} are allowed here."
    hint = "Leave out generated files, or publish it with `skillyard publish`, which takes larger ones."


class UploadQuarantined(Invalid):
    code = "upload_quarantined"
    text = "{name} {version} was uploaded, and the scan quarantined it: {why}"
    hint = "Nobody gets it. Correct it and publish a higher version, or appeal with `skillyard appeal`."


class UnknownScopes(Invalid):
    code = "unknown_scopes"
    text = "There are no scopes {scopes}."
    hint = "Choose from {known}."
