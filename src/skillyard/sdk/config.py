"""The user's own settings and sign-ins, one file for all projects; and the choice of the registry to talk to."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from skillyard.sdk.addresses import check_registry, origin_of
from skillyard.sdk.disk import file_lock, read_if_there, write_atomically
from skillyard.sdk.errors import InputNeeded, SdkError, UsageError

LINK_MODES = ("hardlink", "copy")
SETTINGS = ("registry", "link_mode")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A token for one origin; `refresh_token`: what its session can be renewed with once."""

    token: str = field(repr=False)
    username: str | None = None
    expires_at: str | None = None
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`config.json`. `other` keeps what a newer version wrote."""

    registry: str | None = None
    link_mode: str = "hardlink"
    logins: Mapping[str, Login] = field(default_factory=dict)
    other: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Where to, and with which token; `login`: the kept one that it is of."""

    url: str
    source: Literal["argument", "environment", "project", "config"]
    token: str | None = field(repr=False)
    login: Login | None = field(default=None, repr=False)

    @property
    def origin(self) -> str:
        return origin_of(self.url)


def config_dir() -> Path:
    return _own_folder("SKILLYARD_CONFIG_DIR", xdg="XDG_CONFIG_HOME", windows="APPDATA", fallback="~/.config")


def cache_dir() -> Path:
    return _own_folder("SKILLYARD_CACHE_DIR", xdg="XDG_CACHE_HOME", windows="LOCALAPPDATA", fallback="~/.cache")


def read_config() -> Config:
    """The settings, or the defaults when there is no file. Raises SdkError for a file that is not ours."""
    path = _config_path()
    content = read_if_there(path)
    if content is None:
        return Config()
    try:
        return _read(json.loads(content))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise SdkError(
            f"{path} cannot be read: {error}.", code="bad_config", hint="Correct it, or move it away and sign in again."
        ) from None


def change_config(change: Callable[[Config], Config]) -> Config:
    """Read, change and write as one step, also among several processes. Only the user can read the file."""
    folder = config_dir()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file_lock(folder / "config.lock", wait_s=10, busy="Another command is changing the settings."):
        changed = change(read_config())
        text = json.dumps(_show(changed), indent=2) + "\n"
        write_atomically(_config_path(), text, mode=0o600, temporary=folder / "config.new")
    return changed


def get_setting(name: str) -> str | None:
    """One of SETTINGS, None when unset."""
    _check_setting(name)
    value: str | None = getattr(read_config(), name)
    return value


def set_setting(name: str, value: str | None) -> Config:
    """Set one of SETTINGS, or put it back to its default with None."""
    _check_setting(name)
    if name == "registry":
        registry = check_registry(value) if value is not None else None
        return change_config(lambda config: replace(config, registry=registry))
    mode = check_link_mode(value if value is not None else LINK_MODES[0])
    return change_config(lambda config: replace(config, link_mode=mode))


def save_login(url: str, login: Login) -> None:
    """Keep a token for the origin of `url`; the first registry signed in to becomes the default one."""
    origin, registry = origin_of(url), check_registry(url)
    change_config(
        lambda config: replace(
            config, registry=config.registry or registry, logins={**config.logins, origin: check_login(login)}
        )
    )


def forget_login(url: str) -> None:
    origin = origin_of(url)
    change_config(
        lambda config: replace(config, logins={key: value for key, value in config.logins.items() if key != origin})
    )


def choose_registry(argument: str | None = None, project: str | None = None) -> Registry:
    """The registry named on the command line, in the environment, by the project, or in the settings, in this order.

    SKILLYARD_TOKEN belongs to the registry that the user named: a project's file cannot draw it to another place.
    Raises InputNeeded when none is named anywhere.
    """
    config = read_config()
    environment = os.environ.get("SKILLYARD_REGISTRY") or None
    users_own = argument or environment or config.registry
    for source, url in (
        ("argument", argument),
        ("environment", environment),
        ("project", project),
        ("config", config.registry),
    ):
        if url:
            address = check_registry(url)
            token = _environment_token(address, users_own=users_own)
            login = None if token else config.logins.get(origin_of(address))
            return Registry(url=address, source=source, token=login.token if login else token, login=login)  # type: ignore[arg-type]
    raise InputNeeded(
        "No registry is chosen.",
        code="no_registry",
        hint="Run `skillyard config set registry https://…`, or set SKILLYARD_REGISTRY.",
    )


def check_link_mode(value: str) -> str:
    if value not in LINK_MODES:
        raise UsageError(
            f"The link mode {value!r} is not known.", code="bad_link_mode", hint=f"use {' or '.join(LINK_MODES)}"
        )
    return value


def check_login(login: Login) -> Login:
    """A token is printable ASCII: anything else was pasted wrongly, and could smuggle a header."""
    if not all(re.fullmatch(r"[\x21-\x7e]{1,4096}", token) for token in (login.token, login.refresh_token or "none")):
        raise UsageError(
            "The token is empty or has characters that no token has.", code="bad_token", hint="copy it again"
        )
    return login


def _environment_token(address: str, *, users_own: str | None) -> str | None:
    from_environment = os.environ.get("SKILLYARD_TOKEN")
    if from_environment and users_own and origin_of(users_own) == origin_of(address):
        return check_login(Login(token=from_environment)).token
    return None


def _check_setting(name: str) -> None:
    if name not in SETTINGS:
        raise UsageError(f"There is no setting {name!r}.", code="unknown_setting", hint=f"use {' or '.join(SETTINGS)}")


def _own_folder(variable: str, *, xdg: str, windows: str, fallback: str) -> Path:
    if chosen := os.environ.get(variable):
        return Path(chosen).expanduser().absolute()
    parent = os.environ.get(xdg) or (os.environ.get(windows) if sys.platform == "win32" else None) or fallback
    return Path(parent).expanduser().absolute() / "skillyard"


def _config_path() -> Path:
    return config_dir() / "config.json"


def _read(document: Any) -> Config:
    rest = dict(document)
    logins = {
        str(origin): check_login(
            Login(
                token=str(login["token"]),
                username=login.get("username"),
                expires_at=login.get("expires_at"),
                refresh_token=login.get("refresh_token"),
            )
        )
        for origin, login in rest.pop("logins", {}).items()
    }
    registry, link_mode = rest.pop("registry", None), check_link_mode(str(rest.pop("link_mode", LINK_MODES[0])))
    return Config(
        registry=check_registry(registry) if registry else None, link_mode=link_mode, logins=logins, other=rest
    )


def _show(config: Config) -> dict[str, Any]:
    logins = {
        origin: {
            "token": login.token,
            "username": login.username,
            "expires_at": login.expires_at,
            "refresh_token": login.refresh_token,
        }
        for origin, login in sorted(config.logins.items())
    }
    return {**config.other, "registry": config.registry, "link_mode": config.link_mode, "logins": logins}
