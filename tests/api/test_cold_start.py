"""What answers before the framework is loaded, and that it answers as the framework would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from skillyard.api.asgi import build_asgi
from skillyard.api.native.documents import Documents
from tests.api.asgi import call
from tests.makers import make_app

HEALTH = "/api/v1/health"


def test_a_server_starts_without_the_framework_and_the_scanner() -> None:
    asked = (
        "import sys, skillyard.operate.__main__, skillyard.serve;"
        "print([name for name in ('fastapi', 're2', 'httpcore', 'cyclopts', 'rich') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert told.stdout == "[]\n"


def test_health_is_the_same_before_and_behind_the_framework(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    site = build_asgi(app, Documents(app))
    early, late = call(site, "GET", HEALTH), call(site, "GET", f"{HEALTH}?behind")
    assert (early.status, early.body) == (late.status, late.body) == (200, late.body)
    assert early.headers["content-type"] == late.headers["content-type"]
    assert call(site, "HEAD", HEALTH).status == call(site, "HEAD", f"{HEALTH}?behind").status
    app.close()


def test_what_is_made_early_is_made_once(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    site = build_asgi(app, Documents(app))
    assert site.prepare() is site.prepare()
    assert call(site, "GET", "/api/v1/openapi.json").status == 200
    app.close()
