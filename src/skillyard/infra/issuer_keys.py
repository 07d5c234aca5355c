"""What issuers of tokens publish of themselves (OpenID Connect Discovery 1.0): their keys, and where their doors are.

Kept in memory; an issuer is asked again once an hour, or for a key that is not known, and never twice in 30 seconds.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from skillyard.infra.errors import Upstream
from skillyard.infra.outbound import AddressNotAllowed, Bounds, Outbound

if TYPE_CHECKING:  # loaded when the first token comes: it takes longer than the rest of the start
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    Key = RSAKey | ECKey | OKPKey

_MOST_KEYS = 100
_KEEP_S = 3600.0  # as long as an issuer is believed without asking again
_PAUSE_S = 30.0  # between two questions to one issuer, whatever is asked of us
_BOUNDS = Bounds(total_s=8.0, phase_s=4.0, max_bytes=256 * 1024)
_SMALLEST_RSA_BITS = 2048


class IssuerNotUnderstood(Upstream):
    code = "issuer_not_understood"
    text = "The keys of {issuer} cannot be used: {why}."
    hint = "Try again in a moment; if it stays, tell the operator of this registry."


@dataclass(slots=True)
class _Known:
    """What is known of one issuer; times on the monotonic clock."""

    document: Mapping[str, Any] = field(default_factory=dict)
    keys: Sequence[Key] = ()
    read_s: float = -math.inf
    asked_s: float = -math.inf
    lock: threading.Lock = field(default_factory=threading.Lock)


class IssuerKeys:
    """The public keys of issuers. Ask for issuers that are trusted only: each one is called."""

    def __init__(self, outbound: Outbound, *, now: Callable[[], float] = time.monotonic) -> None:
        self._outbound = outbound
        self._now = now
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def find(self, issuer: str, kid: str | None) -> Key | None:
        """The key of that id; None: the only one that it has. An unknown one makes us ask the issuer again, at most
        twice a minute.

        Raises Upstream when the issuer cannot be asked and nothing is known of it.
        """
        known = self._of(issuer)
        with known.lock:
            if _find(known.keys, kid) is None or self._is_old(known):
                self._refresh(issuer, known, is_enough=lambda: _find(known.keys, kid) is not None)
            return _find(known.keys, kid)

    def document(self, issuer: str) -> Mapping[str, Any]:
        """Its discovery document. Raises Upstream when the issuer cannot be asked and nothing is known of it."""
        known = self._of(issuer)
        with known.lock:
            if self._is_old(known):
                self._refresh(issuer, known, is_enough=lambda: bool(known.document))
            return known.document

    def _of(self, issuer: str) -> _Known:
        with self._lock:
            return self._known.setdefault(issuer, _Known())

    def _is_old(self, known: _Known) -> bool:
        return self._now() - known.read_s >= _KEEP_S

    def _refresh(self, issuer: str, known: _Known, *, is_enough: Callable[[], bool]) -> None:
        """Ask anew, unless that was done a moment ago. While the issuer is down, what was known before still counts."""
        if self._now() - known.asked_s >= _PAUSE_S:
            known.asked_s = self._now()
            try:
                known.document, known.keys = _ask(self._outbound, issuer)
                known.read_s = self._now()
            except Upstream:
                if not is_enough():
                    raise
        if not known.keys:
            raise IssuerNotUnderstood(issuer=issuer, why="they could not be read a moment ago")


def _ask(outbound: Outbound, issuer: str) -> tuple[Mapping[str, Any], Sequence[Key]]:
    """Document and keys. An address that is not for us to call is the operator's business, not the caller's."""
    try:
        return _read(outbound, issuer)
    except AddressNotAllowed as error:
        raise IssuerNotUnderstood(issuer=issuer, why=error.message.rstrip(".")) from None


def _read(outbound: Outbound, issuer: str) -> tuple[Mapping[str, Any], Sequence[Key]]:
    """OpenID Connect Discovery 1.0, section 4: the document must say that it is of this very issuer."""
    document = outbound.get_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration", bounds=_BOUNDS)
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise IssuerNotUnderstood(issuer=issuer, why="its discovery document is of another issuer")
    address = document.get("jwks_uri")
    found = outbound.get_json(address, bounds=_BOUNDS) if isinstance(address, str) else None
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise IssuerNotUnderstood(issuer=issuer, why="it lists none")
    keys = [key for entry in listed[:_MOST_KEYS] if (key := _read_key(entry)) is not None]
    if not keys:
        raise IssuerNotUnderstood(issuer=issuer, why="it lists none that are for signatures, and strong enough")
    return document, keys


def _read_key(entry: Any) -> Key | None:
    """A public key for signatures; None for any other, which is none of our business."""
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

    try:
        if not isinstance(entry.get("kid"), str) or entry.get("use", "sig") != "sig":
            return None
        key = JWKRegistry.import_key(entry)
    except (JoseError, AttributeError, ValueError, TypeError, KeyError):
        return None
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        return None
    is_weak = isinstance(key, RSAKey) and key.public_key.key_size < _SMALLEST_RSA_BITS
    return None if is_weak else key


def _find(keys: Sequence[Key], kid: str | None) -> Key | None:
    if kid is None:
        return keys[0] if len(keys) == 1 else None
    return next((key for key in keys if key.kid == kid), None)
