"""A small picture that says what the scan said, or how many dependencies there are."""

from __future__ import annotations

from html import escape

from skillyard.domain.registry.model import Release
from skillyard.domain.registry.trust import Status

_CHAR_PX = 7
_PADDING_PX = 12
_GREEN, _YELLOW, _RED, _GREY = "#2e7d32", "#b26a00", "#b3261e", "#5f6368"
_COLOURS = {
    Status.LISTED: _GREEN,
    Status.FLAGGED: _YELLOW,
    Status.QUARANTINED: _RED,
    Status.RECALLED: _RED,
}


def draw_badge(latest: Release | None, kind: str) -> str:
    """SVG. `kind`: `deps`, else the verdict of the scan; `latest` is None when no version is offered."""
    if latest is None:
        return _draw("scan", "no version", _GREY)
    if kind == "deps":
        return _draw("dependencies", str(len(latest.dependencies)), _GREY)
    if latest.verdict is None or latest.score is None:
        return _draw("scan", "pending", _GREY)
    said = latest.verdict.replace("_", " ") if latest.status is Status.LISTED else latest.status.value
    return _draw("scan", f"{said} {latest.score:g}/10", _COLOURS[latest.status])


def _draw(label: str, text: str, colour: str) -> str:
    left, right = (len(part) * _CHAR_PX + _PADDING_PX for part in (label, text))
    label, text = escape(label), escape(text)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img"'
        f' aria-label="{label}: {text}"><title>{label}: {text}</title>'
        f'<rect width="{left}" height="20" fill="#3c4043"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,sans-serif" font-size="11">'
        f'<text x="{left / 2:g}" y="14">{label}</text><text x="{left + right / 2:g}" y="14">{text}</text></g></svg>'
    )
