"""Where this surface is. What is handed out leads to the path prefix, on the host by which the client came, since it
sends its token nowhere else.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from fastapi import Request

from skillyard.api.surface import app_of

MOUNT = "/skilldock"
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


def base_url(request: Request) -> str:
    """The base of every address in the answer, without a trailing slash."""
    app = app_of(request)
    own, host = urlsplit(app.settings.address), request.headers.get("host", "")
    if host.lower() == own.netloc.lower() or not _HOST.fullmatch(host):
        return f"{app.settings.address}{MOUNT}"
    is_safe = app.settings.trusted_proxies and request.headers.get("x-forwarded-proto", "").lower() == "https"
    return f"{'https' if is_safe else request.scope['scheme']}://{host}{MOUNT}"


def download_url(base: str, name: str, version: str) -> str:
    return f"{base}/v1/skills/{name}/releases/{quote(version, safe='')}/download"
