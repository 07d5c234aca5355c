"""What the scripts of a skill need, as far as that can be told without running them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from skillyard.skill.permissions import Permissions
from skillyard.skill.reach import BadPatternError, read_host, read_path
from skillyard.skill.scan.flow.context import hosts_in, is_local
from skillyard.skill.scan.flow.model import HOLE, words_in
from skillyard.skill.scan.flow.package import analysis_of
from skillyard.skill.scan.subject import Subject

_MOST = 100
_ORDINARY_VARIABLES = words_in(
    "HOME USER PATH PWD SHELL TERM LANG LC_ALL TMPDIR TMP TEMP EDITOR CI NO_COLOR DEBUG USERPROFILE APPDATA "
    "LOCALAPPDATA "
    "SKILLYARD_GATEWAY SKILLYARD_LEASE "  # given to those that declare integrations
    "XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME NODE_ENV VIRTUAL_ENV PYTHONPATH DISPLAY HOSTNAME COLUMNS FORCE_COLOR"
)
_VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]{0,127}")
_LOOKS_LIKE_PATH = re.compile(r"[\w.~@+ /*?-]{1,200}")
_NO_PATHS = frozenset({"r", "w", "rb", "wb", "utf-8", "-", ".", "..", "~", "a"})


def needs_of(subject: Subject) -> Permissions:
    """The least that the skill would have to declare: constant hosts, paths and names; what is dynamic is not guessed.

    `analysis_of(subject).reach.unknown` counts the addresses that are known only when the scripts run.
    """
    reach = analysis_of(subject).reach
    return Permissions(
        network_outbound=_well_formed(_hosts(reach.addresses), read_host),
        filesystem_read=_well_formed(_paths(reach.reads - reach.writes), read_path),
        filesystem_write=_well_formed(_paths(reach.writes), read_path),
        subprocess=reach.starts_programs,
        environment=_well_formed(reach.variables - _ORDINARY_VARIABLES, _read_variable),
    )


def _hosts(addresses: Iterable[str]) -> Iterable[str]:
    for address in addresses:
        for host in hosts_in((address,)):
            if not is_local(host) and "." in host:
                yield host


def _paths(texts: Iterable[str]) -> Iterable[str]:
    """As patterns: what is known only when the scripts run becomes `*`; what leads elsewhere is left out."""
    for text in texts:
        path = re.sub(rf"/[^/]*{HOLE}[^/]*$", "/*", text).removeprefix("./").rstrip("/")
        is_path = "/" in path or re.search(r"\.\w{1,8}$", path)
        if (
            is_path
            and HOLE not in path
            and "//" not in path
            and path not in _NO_PATHS
            and _LOOKS_LIKE_PATH.fullmatch(path)
        ):
            yield path


def _read_variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise BadPatternError("is not the name of an environment variable", "write it as API_BASE")
    return name


def _well_formed(texts: Iterable[str], read: Callable[[str], str]) -> tuple[str, ...]:
    found = set()
    for text in texts:
        try:
            found.add(read(text))
        except BadPatternError:
            continue
    return tuple(sorted(found)[:_MOST])
