"""What a request shows to be let in, and where in the request it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from skillyard.domain.gateway.catalog.integration import SecretPlace, Way, WayKind
from skillyard.domain.gateway.connect.account_secrets import AccountSecrets
from skillyard.infra.envelope import Secret

_BASIC = SecretPlace(name="authorization", format="Basic {secret}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """`secret` goes to `way.place` as it is; `variables` fill in the address."""

    secret: Secret
    way: Way
    variables: Mapping[str, str]

    @property
    def headers(self) -> dict[str, str]:
        """What the request carries in headers. It is secret."""
        return self._at("header")

    @property
    def query(self) -> dict[str, str]:
        """What the request carries in its address. It is secret."""
        return self._at("query")

    def _at(self, where: str) -> dict[str, str]:
        place = self.way.place
        if self.way.kind == "none" or place.where != where:
            return {}
        return {place.name: place.format.replace("{secret}", self.secret.reveal())}


def authorize(way: Way, secrets: AccountSecrets, variables: Mapping[str, str]) -> Authorization:
    if way.kind == "basic" and way.place == SecretPlace():
        way = replace(way, place=_BASIC)
    return Authorization(secret=secrets.access, way=way, variables=variables)


def way_of(ways: tuple[Way, ...], kind: WayKind) -> Way | None:
    return next((way for way in ways if way.kind == kind), None)


def with_variables(way: Way, variables: Mapping[str, str]) -> Way:
    """The same way with the variables in the addresses where one signs in."""
    if way.oauth is None:
        return way
    filled = replace(
        way.oauth,
        authorize_url=fill_in(way.oauth.authorize_url, variables),
        token_url=fill_in(way.oauth.token_url, variables),
        revoke_url=fill_in(way.oauth.revoke_url, variables),
        issuer=fill_in(way.oauth.issuer, variables),
    )
    return replace(way, oauth=filled)


def fill_in(address: str, variables: Mapping[str, str]) -> str:
    """An address with its `{variables}`. They are such that they cannot lead out of their place: `connection_rules`."""
    for name, value in variables.items():
        address = address.replace(f"{{{name}}}", value)
    return address
