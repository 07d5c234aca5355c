"""The link to a bundle: what it is of, and for whom, under our signature; nothing is stored."""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict, dataclass
from typing import Literal

import orjson

from skillyard.domain.drive.handing_errors import BundleLinkNotValid
from skillyard.infra.secrets import Signer

BundleScope = Literal["drive", "collection", "skill"]
_PURPOSE = "bundle"
_MOST_CHARS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleOrder:
    """`collection_id`: the collection that it is of; `name`: the one skill. `user_id`, `key_id` and `made_with` are
    those of who asked for it.
    """

    user_id: str
    key_id: str | None
    made_with: str | None
    collection_id: str | None
    name: str | None
    filename: str
    expires_ms: int


def write_link(signer: Signer, order: BundleOrder) -> str:
    """Letters, digits, hyphens, underscores and a dot."""
    body = base64.urlsafe_b64encode(orjson.dumps(asdict(order))).decode().rstrip("=")
    return f"{body}.{signer.sign(_PURPOSE, body)}"


def read_link(signer: Signer, link: str, *, now_ms: int) -> BundleOrder:
    """Raises BundleLinkNotValid for one that we did not write, or that has expired."""
    body, _, signature = link.partition(".")
    if len(link) > _MOST_CHARS or not signer.is_valid(signature, _PURPOSE, body):
        raise BundleLinkNotValid
    try:
        order = BundleOrder(**orjson.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))
    except (TypeError, ValueError, binascii.Error):  # of an earlier version of this server
        raise BundleLinkNotValid from None
    if order.expires_ms <= now_ms:
        raise BundleLinkNotValid
    return order
