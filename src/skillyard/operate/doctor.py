"""Looks at an instance the way an operator would, and says for each finding what to do."""

from __future__ import annotations

import hashlib
import io
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from skillyard.app import App, build
from skillyard.domain.accounts.providers import check_provider, list_providers, redirect_uri_of
from skillyard.domain.gateway import vault
from skillyard.domain.gateway.catalog import lookup as catalog
from skillyard.domain.gateway.connect import sealed
from skillyard.domain.notices import hooks
from skillyard.domain.payments import ledger
from skillyard.domain.payments.charge_rail import ChargeRail, charge_rails
from skillyard.domain.payments.charges_in_doubt import check_charges
from skillyard.domain.payments.payout_checks import check_payouts
from skillyard.domain.payments.rail import Rail, rails
from skillyard.domain.registry.integrity import missing_archives
from skillyard.infra.blobs import BlobStore, open_blobs
from skillyard.infra.database import Database, open_database
from skillyard.infra.envelope import DATABASE_KEY, read_keys
from skillyard.infra.errors import SkillyardError
from skillyard.infra.events import last_position
from skillyard.infra.jobs import failed_jobs
from skillyard.infra.migrations import pending
from skillyard.sandbox.model import SandboxUnavailable
from skillyard.settings import Settings

_LOW_DISK_BYTES = 1024**3
_MAX_SKEW_MS = 2000
_PROBE = b"skillyard doctor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: `ok`, a `warning` that can wait, or an `error` that cannot."""

    check: str
    state: Literal["ok", "warning", "error"]
    detail: str
    hint: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Run every check. A check that cannot run is an error of its own, never a silence."""
    findings = [*_data_dir(settings), *_address(settings)]
    try:
        database = open_database(settings.database)
        findings += [*_database(database)]
        store = open_blobs(settings.blobs)
    except (SkillyardError, ValueError, OSError) as error:
        hint = "Check SKILLYARD_DATABASE_URL and SKILLYARD_BLOBS_URL."
        return [*findings, Finding(check="storage", state="error", detail=str(error), hint=hint)]
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _blobs(store),
        lambda: _archives(database, store),
        lambda: _jobs(database),
    )
    for check in checks:
        findings += _guarded(check)
    if not pending(database):
        findings += [*_guarded(lambda: _books(database)), *_guarded(lambda: _rails(settings))]
        findings += _guarded(lambda: _payouts(database))
        findings += _guarded(lambda: _vault(settings, database))
        findings += _guarded(lambda: _providers(settings))
        findings += _guarded(lambda: _language_models(settings))
        findings += _guarded(lambda: _integrations(settings))
        findings += _guarded(lambda: _sandbox(settings))
    database.close()
    return findings


def _guarded(check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(check())
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        return [Finding(check="storage", state="error", detail=detail, hint="Mend this, then run doctor again.")]


def _data_dir(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = home / ".doctor"
        probe.write_bytes(_PROBE)
        probe.unlink()
    except OSError as error:
        hint = "Make it writable for the user that runs the server, or set SKILLYARD_DATA_DIR."
        yield Finding(check="data directory", state="error", detail=str(error), hint=hint)
        return
    yield Finding(check="data directory", state="ok", detail=f"{home} is writable")
    free = shutil.disk_usage(home).free
    state: Literal["ok", "warning"] = "ok" if free > _LOW_DISK_BYTES else "warning"
    yield Finding(check="disk", state=state, detail=f"{free // 1024**2} MiB free", hint="Make room." * (state != "ok"))


def _address(settings: Settings) -> Iterator[Finding]:
    if settings.host not in ("127.0.0.1", "::1", "localhost") and not settings.public_url:
        hint = "Set SKILLYARD_PUBLIC_URL to the address that clients use, with https."
        detail = f"listening on {settings.host} without a public address"
        yield Finding(check="address", state="warning", detail=detail, hint=hint)
    elif settings.public_url.startswith("http://") and "127.0.0.1" not in settings.public_url:
        hint = "Put a TLS proxy in front and name it in SKILLYARD_PUBLIC_URL."
        yield Finding(
            check="address", state="warning", detail=f"{settings.public_url} sends tokens in clear", hint=hint
        )
    else:
        yield Finding(check="address", state="ok", detail=settings.address)


def _database(database: Database) -> Iterator[Finding]:
    missing = pending(database)
    if missing:
        hint = "Start the server once; it migrates by itself."
        yield Finding(check="database", state="warning", detail=f"{len(missing)} migrations to apply", hint=hint)
        return
    with database.reading() as tx:
        position = last_position(tx)
        now = tx.one(
            "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS now_ms"
            if tx.dialect == "postgresql"
            else "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) AS now_ms"
        )
    yield Finding(check="database", state="ok", detail=f"{database.dialect}, newest schema, {position} events")
    skew = abs(int(now["now_ms"]) - time.time_ns() // 1_000_000) if now else 0
    if skew > _MAX_SKEW_MS:
        hint = "Synchronise the clocks of this machine and the database (NTP)."
        yield Finding(check="clock", state="error", detail=f"{skew} ms away from the database's", hint=hint)
    else:
        yield Finding(check="clock", state="ok", detail=f"{skew} ms away from the database's")


def _blobs(store: BlobStore) -> Iterator[Finding]:
    sha256 = hashlib.sha256(_PROBE).hexdigest()
    store.put(sha256, io.BytesIO(_PROBE), len(_PROBE))
    whole = store.read(sha256) == _PROBE
    store.remove(sha256)
    if whole:
        yield Finding(check="blobs", state="ok", detail="written, read and removed a probe")
    else:
        hint = "Look at the store behind SKILLYARD_BLOBS_URL: it changes what it is given."
        yield Finding(check="blobs", state="error", detail="a probe came back changed", hint=hint)


def _archives(database: Database, store: BlobStore) -> Iterator[Finding]:
    missing = missing_archives(database, store)
    if missing:
        shown = ", ".join(missing[:3])
        hint = "Restore the blobs from a backup; installs of these releases fail until then."
        yield Finding(check="archives", state="error", detail=f"{len(missing)} are missing: {shown}", hint=hint)
    else:
        yield Finding(check="archives", state="ok", detail="every release has its archive")


def _jobs(database: Database) -> Iterator[Finding]:
    failed = failed_jobs(database)
    if failed:
        hint = "The errors are in the log of the workers; they are tried again as their job allows."
        yield Finding(check="jobs", state="warning", detail=f"{len(failed)} failed: {failed[0]}", hint=hint)
    else:
        yield Finding(check="jobs", state="ok", detail="none failed")


def _books(database: Database) -> Iterator[Finding]:
    with database.reading() as tx:
        faults = ledger.examine(tx)
    if faults:
        hint = "Stop selling, and compare with the newest backup: somebody changed the books past the server."
        yield Finding(check="books", state="error", detail=f"{len(faults)} faults: {faults[0]}", hint=hint)
    else:
        yield Finding(check="books", state="ok", detail="every account balances")


def _payouts(database: Database) -> Iterator[Finding]:
    with database.reading() as tx:
        now_ms = int(time.time() * 1000)
        checks = [*check_payouts(tx, now_ms), *check_charges(tx, now_ms)]
    for found in checks:
        yield Finding(check=found.name, state="ok" if found.ok else "warning", detail=found.detail, hint=found.hint)


def _vault(settings: Settings, database: Database) -> Iterator[Finding]:
    """Which keys lock credentials, and whether they are all here."""
    known = [*read_keys(settings.vault_keys.get_secret_value()), DATABASE_KEY]
    with database.reading() as tx:
        used = Counter(vault.count_by_key(tx)) + Counter(sealed.count_by_key(tx)) + Counter(hooks.count_by_key(tx))
    counted = ", ".join(f"{count} under {name}" for name, count in used.items()) or "none stored"
    beside = " (the key that is kept beside them)" if known[0] == DATABASE_KEY else ""
    detail = f"credentials, connections and secrets of webhooks: {counted}; new ones under {known[0]}{beside}"
    missing = [name for name in used if name not in known]
    if missing:
        hint = f"Put the key called {' and '.join(missing)} back into SKILLYARD_VAULT_KEYS, after the newest one."
        yield Finding(check="vault", state="error", detail=detail, hint=hint)
    elif set(used) - {known[0]}:
        hint = "Keep the older keys: the worker locks all with the newest one within ten minutes."
        yield Finding(check="vault", state="warning", detail=detail, hint=hint)
    else:
        yield Finding(check="vault", state="ok", detail=detail)


def _sandbox(settings: Settings) -> Iterator[Finding]:
    """How far scripts of skills are isolated on this machine."""
    if settings.sandbox == "off":
        yield Finding(check="sandbox", state="ok", detail="switched off: no run is taken")
        return
    app = build(settings)
    try:
        level = app.sandbox.probe()
    except SandboxUnavailable as error:
        yield Finding(check="sandbox", state="warning", detail=f"runs are refused: {error.why}", hint=error.hint)
    else:
        detail = f"{level.kind} {level.version}: {', '.join(level.parts)}"
        missing = f"Runs work, but without {'; '.join(level.missing)}." if level.missing else ""
        yield Finding(check="sandbox", state="warning" if missing else "ok", detail=detail, hint=missing)
    finally:
        app.close()


def _providers(settings: Settings) -> Iterator[Finding]:
    """Whether people can be sent to each provider, and the address that it must send them back to."""
    app = build(settings)
    try:
        for provider in list_providers(app):
            check = f"sign-in with {provider.label}"
            try:
                check_provider(app, provider)
            except SkillyardError as error:
                yield Finding(check=check, state="error", detail=error.message, hint=error.advice)
            else:
                detail = f"{provider.issuer} answers; it must know {redirect_uri_of(app, provider.name)}"
                yield Finding(check=check, state="ok", detail=detail)
    finally:
        app.close()


def _language_models(settings: Settings) -> Iterator[Finding]:
    """Whether those that the operator has named are to be reached."""
    app = build(settings)
    try:
        for name, provider in settings.llm.items():
            check = f"language models of {name}"
            try:
                app.outbound.request("GET", provider.base_url)
            except SkillyardError as error:
                yield Finding(check=check, state="error", detail=error.message, hint=error.advice)
            else:
                yield Finding(check=check, state="ok", detail=f"{provider.base_url} answers")
    finally:
        app.close()


def _integrations(settings: Settings) -> Iterator[Finding]:
    """Whether all that was added and set for integrations takes effect."""
    app = build(settings)
    try:
        for name, meant in catalog.unknown_settings(app).items():
            detail = f"SKILLYARD_INTEGRATIONS__{name.upper()}__… is set, but there is no such integration"
            hint = f"Write {meant.upper()} instead." if meant else "`skillyard integrations list` lists all."
            yield Finding(check=f"integration {name}", state="warning", detail=detail, hint=hint)
        hint = "Add it anew, under another name, or remove it: `skillyard integrations remove`."
        for slug in catalog.list_hidden(app):
            detail = "it was added, but this version has one of that name itself, or cannot read its file"
            yield Finding(check=f"integration {slug}", state="warning", detail=detail, hint=hint)
        yield Finding(check="integrations", state="ok", detail=f"{len(catalog.list_integrations(app))} can be called")
    finally:
        app.close()


def _rails(settings: Settings) -> Iterator[Finding]:
    """What each way to pay that is set up says of itself."""
    app = build(settings)
    try:
        for rail in rails().values():
            yield from _rail(app, rail)
        for elsewhere in charge_rails().values():
            yield from _rail(app, elsewhere)
    finally:
        app.close()


def _rail(app: App, rail: Rail | ChargeRail) -> Iterator[Finding]:
    if not rail.is_ready(app):
        yield Finding(check=rail.name, state="ok", detail="not set up")
        return
    for found in rail.check(app):
        state: Literal["ok", "error"] = "ok" if found.ok else "error"
        yield Finding(check=found.name, state=state, detail=found.detail, hint=found.hint * (not found.ok))
