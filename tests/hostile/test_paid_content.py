"""Ways to what somebody sells that do not lead past the till."""

from __future__ import annotations

import io

import pytest

from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.registry.errors import UploadNotReceived
from skillyard.domain.registry.model import Wish
from skillyard.domain.registry.releases import get_release
from skillyard.domain.registry.uploads import confirm_upload, put_upload, sign_upload, start_upload
from skillyard.infra.blobs import BlobMismatch
from skillyard.skill.names import SkillName
from tests.domain.payments.shop import REPORT, Shop


@pytest.mark.parametrize("sent", [b"", b"whatever"])
def test_whoever_knows_only_the_digest_of_an_archive_cannot_publish_it_as_their_own(shop: Shop, sent: bytes) -> None:
    """The digest and size of what is for sale are on its page; its bytes are in the store already."""
    archive = get_release(shop.app, ANONYMOUS, name=REPORT, version="latest").archive
    wish = Wish(name=SkillName("bob", "report"))
    ticket = start_upload(shop.app, shop.bob, wish, sha256=archive.sha256, size_bytes=archive.size_bytes)
    with pytest.raises(BlobMismatch):
        put_upload(
            shop.app,
            upload_id=ticket.id,
            expires_ms=ticket.expires_ms,
            signature=sign_upload(shop.app, ticket),
            source=io.BytesIO(sent),
        )
    with pytest.raises(UploadNotReceived):
        confirm_upload(shop.app, shop.bob, upload_id=ticket.id)
