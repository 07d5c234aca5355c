"""The guide to new integrations: its commands are typed as they stand there, for an API that is really there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.test_quoted_commands import ROOT, Reader, commands
from tests.journeys.running import a_server
from tests.peers.orders import orders_api

PAGE = "docs/guide/add-an-integration.md"
ADDRESS = "https://orders.acme.example"


def test_the_commands_do_as_the_guide_says(tmp_path: Path) -> None:
    with orders_api() as orders, a_server(tmp_path / "server", worker=False, outbound_http_loopback="true") as server:
        reader = Reader(tmp_path / "home", server, "yard")
        reader.type('skillyard login --link "$LINK" --username yard')
        (reader.folder / "key.txt").write_text(f"{orders.key}\n")
        (reader.folder / "secret.txt").write_text("a secret of GitHub's\n")
        typed = [command.replace(ADDRESS, orders.url) for command in commands(PAGE)]
        looked, added, shown, endpoint, connected, called, listed, *_ = said = [reader.type(one) for one in typed]
    assert len(said) == 12
    assert "reset_everything" in looked
    assert "reset_everything" not in added
    assert re.search(r"cancel\s+destructive", shown)
    assert "count" in endpoint
    assert "orders" in connected
    assert '"number": 1' in called
    assert "green tea" in listed
    assert [order["item"] for order in orders.orders.values()] == ["green tea"]
    assert "/connections/callback" in said[10]
    assert "a secret of GitHub's" not in "".join(said)


def test_the_files_that_it_names_are_there() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    named = [ROOT / path for path in re.findall(r"`(src/[\w./-]+)`", text)]
    linked = [(ROOT / PAGE).parent / path for path in re.findall(r"\]\(([\w./-]+)\)", text)]
    assert named
    assert linked
    assert all(path.exists() for path in named + linked)
