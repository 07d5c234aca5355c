"""Everything an operation may reach, chosen in one place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from skillyard.infra.access_tokens import TokenSigner
from skillyard.infra.blobs import BlobStore, open_blobs
from skillyard.infra.clock import Clock, SystemClock
from skillyard.infra.database import Database, open_database
from skillyard.infra.envelope import DATABASE_KEY, Keyring, read_keys
from skillyard.infra.events import EventBell, Recorder
from skillyard.infra.issuer_keys import IssuerKeys
from skillyard.infra.migrations import migrate
from skillyard.infra.outbound import Bounds, Outbound
from skillyard.infra.ratelimit import Limiter
from skillyard.infra.search import SearchIndex
from skillyard.infra.secrets import Signer, load_key
from skillyard.public_addresses import read_allow_list
from skillyard.sandbox.lazy import LazySandbox
from skillyard.sandbox.model import Sandbox, SandboxUnavailable
from skillyard.settings import Settings
from skillyard.skill.archive import Limits
from skillyard.skill.log.note import SignerKey

_MIB = 1024 * 1024
_CLUSTER_BOUNDS = Bounds(total_s=60.0, phase_s=30.0, max_bytes=32 * _MIB)  # for logs of runs with files in them


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    settings: Settings
    database: Database
    blobs: BlobStore
    clock: Clock
    bell: EventBell
    events: Recorder
    signer: Signer
    token_signer: TokenSigner
    log_key: SignerKey
    limiter: Limiter
    index: SearchIndex
    archive_limits: Limits
    outbound: Outbound
    issuer_keys: IssuerKeys
    sandbox: LazySandbox
    vault_keys: Keyring

    def close(self) -> None:
        self.sandbox.close()
        self.outbound.close()
        self.index.close()
        self.database.close()


def build(settings: Settings, *, clock: Clock | None = None) -> App:
    """Open what the settings name and bring the database to the newest schema."""
    clock = clock or SystemClock()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings.database)
    migrate(database)
    bell = EventBell()
    signer = Signer(load_key(database, "signing"))
    outbound = Outbound(allow=read_allow_list(settings.outbound_allow), http_loopback=settings.outbound_http_loopback)
    return App(
        settings=settings,
        database=database,
        blobs=open_blobs(settings.blobs),
        clock=clock,
        bell=bell,
        events=Recorder(clock, bell),
        signer=signer,
        token_signer=TokenSigner(load_key(database, "access tokens"), issuer=settings.address),
        log_key=SignerKey(name=settings.log_name, seed=load_key(database, "log")),
        limiter=Limiter(),
        index=SearchIndex(settings.home / "search", source=signer.sign("index")),
        archive_limits=Limits(
            max_archive_bytes=settings.max_archive_mb * _MIB, max_unpacked_bytes=settings.max_unpacked_mb * _MIB
        ),
        outbound=outbound,
        issuer_keys=IssuerKeys(outbound),
        sandbox=LazySandbox(lambda: _open_sandbox(settings, outbound)),
        vault_keys=Keyring(
            {**read_keys(settings.vault_keys.get_secret_value()), DATABASE_KEY: load_key(database, "vault")}
        ),
    )


def _open_sandbox(settings: Settings, outbound: Outbound) -> Sandbox:
    """Kinds on other machines are reached through our one door. Raises SandboxUnavailable."""
    from skillyard.sandbox.choose import open_sandbox

    if settings.sandbox == "off":
        raise SandboxUnavailable("the operator has switched runs off", "Ask for SKILLYARD_SANDBOX=auto.")
    ask = partial(outbound.request, bounds=_CLUSTER_BOUNDS)
    return open_sandbox(settings.sandbox, options=settings.sandbox_options, connect=ask)
