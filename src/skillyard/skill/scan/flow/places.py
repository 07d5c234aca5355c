"""Which paths and variables hold secrets, and which hosts they are meant for."""

from __future__ import annotations

import re
from functools import lru_cache

from skillyard.skill.scan.flow.model import HOLE, Source, Taint
from skillyard.skill.scan.matching import Patterns

_PLACES = {
    "browser": (
        r"google[-/ ]?chrome|chromium/|brave-?browser|microsoft[- ]edge/|firefox/profiles|\.mozilla|login data\b|"
        r"cookies\.sqlite|logins\.json|key4\.db|\bweb data$|/cookies$|local extension settings|library/cookies|"
        r"local storage/leveldb|user data/default"
    ),
    "wallet": (
        r"wallet\.dat|\.electrum|exodus/|\.ethereum|/keystore\b|metamask|\.bitcoin\b|\.config/solana|phantom|"
        r"ledger live|"
        r"atomic/local storage|\.monero|seed\.txt|seed[-_ ]?phrase|mnemonic"
    ),
    "history": (
        r"\.(?:bash|zsh|python|node_repl|psql|mysql|sh)_history|fish_history|\.claude/projects|\.codex/sessions|"
        r"chat\.db$|\.viminfo"
    ),
    "secret": (
        r"(?:^|[/~\\])\.ssh(?:[/\\]|$)|\bid_(?:rsa|ed25519|ecdsa|dsa)\b|\.aws(?:[/\\](?:credentials|config|sso|"
        r"\*)|[/\\]?$)|"
        r"\.netrc|\.git-credentials|\.config/gh\b|gh/hosts\.yml|\.kube(?:/|$)|kubeconfig|\.docker/config|"
        r"\.npmrc|\.pypirc|"
        r"\.gnupg|\.config/gcloud|application_default_credentials|\.azure(?:/|$)|keychain|login\.keyring|"
        r"/etc/shadow|\.pgpass|\.my\.cnf|\.vault-token|\.password-store|\.terraform\.d/cred|\.cargo/credentials|"
        r"\.gem/credentials|\.claude/\.credentials|\.claude\.json|\.codex/auth|\.config/hub$|\.huggingface/token|"
        r"\.1password|\.config/op/|\.oci/config|\.databrickscfg|\.openclaw/(?:openclaw\.json|credentials)|\.clawdbot/|"
        r"/proc/(?:self|\d+)/environ|serviceaccount/token|\.p12$|\*\.(?:pem|key|ppk|p12)$|\.config/rclone|\.s3cfg|\.boto$|\.config/?$|"
        r"filezilla|\.config/doctl|1password|bitwarden|keepass|\.kdbx|telegram desktop/tdata|discord/local storage"
    ),
    "env": r"(?:^|[/~\\*])\.env(?:\.(?:local|production|prod|development|staging|\*))?(?:\*)?$|(?:^|"
    r"/)secrets?\.(?:json|ya?ml|toml)$",
    "documents": (
        r"^(?:~|/users/[^/]+|/home/[^/]+)/(?:documents|desktop|downloads|pictures)(?:/?$|/\*)|"
        r"^(?:~|/users/[^/]+|/home/[^/]+)/(?:documents|desktop|downloads|pictures)/.*\*|^~/?\*|^~/?$|^~/\x{fffc}"
    ),
}
_PATTERNS = Patterns(_PLACES)
_SOURCES = {
    "browser": Source.BROWSER, "wallet": Source.WALLET, "history": Source.HISTORY, "secret": Source.SECRET_FILE,
    "env": Source.ENV_FILE, "documents": Source.DOCUMENTS,
}  # fmt: skip
_HARMLESS = re.compile(
    r"\.pub$|known_hosts|\.example$|\.sample$|\.template$|(?:^|/)\.ssh/config$|\.env\.(?:example|sample|template)|"
    r"^https?://|\s{2}|\n|\.(?:py|js|mjs|ts|md)$"
)
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:API_?KEY|[A-Z]*TOKEN|SECRET|SECRETS|PASSWORD|PASSWD|PASS|PWD|CREDENTIALS?|PRIVATE_?KEY|ACCESS_?KEY|"
    r"SECRET_?KEY|KEY|PAT|AUTH|COOKIE|MNEMONIC|SEED|WEBHOOK(?:_URL)?|DSN)(?:_|$)|KEY_ID$|APIKEY",
    re.IGNORECASE,
)
_GENERIC_WORDS = frozenset(
    [
        "API",
        "KEY",
        "KEYS",
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASS",
        "PWD",
        "AUTH",
        "ACCESS",
        "PRIVATE",
        "PUBLIC",
        "CLIENT",
        "ID",
        "USER",
        "BOT",
        "APP",
        "SERVICE",
        "MY",
        "THE",
        "URL",
        "WEBHOOK",
        "DB",
        "DATABASE",
        "REFRESH",
        "BEARER",
        "PAT",
        "X",
        "ADMIN",
        "PERSONAL",
        "DEFAULT",
        "TEST",
        "PROD",
        "DEV",
        "SK",
        "LLM",
        "MODEL",
        "AI",
        "CREDENTIALS",
    ]
)
# Which hosts the keys of well-known services are meant for, by a word in the name.
_OWN_HOSTS = {
    "OPENAI": "openai azure openrouter", "ANTHROPIC": "anthropic claude openrouter", "CLAUDE": "anthropic claude",
    "GITHUB": "github", "GH": "github", "GITLAB": "gitlab", "AWS": "amazonaws aws", "GOOGLE": "google", "GCP": "google",
    "GEMINI": "google", "AZURE": "azure microsoft windows", "SLACK": "slack", "STRIPE": "stripe", "NPM": "npmjs",
    "HF": "huggingface hf.co", "DISCORD": "discord", "TELEGRAM": "telegram", "TWILIO": "twilio", "SENDGRID": "sendgrid",
    "NOTION": "notion", "SUPABASE": "supabase", "VERCEL": "vercel", "CLOUDFLARE": "cloudflare", "DEEPSEEK": "deepseek",
    "HUGGINGFACE": "huggingface hf.co", "PYPI": "pypi", "LINEAR": "linear",
    "JIRA": "atlassian", "TWITTER": "twitter x.com",
}  # fmt: skip
_HOSTS_OF_FILES = (
    ("/gh", "github"), (".aws", "amazonaws aws"), (".claude", "anthropic claude"), ("gcloud", "google"),
    ("application_default", "google"), (".npmrc", "npm"), (".pypirc", "pypi"), ("huggingface", "huggingface hf.co"),
    (".docker", "docker ghcr"), (".azure", "azure microsoft"), (".codex", "openai chatgpt"), ("git-credentials", "git"),
    (".databrickscfg", "databricks"), (".cargo", "crates.io"), ("openclaw", "openclaw"), (".kube", "kubernetes"),
)  # fmt: skip


