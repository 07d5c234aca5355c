"""Which network addresses the server may call: public ones, and those that the operator lists. Pure decisions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

Address = IPv4Address | IPv6Address
Reach = Literal["public", "private", "never"]

# RFC 6052: an IPv4 address in the last 32 bits, translated on the way.
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))  # 6to4 and Teredo carry an IPv4 address
# Public by their number, but answered by the cloud that a machine runs in: its settings and secrets.
_METADATA = (ip_address("168.63.129.16"), ip_address("fd00:ec2::254"), ip_address("100.100.100.200"))
# For protocols (RFC 6890; one cloud answers there too), and relays of 6to4 that were given up (RFC 7526).
_PROTOCOLS = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
_SEPARATORS = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowList:
    """What may be called although it is private: hosts by name, and networks."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def admits(self, host: str, address: Address) -> bool:
        """A listed network admits all of its addresses, a listed host what is not worse than private."""
        plain = unwrapped(address)
        if any(plain.version == network.version and plain in network for network in self.networks):
            return True
        return host in self.hosts and reach_of(plain) == "private"


def read_allow_list(text: str) -> AllowList:
    """From words between spaces or commas: `idp.internal 10.2.0.0/16`. Raises ValueError for one that is neither."""
    hosts, networks = set(), []
    for word in filter(None, _SEPARATORS.split(text)):
        try:
            networks.append(ip_network(word.strip("[]")))
        except ValueError:
            if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", word):
                raise ValueError(f"{word!r} is neither a host's name nor a network") from None
            hosts.add(word.lower())
    return AllowList(hosts=frozenset(hosts), networks=tuple(networks))


def reach_of(address: Address) -> Reach:
    """`never`: no name that we are given may lead there, listed or not."""
    plain = unwrapped(address)
    if plain in _METADATA or plain.is_link_local or plain.is_multicast or plain.is_unspecified:
        return "never"
    if isinstance(plain, IPv4Address):
        if plain.is_reserved or any(plain in network for network in _PROTOCOLS):
            return "never"
        return "public" if plain.is_global else "private"
    if plain.is_loopback or not plain.is_global:
        return "never" if any(plain in tunnel for tunnel in _TUNNELS) else "private"
    if plain not in _GLOBAL_UNICAST or any(plain in tunnel for tunnel in _TUNNELS):
        return "never"
    return "public"


def unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (v4-mapped, or NAT64), else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def all_loopback(addresses: Iterable[Address]) -> bool:
    return all(unwrapped(address).is_loopback for address in addresses)
