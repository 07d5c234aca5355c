"""Every setting, from the environment (`SKILLYARD_…`). None is needed: the defaults run one process on this machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from skillyard.gateway_settings import GatewayPlan, GatewaySettings, IntegrationSettings, LlmProvider

__all__ = ["GatewayPlan", "IntegrationSettings", "LlmProvider", "OidcProvider", "Settings", "SignUp"]

SignUp = Literal["closed", "domains", "open"]


class OidcProvider(BaseModel):
    """One OpenID provider that people may sign in with: what its own pages call client, or application.

    `sign_up`: who gets an account with it, where that differs from the others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(default="", pattern=r"^(https?://[^\s?#]+)?$")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = SecretStr("")
    label: str = ""
    sign_up: SignUp | None = None


class Settings(GatewaySettings):
    model_config = SettingsConfigDict(
        env_prefix="SKILLYARD_", env_nested_delimiter="__", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data_dir: Path = Field(
        default=Path("~/.local/share/skillyard"),
        description="Where SQLite, local blobs and search indexes are kept.",
    )
    database_url: str = Field(
        default="", description="`postgresql://…` to share one database between nodes; empty: SQLite in `data_dir`."
    )
    blobs_url: str = Field(
        default="", description="`s3://bucket/prefix?endpoint=…` to share one blob store; empty: files in `data_dir`."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8400, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: str = Field(
        default="", description="Address under which clients reach the server; empty: what it listens on."
    )
    trusted_proxies: int = Field(
        default=0, ge=0, description="How many reverse proxies append to X-Forwarded-For before a request reaches us."
    )
    worker_concurrency: int = Field(default=2, ge=1, le=64, description="Jobs that one process runs side by side.")
    access_token_minutes: int = Field(default=60, ge=5, description="Life of the token that signing in yields.")
    max_archive_mb: int = Field(default=32, ge=1, le=1024, description="Largest archive accepted, in MiB.")
    max_unpacked_mb: int = Field(default=64, ge=1, le=4096, description="Largest unpacked skill accepted, in MiB.")
    upload_minutes: int = Field(default=15, ge=1, description="Life of a two-phase upload ticket.")
    blob_grace_hours: int = Field(default=24, ge=1, description="Age at which an unreferenced blob may be removed.")
    reads_per_minute: int = Field(default=6000, ge=1, description="Reading requests per caller and minute, per node.")
    writes_per_minute: int = Field(default=300, ge=1, description="Writing requests per caller and minute, per node.")
    logins_per_minute: int = Field(default=20, ge=1, description="Sign-in attempts per address and minute, per node.")
    outbound_allow: str = Field(
        default="",
        description="Private hosts and networks that the server may call all the same: `idp.internal 10.2.0.0/16`.",
    )
    outbound_http_loopback: bool = Field(
        default=False, description="Let the server also call this machine, without TLS; for development only."
    )
    trusted_issuers: str = Field(
        default="",
        pattern=r"^[\s,]*((github=|gitlab=)?https?://[^\s,]+[\s,]*)*$",
        description="Issuers of CI identities beside GitHub and GitLab, between spaces; `github=` or `gitlab=` goes"
        " before another instance of these: `gitlab=https://gitlab.example.org`.",
    )
    session_days: int = Field(
        default=30, ge=1, le=3650, description="A session that nobody renews for so long has to sign in again."
    )
    oidc: dict[str, OidcProvider] = Field(
        default={},
        description="OpenID providers to sign in with, each by a name of yours: `SKILLYARD_OIDC__<NAME>__ISSUER`,"
        " `…__CLIENT_ID`, `…__CLIENT_SECRET`, `…__LABEL` (text of the button), `…__SIGN_UP`;"
        " `google` needs no issuer.",
    )
    oidc_sign_up: SignUp = Field(
        default="closed",
        description="Who gets an account by signing in with a provider: nobody (people link one to the account that"
        " they have), people of `oidc_domains`, or everybody whom a provider knows.",
    )
    oidc_domains: str = Field(
        default="", description="Domains of e-mail addresses that may sign up, between spaces: `acme.example`."
    )
    google_client_ids: str = Field(
        default="",
        description="Client ids, between spaces, whose Google ID tokens are taken as bearer tokens; empty: none.",
    )
    google_issuer: str = Field(
        default="https://accounts.google.com",
        pattern=r"^https?://[^\s?#]+$",
        description="Who issues Google's ID tokens; only tests have another one.",
    )
    scans_per_hour: int = Field(
        default=60, ge=1, description="Scans without publishing, per caller and hour, per node."
    )
    tank_hosts: str = Field(default="", description="Host names, with commas between them, that speak Tank's API only.")
    tank_port: int = Field(default=0, ge=0, le=65535, description="A second port that speaks Tank's API only; 0: none.")
    platform_fee_bps: int = Field(
        default=1000, ge=0, le=10_000, description="What the platform keeps of each sale, in hundredths of a percent."
    )
    referral_bps: int = Field(
        default=500,
        ge=0,
        le=10_000,
        description="What of a sale goes to who recommended it, in hundredths of a percent; never more than the fee.",
    )
    maturity_days: int = Field(
        default=7, ge=0, le=365, description="How long after a sale its seller's share may be paid out."
    )
    invoice_minutes: int = Field(
        default=30, ge=1, le=1440, description="How long an invoice can be paid and its amount holds."
    )
    calls_per_month: int = Field(
        default=0,
        ge=0,
        description="Runs and invocations that one person may ask for in a calendar month (UTC); 0: no limit."
        " Administrators have none.",
    )
    credits_least: int = Field(default=100, ge=1, description="Fewest credits that are bought at once; one is a cent.")
    credits_most: int = Field(default=100_000, ge=1, description="Most credits that are bought at once.")
    payout_minimum_usd_cents: int = Field(default=1000, ge=1, description="Smallest payout in USD, in cents.")
    payout_minimum_nanoton: int = Field(default=1_000_000_000, ge=1, description="Smallest payout in TON, in nanoTON.")
    payout_approval_usd_cents: int = Field(
        default=50_000, ge=0, description="Payouts in USD above so many cents a day wait for an administrator."
    )
    payout_approval_nanoton: int = Field(
        default=100_000_000_000,
        ge=0,
        description="Payouts in TON above so many nanoTON a day wait for an administrator.",
    )
    payout_cooling_hours: int = Field(
        default=24,
        ge=0,
        le=720,
        description="How long payouts to a new wallet or account wait, in case a thief set it.",
    )
    skilldock_hosts: str = Field(
        default="", description="Host names, with commas between them, that speak SkillDock's API only."
    )
    skilldock_port: int = Field(
        default=0, ge=0, le=65535, description="A further port that speaks SkillDock's API only; 0: none."
    )
    stack_hosts: str = Field(
        default="", description="Host names, with commas between them, that speak STACK's Skills API only."
    )
    stack_port: int = Field(
        default=0, ge=0, le=65535, description="A further port that speaks STACK's Skills API only; 0: none."
    )
    skillzdrive_hosts: str = Field(
        default="", description="Host names, with commas between them, that speak SkillzDrive's API only."
    )
    skillzdrive_port: int = Field(
        default=0, ge=0, le=65535, description="A further port that speaks SkillzDrive's API only; 0: none."
    )
    skillzdrive_anonymous_per_minute: int = Field(
        default=300,
        ge=1,
        description="Requests to SkillzDrive's API without a key, per address and minute, per node.",
    )
    skillett_hosts: str = Field(
        default="", description="Host names, with commas between them, that speak Skillett's API only."
    )
    skillett_port: int = Field(
        default=0, ge=0, le=65535, description="A further port that speaks Skillett's API only; 0: none."
    )
    marketplace_name: str = Field(
        default="skillyard",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="What coding agents call the list of this registry's skills: they hold one list of each name.",
    )
    log_origin: str = Field(
        default="",
        pattern=r"^[^\s+]*$",
        description="Name of the public log, which must never change; empty: that of `public_url` without the scheme.",
    )
    stripe_secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Secret key of your Stripe account; with it, skills can be paid for in US dollars.",
    )
    stripe_webhook_secrets: SecretStr = Field(
        default=SecretStr(""),
        description="Secrets of the webhook endpoints at Stripe, between spaces; both while one is being replaced.",
    )
    stripe_api_url: str = Field(default="https://api.stripe.com", description="Where Stripe's API is.")
    ton_network: Literal["mainnet", "testnet"] = Field(
        default="mainnet", description="The TON network on which payments are taken and made."
    )
    ton_wallet_words: SecretStr = Field(
        default=SecretStr(""),
        description="The 24 words of the server's own TON wallet (version W5), which takes payments and pays out.",
    )
    ton_wallet_address: str = Field(
        default="",
        description="Address of the TON wallet that takes payments; alone, without words, the server only watches it.",
    )
    ton_api_url: str = Field(
        default="", description="An API as toncenter.com offers it; empty: toncenter's own for the network."
    )
    ton_api_key: SecretStr = Field(
        default=SecretStr(""), description="Key for that API; without one, toncenter answers once a second."
    )
    nevermined_api_key: SecretStr = Field(
        default=SecretStr(""),
        description="API key of your Nevermined account; with it and a plan, invocations can be paid from there.",
    )
    nevermined_plan_id: str = Field(
        default="",
        pattern=r"^[0-9A-Za-z]{0,100}$",
        description="Your plan at Nevermined, whose credits pay for every skill: one for a US cent of its price.",
    )
    nevermined_agent_id: str = Field(default="", description="The agent that the plan is for there, if it is.")
    nevermined_network: str = Field(
        default="eip155:8453", description="The chain that the plan is on: `eip155:84532` for Nevermined's sandbox."
    )
    nevermined_api_url: str = Field(default="https://api.live.nevermined.app", description="Where Nevermined's API is.")
    nevermined_checkout_url: str = Field(
        default="https://nevermined.app/checkout/{plan}", description="Where people buy the plan; `{plan}` is its id."
    )
    x402_facilitator_url: str = Field(
        default="",
        description="The facilitator that checks and takes payments by x402; one of your own is"
        " `python -m skillyard.operate.facilitator`. Empty: no such payments.",
    )
    x402_rpc_url: str = Field(default="", description="A node of the chain, where payments are looked for.")
    x402_network: str = Field(
        default="eip155:8453", pattern=r"^eip155:[1-9][0-9]*$", description="The chain of those payments."
    )
    x402_pay_to: str = Field(
        default="",
        pattern=r"^(0x[0-9a-fA-F]{40})?$",
        description="Your address there, which is paid; with its checksum, as wallets show it.",
    )
    x402_token: str = Field(
        default="0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
        pattern=r"^0x[0-9a-fA-F]{40}$",
        description="The token that is paid in: of US dollars, with six decimals and EIP-3009, as USDC.",
    )
    x402_token_name: str = Field(default="USD Coin", description="Its name, as its contract has it for signatures.")
    x402_token_version: str = Field(default="2", description="Its version, as its contract has it for signatures.")
    rates_url: str = Field(
        default="",
        description='Where the price of TON is read, as `{"rates": {"TON": {"prices": {"USD": 5.2}}}}`; empty: an'
        " administrator sets it.",
    )
    sandbox: Literal["auto", "bubblewrap", "container", "kubernetes", "e2b", "off"] = Field(
        default="auto",
        description="What scripts of skills run in: `auto` takes the first that works here; `off`: none.",
    )
    sandbox_options: dict[str, str] = Field(
        default={}, description="Settings of that sandbox, each by its name: `SKILLYARD_SANDBOX_OPTIONS__<NAME>`."
    )
    runs_at_once: int = Field(default=2, ge=1, le=64, description="Runs that one process has under way side by side.")
    runs_waiting: int = Field(default=500, ge=1, description="Runs that one person may have waiting or under way.")
    run_seconds: int = Field(default=300, ge=1, le=3600, description="Longest that a run may take.")
    run_cpu_seconds: int = Field(default=300, ge=1, le=3600, description="Most processor time that a run may use.")
    run_memory_mb: int = Field(default=512, ge=16, description="Most memory that a run may use, in MiB.")
    run_processes: int = Field(default=64, ge=1, description="Most processes that a run may have at one time.")
    run_disk_mb: int = Field(default=256, ge=1, description="Most that a run may leave in its workspace, in MiB.")
    run_files: int = Field(default=1000, ge=1, description="Most files that a run may leave in its workspace.")
    run_output_kb: int = Field(
        default=1024, ge=1, le=32_768, description="Most that a run may write to stdout, and to stderr, in KiB."
    )
    run_private_hosts: str = Field(
        default="",
        description="Private hosts and networks, between spaces, such as `api.internal 10.2.0.0/16`, that scripts may"
        " reach where they declare them.",
    )
    run_day_mb: int = Field(
        default=8192, ge=1, description="Most that the runs of one person may be handed and leave in 24 hours, in MiB."
    )
    run_keep_days: int = Field(
        default=30, ge=1, description="How long output and files of a run are kept; its receipt stays."
    )
    python_index: str = Field(
        default="https://pypi.org/simple", description="Where the Python packages come from that scripts ask for."
    )
    npm_registry: str = Field(
        default="https://registry.npmjs.org", description="Where the Node packages come from that scripts ask for."
    )
    index_file_hosts: str = Field(
        default="", description="Further hosts, between spaces, where these two keep their files."
    )
    session_minutes: int = Field(
        default=30, ge=1, le=10_080, description="A session in which nothing ran for so long ends, with its workspace."
    )
    market_review: Literal["none", "new_sellers", "all"] = Field(
        default="none",
        description="Which skills wait for an administrator before strangers invoke them: none, those of sellers of"
        " whom nothing was approved yet, or every release.",
    )
    invocation_minutes: int = Field(
        default=60, ge=1, le=10_080, description="How long after it was asked for an invocation can be delivered."
    )
    invocations_open: int = Field(
        default=1000, ge=1, description="Invocations of one person that may wait or be worked on at a time."
    )
    drive_free_skills: int = Field(
        default=0,
        ge=0,
        description="Skills that a drive holds before private uploads by sync cost `drive_upload_credits`; 0: no limit."
        " A drive whose first sync finds more keeps room for as many.",
    )
    drive_upload_credits: int = Field(
        default=0, ge=0, description="Credits that a private upload costs beyond `drive_free_skills`."
    )
    git_max_mb: int = Field(
        default=64, ge=1, le=1024, description="Most that is read of one commit of a git repository, packed, in MiB."
    )
    git_seconds: int = Field(default=60, ge=1, le=600, description="Longest that reading a git repository may take.")
    log_level: str = Field(default="warning", description="debug, info, warning or error.")

    @model_validator(mode="after")
    def _signing_in_is_set_up_as_a_whole(self) -> Settings:
        for name, provider in self.oidc.items():
            if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,29}", name):
                raise ValueError(f"SKILLYARD_OIDC: {name!r} is no name of a provider: use a-z, 0-9, - and _")
            if not provider.issuer and name != "google":
                raise ValueError(f"SKILLYARD_OIDC__{name.upper()}__ISSUER is missing")
        rules = {self.oidc_sign_up, *(provider.sign_up for provider in self.oidc.values())}
        if "domains" in rules and not self.oidc_domains.strip():
            raise ValueError("SKILLYARD_OIDC_SIGN_UP is `domains`, but SKILLYARD_OIDC_DOMAINS names none")
        return self

    @property
    def home(self) -> Path:
        return self.data_dir.expanduser().resolve()

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite://{self.home}/skillyard.db"

    @property
    def blobs(self) -> str:
        return self.blobs_url or f"file://{self.home}/blobs"

    @property
    def log_name(self) -> str:
        """The origin of the public log: an address without scheme (https://c2sp.org/tlog-checkpoint)."""
        return self.log_origin or self.address.partition("://")[2].replace("+", "-")

    @property
    def address(self) -> str:
        """The base of every address that we hand out, without a trailing slash."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"
