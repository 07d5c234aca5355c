from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable

import pytest

Show = Callable[[Counter[str]], None]


@pytest.fixture
def show(request: pytest.FixtureRequest) -> Show:
    """Print counts although the test passes. Not by `capsys`: the log keeps the stream that it began with."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def show(counts: Counter[str]) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\nfaults: {', '.join(f'{number:,} {name}' for name, number in counts.items())}", file=sys.stderr)

    return show
