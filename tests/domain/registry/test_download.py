from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.registry import download
from skillyard.domain.registry.jobs import count_downloads
from skillyard.domain.registry.model import Blob, Downloads
from skillyard.domain.registry.skill import get_skill
from skillyard.infra.clock import FixedClock
from skillyard.infra.events import read_after
from skillyard.skill.names import SkillName
from tests.makers import a_release

PDF = SkillName("ada", "pdf")
DAY_S = 24 * 3600


def blob_of(app: App, version: str = "latest") -> Blob:
    return download.find_archive(app, ANONYMOUS, name=PDF, version=version)


def figures(app: App) -> Downloads:
    count_downloads(app)
    return get_skill(app, ANONYMOUS, name=PDF).skill.downloads


def take(app: App, *clients: str, version: str = "latest") -> int:
    for client in clients:
        download.count(app, blob_of(app, version), client=client)
    return download.flush(app)


def test_an_archive_is_found_by_version_channel_and_digest(app: App, ada: Caller) -> None:
    release = a_release(app, ada, format="tar.gz")
    blob = blob_of(app)
    assert (blob.sha256, blob.filename) == (release.archive.sha256, "ada-pdf-1.0.0.tar.gz")
    assert download.find_open_archive(app, sha256=blob.sha256) == blob


def test_a_loop_counts_once_a_day(app: App, ada: Caller, clock: FixedClock) -> None:
    a_release(app, ada)
    assert take(app, *["192.0.2.1"] * 1000) == 1
    assert take(app, "192.0.2.1", "192.0.2.2") == 1
    assert figures(app) == Downloads(total=2, last_week=2, last_month=2)
    clock.move(seconds=DAY_S)
    assert take(app, "192.0.2.1") == 1
    assert figures(app).total == 3


def test_each_release_counts(app: App, ada: Caller) -> None:
    a_release(app, ada)
    a_release(app, ada, version="1.1.0")
    assert take(app, "192.0.2.1", version="1.0.0") + take(app, "192.0.2.1", version="1.1.0") == 2
    assert figures(app).total == 2


def test_several_nodes_count_one_client_once(app: App, ada: Caller) -> None:
    a_release(app, ada)
    clients = [f"192.0.2.{number}" for number in range(50)]
    with ThreadPoolExecutor(4) as nodes:
        added = list(nodes.map(lambda _: take(app, *clients), range(4)))
    assert sum(added) == 50
    assert figures(app).total == 50


def test_addresses_are_not_stored(app: App, ada: Caller) -> None:
    a_release(app, ada)
    take(app, "192.0.2.77")
    with app.database.reading() as tx:
        (row,) = tx.all("SELECT * FROM download_clients")
    assert "192.0.2.77" not in str(row)


def test_weeks_and_months_pass_and_the_total_stays(app: App, ada: Caller, clock: FixedClock) -> None:
    a_release(app, ada)
    take(app, "192.0.2.1", "192.0.2.2")
    for days, expected in ((6, (2, 2, 2)), (1, (2, 0, 2)), (22, (2, 0, 2)), (1, (2, 0, 0)), (400, (2, 0, 0))):
        clock.move(seconds=days * DAY_S)
        now = figures(app)
        assert (now.total, now.last_week, now.last_month) == expected, days
    with app.database.reading() as tx:
        assert tx.all("SELECT * FROM download_clients") == []
        assert [dict(row) for row in tx.all("SELECT * FROM download_days")] == [
            {"skill": "ada/pdf", "day": 0, "downloads": 2}
        ]
    take(app, "192.0.2.1")
    assert figures(app) == Downloads(total=3, last_week=1, last_month=1)


def test_figures_that_did_not_change_make_no_event(app: App, ada: Caller) -> None:
    a_release(app, ada)
    take(app, "192.0.2.1")
    for _ in range(3):
        count_downloads(app)
    with app.database.reading() as tx:
        counted = [event.data for event in read_after(tx, 0) if event.kind == "downloads.counted"]
    assert counted == [{"names": ["ada/pdf"]}]


def test_the_background_writes_what_was_counted(app: App, ada: Caller) -> None:
    a_release(app, ada)
    with download.flushing(app):
        download.count(app, blob_of(app), client="192.0.2.1")
    assert download.flush(app) == 0
    assert figures(app).total == 1