@lru_cache(maxsize=4096)
def kind_of_path(text: str) -> Source | None:
    """What is kept at a path, if it is something that belongs to the user alone."""
    if len(text) > 300 or not text.strip(HOLE) or _HARMLESS.search(text.lower()):
        return None
    names = _PATTERNS.present(text.replace("\\", "/"))
    return _SOURCES[names[0]] if names else None


def taint_of_path(text: str, line: int) -> Taint | None:
    source = kind_of_path(text)
    return Taint(source, text.replace(HOLE, "…"), line) if source else None


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Whether a variable of this name is likely to hold a secret."""
    return bool(_SECRET_NAME.search(name)) and not name.upper().endswith(("_PATH", "_FILE", "_DIR"))


def is_somebodys(name: str) -> bool:
    """Whether the variable belongs to a service that everybody knows."""
    return any(word in _OWN_HOSTS for word in name.upper().split("_"))


def name_fits_host(name: str, host: str) -> bool:
    """Whether a secret variable may be meant for a host, going by their names; one without a maker fits all."""
    words = [word for word in name.upper().split("_") if word not in _GENERIC_WORDS]
    if not words:
        return True
    return any(
        any(own in host for own in _OWN_HOSTS[word].split()) if word in _OWN_HOSTS else word.lower() in host
        for word in words
        if len(word) > 1
    )


def file_fits_host(path: str, host: str) -> bool:
    """Whether the secrets in a file are meant for a host."""
    return any(mark in path and any(own in host for own in hosts.split()) for mark, hosts in _HOSTS_OF_FILES)
