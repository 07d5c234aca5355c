"""Hosts that rules know: vendors that publish installers, forges, and addresses nobody serves good software from.

The lists stand in `known_hosts.toml`. What is in none is unknown, and so are reserved names such as `.example`.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from importlib import resources

_LISTS: dict[str, str] = tomllib.loads(resources.files("skillyard.skill.scan").joinpath("known_hosts.toml").read_text())
KNOWN_INSTALLERS, KNOWN_OWNERS, FORGES, STORES, PASTE_HOSTS, COLLECTORS, _DYNAMIC_NAMES, _SHORTENERS = (
    frozenset(_LISTS[name].split())
    for name in ("installers", "owners", "forges", "stores", "paste", "collectors", "dynamic_names", "shorteners")
)
_SUSPICIOUS = PASTE_HOSTS | COLLECTORS | _DYNAMIC_NAMES | _SHORTENERS
_SUSPICIOUS_TOPS = frozenset({"onion", "i2p", "tk", "ml", "ga", "cf", "gq"})
_LOCAL_NAMES = frozenset({"localhost", "local", "internal", "lan", "arpa"})
_PRIVATE_NETWORKS = tuple(
    ipaddress.ip_network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)

_AUTHORITY = re.compile(
    r"//(?:[^/\s'\"]{0,200}@)?(\[[0-9a-f:.]{2,45}\]|[^/:?#@\s\"'`<>\\()\[\]]{1,255})", re.IGNORECASE
)
_PATH_OWNER = re.compile(r"//[^/\s]{1,255}/([A-Za-z0-9_.-]{1,100})/")
_SCP_ADDRESS = re.compile(r"[\w.-]{1,64}@([A-Za-z0-9.-]{1,255}):")
_PLAIN_NUMBER = re.compile(r"(?:0x[0-9a-f]+|[0-9]+)(?:\.(?:0x[0-9a-f]+|[0-9]+)){0,3}", re.IGNORECASE)
_CYRILLIC_OR_GREEK = re.compile("[\u0370-\u03ff\u0400-\u052f]")
_FOLDED = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u04cf\u03bf\u03b1\u03bd\u03c1\u03b9",
    "aeopcyxijshdqwloavpi",
)


def host_of(address: str) -> str:
    """The host that a URL or a `user@host:path` address names, in lower case without port; empty if it names none."""
    match = _AUTHORITY.search(address) or _SCP_ADDRESS.match(address)
    return match[1].strip("[]").rstrip(".,;").lower() if match else ""


def folded(text: str) -> str:
    """With Cyrillic and Greek letters as the Latin ones that they look like."""
    return text.translate(_FOLDED)


def is_within(host: str, hosts: frozenset[str]) -> bool:
    """Whether `host` is one of `hosts`, or below one of them."""
    labels = host.split(".")
    return any(".".join(labels[start:]) in hosts for start in range(len(labels)))


def is_known_installer(address: str) -> bool:
    """Whether a URL is on a vendor's own host, or belongs to a known owner on a forge."""
    host = host_of(address)
    if host in FORGES:
        owner = _PATH_OWNER.search(address)
        return owner is not None and owner[1].lower() in KNOWN_OWNERS
    return is_within(host, KNOWN_INSTALLERS) and not is_within(host, PASTE_HOSTS)


def is_local_host(host: str) -> bool:
    """Whether `host` is this machine or in a private network."""
    if host.rpartition(".")[2] in _LOCAL_NAMES:
        return True
    address = _ip_address(host)
    if address is None:
        return False
    # not `is_private`, which also holds for addresses reserved for documentation
    return address.is_loopback or address.is_link_local or address.is_unspecified or _is_in_private_network(address)


def is_suspicious_host(host: str) -> bool:
    """Whether hardly anybody serves good software from `host`.

    Public addresses in numbers, paste and file-drop hosts, dynamic names, shorteners, request collectors, tunnels,
    anonymous networks, and names that look like Latin letters and are not. Local hosts are not suspicious.
    """
    if not host or is_local_host(host):
        return False
    if _ip_address(host) is not None or is_within(host, _SUSPICIOUS):
        return True
    return host.rpartition(".")[2] in _SUSPICIOUS_TOPS or any(_imitates_latin(label) for label in host.split("."))


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Also of one written as a single number, in hexadecimal or with parts left out, as resolvers take them."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if not _PLAIN_NUMBER.fullmatch(host) or len(host) > 60:
        return None
    *heads, last = [_number(part) for part in host.split(".")]
    value = sum(head << 8 * (3 - place) for place, head in enumerate(heads)) + last
    return ipaddress.IPv4Address(value) if 0 <= value < 1 << 32 else None


def _is_in_private_network(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address in network for network in _PRIVATE_NETWORKS if network.version == address.version)


def _number(text: str) -> int:
    if text[:2].lower() == "0x":
        return int(text, 16)
    return int(text, 8) if text[0] == "0" and text.isdigit() and not {"8", "9"} & set(text) else int(text)


def _imitates_latin(label: str) -> bool:
    """Whether `label`, plain or in punycode, has Cyrillic or Greek letters and reads as Latin ones throughout."""
    if label.startswith("xn--"):
        try:
            label = label[4:].encode("ascii").decode("punycode")
        except (UnicodeError, OverflowError):
            return True
    return bool(_CYRILLIC_OR_GREEK.search(label)) and folded(label).isascii()
