"""Postings per second: sales of many sellers, which all meet in the platform's accounts, by one client and by eight.

python -m benchmarks.ledger
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from benchmarks.measure import Result, alternate, report
from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.ledger import credit, debit, examine, post
from skillyard.infra.database import Database, open_database
from skillyard.infra.migrations import migrate
from skillyard.infra.money import Asset
from tests import services

POSTINGS = 400
CLIENTS = 8
SELLERS = 50
_numbers = count()


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch, services.postgres() as server:
        urls = {"SQLite": f"sqlite://{scratch}/ledger.db", "PostgreSQL": server.new_database()}
        results: dict[str, Result] = {}
        for name, url in urls.items():
            results |= _measure(name, url)
    one = {name: results[f"{name}, 1 client"].median for name in urls}
    gains = {
        f"{name}, {CLIENTS} clients / 1": (results[f"{name}, {CLIENTS} clients"].median / one[name], "no target")
        for name in urls
    }
    report("sales posted to the ledger", results, gains)


def _measure(name: str, url: str) -> dict[str, Result]:
    database = open_database(url)
    migrate(database)
    contestants = {
        f"{name}, {clients} client{'s' * (clients > 1)}": lambda clients=clients: _per_second(
            database, clients, SELLERS
        )
        for clients in (1, CLIENTS)
    }
    contestants[f"{name}, {CLIENTS} clients, 1 seller"] = lambda: _per_second(database, CLIENTS, 1)
    results = alternate(contestants, unit="per s", rounds=3)
    with database.reading() as tx:
        assert not examine(tx)
    database.close()
    return results


def _per_second(database: Database, clients: int, sellers: int) -> float:
    numbers = [next(_numbers) for _ in range(POSTINGS)]
    before = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda number: _sell(database, number, f"usr_{number % sellers}"), numbers))
    return POSTINGS / (time.perf_counter() - before)


def _sell(database: Database, number: int, seller: str) -> None:
    """29.00 by card: a fee for the processor and for the platform, the rest for the seller."""
    legs = [
        debit(platform(Kind.STRIPE_CLEARING, Asset.USD), 2786),
        debit(platform(Kind.PROCESSOR_FEE, Asset.USD), 114),
        credit(platform(Kind.PLATFORM_FEE, Asset.USD), 290),
        credit(Account(owner=seller, kind=Kind.SELLER_PENDING, asset=Asset.USD), 2610),
    ]
    with database.transaction() as tx:
        post(tx, key=f"sale:{number}", kind="sale", ref=f"inv_{number}", legs=legs, now_ms=number)


if __name__ == "__main__":
    main()
