"""A server that dies in the middle of a call: what changes something is on record, and is never sent again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from skillyard.domain.gateway.store import calls as store
from skillyard.infra.database import open_database
from tests.domain.gateway.test_call import KEY
from tests.domain.gateway.upstream import Asked, Says, says, upstream
from tests.journeys.running import a_server, sign_in


def test_a_call_in_the_middle_of_which_the_server_died_says_that_nobody_knows_its_end(tmp_path: Path) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def slow(_: Asked) -> Says:
        arrived.set()
        assert go_on.wait(60)
        return says({"number": 7}, 201)

    with upstream() as github:
        github.last = slow
        settings = {"integrations__github__base_url": github.url, "outbound_http_loopback": "true"}
        with a_server(tmp_path / "server", worker=False, **settings) as server, ThreadPoolExecutor(1) as pool:
            ada = sign_in(server, tmp_path / "ada", "ada")
            ada.run("connections", "key", "github", stdin=f"{KEY}\n")
            calling = pool.submit(ada.run, "call", "github.create_issue", "repo=acme/webapp", "title=x", expect=3)
            assert arrived.wait(60)
            server.kill()
            go_on.set()
            calling.result(120)
        with a_server(tmp_path / "server", worker=True, **settings):  # with its jobs, none of which sends it
            database = open_database(f"sqlite://{tmp_path}/server/skillyard.db")
            with database.reading() as tx:
                (record,) = store.list_of(tx, None, before="zzzz", limit=10)
            database.close()
    assert (record.state, record.status, record.effect) == ("sending", None, "write")
    assert len(github.asked) == 1
