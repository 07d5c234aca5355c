"""What the server says about itself holds no secret, and its counters count."""

from __future__ import annotations

import pytest

from skillyard.infra.log import hide_secrets
from skillyard.infra.telemetry import metrics, observe_request

TOKEN = "sky_pt_0123456789abcdefABCDEF"


@pytest.mark.parametrize(
    "event",
    [
        {"event": f"refused {TOKEN} today"},
        {"headers": {"Authorization": f"Bearer {TOKEN}"}},
        {"arguments": ["--token", TOKEN]},
        {"password": TOKEN, "nested": {"list": [{"code": TOKEN}]}},
        {"exception": f"Traceback …\nValueError: {TOKEN}"},
    ],
)
def test_no_token_reaches_the_log(event: dict[str, object]) -> None:
    hidden = hide_secrets(None, "info", dict(event))
    assert TOKEN not in repr(hidden)
    assert "***" in repr(hidden)


def test_no_jwt_reaches_the_log() -> None:
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl_-x"
    hidden = hide_secrets(None, "info", {"event": f"refused {jwt}.", "id_token": "x", "refresh_token": "y"})
    assert hidden == {"event": "refused ***.", "id_token": "***", "refresh_token": "***"}


@pytest.mark.parametrize("key", ["sk_" + "0a" * 32, "sk_live_" + "Zz9" * 13])
def test_no_key_of_an_agent_reaches_the_log(key: str) -> None:
    assert hide_secrets(None, "info", {"event": f"refused {key}, again"}) == {"event": "refused ***, again"}


def test_what_is_no_secret_is_logged_as_it_is() -> None:
    event = {"event": "published", "skill": "ada/pdf", "size": 5}
    assert hide_secrets(None, "info", dict(event)) == event


def test_requests_are_counted_by_method_and_status() -> None:
    def count() -> float:
        line = 'skillyard_requests_total{method="GET",status="418"}'
        found = [text for text in metrics().splitlines() if text.startswith(line)]
        return float(found[0].split()[-1]) if found else 0.0

    before = count()
    observe_request("GET", 418, 0.01)
    observe_request("BREW", 418, 0.01)
    assert count() == before + 1
    assert 'method="other",status="418"' in metrics()
