"""Ways to what somebody sells that do not lead past the till."""

from __future__ import annotations

import io

import pytest

from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.payments.credits import get_credits
from skillyard.domain.payments.errors import PurchaseRequired
from skillyard.domain.payments.invoices import list_invoices
from skillyard.domain.payments.purchases import list_bought, list_sales
from skillyard.domain.registry.download import find_archive
from skillyard.domain.registry.errors import UploadNotReceived
from skillyard.domain.registry.model import Wish
from skillyard.domain.registry.releases import get_release
from skillyard.domain.registry.resolve import resolve_closure
from skillyard.domain.registry.sale import set_sale
from skillyard.domain.registry.scans import get_scan
from skillyard.domain.registry.skill import get_skill
from skillyard.domain.registry.uploads import confirm_upload, put_upload, sign_upload, start_upload
from skillyard.domain.transparency.entries import list_entries
from skillyard.domain.transparency.model import ReleaseName
from skillyard.domain.transparency.prove import prove
from skillyard.infra.blobs import BlobMismatch
from skillyard.infra.errors import Forbidden
from skillyard.skill.names import SkillName
from tests.domain.payments.shop import REPORT, Shop
from tests.makers import FLAGGED, a_release, an_organization


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


def test_a_token_takes_what_its_owner_bought_only_if_it_may_read_all_that_is_theirs(shop: Shop) -> None:
    """One that was made to publish, or for one namespace, gives nothing else away when it is stolen."""
    shop.grant("2900")
    shop.buy(rail="credits")
    bob = an_organization(shop.app, shop.bob)

    def with_token(scope: Scope, namespaces: list[str] | None = None) -> Caller:
        made = create_token(shop.app, bob, name="narrow", scopes={scope}, namespaces=namespaces)
        return authenticate(shop.app, made.secret)

    assert find_archive(shop.app, with_token(Scope.READ), name=REPORT, version="latest")
    for narrow in (with_token(Scope.PUBLISH), with_token(Scope.READ, ["acme"]), with_token(Scope.MANAGE)):
        with pytest.raises(PurchaseRequired):
            find_archive(shop.app, narrow, name=REPORT, version="latest")
        with pytest.raises(PurchaseRequired):
            resolve_closure(shop.app, narrow, requirements={str(REPORT): "*"}, locked={})
        for ask in (list_bought, list_invoices, list_sales, get_credits):
            with pytest.raises(Forbidden):
                ask(shop.app, narrow)


@pytest.mark.parametrize("visibility", ["public", "private"])
def test_why_a_release_is_flagged_shows_nothing_of_its_files_to_those_who_have_not_bought_it(
    shop: Shop, visibility: str
) -> None:
    name, secret = SkillName("sal", "tool"), "files.unknown-host.invalid"
    a_release(shop.app, shop.sal, str(name), visibility=visibility, files=FLAGGED)
    set_sale(shop.app, shop.sal, name=name, is_for_sale=True)
    shown = [
        repr(get_skill(shop.app, shop.bob, name=name)),
        repr(get_release(shop.app, ANONYMOUS, name=name, version="1.0.0")),
        repr(get_scan(shop.app, ANONYMOUS, name=name, version="1.0.0")),
        repr(list_entries(shop.app, ANONYMOUS, name=str(name))),
    ]
    assert [text for text in shown if secret in text] == []
    assert secret in repr(get_scan(shop.app, shop.sal, name=name, version="1.0.0"))


def test_buyers_find_the_next_release_of_a_private_skill_in_the_log_too(shop: Shop) -> None:
    """Else their client, which looks there, refuses to install it."""
    shop.grant("2900")
    shop.buy(rail="credits")
    a_release(shop.app, shop.sal, str(REPORT), "1.1.0")
    wanted = ReleaseName(name=str(REPORT), version="1.1.0")
    assert prove(shop.app, shop.bob, releases=[wanted]).missing == ()


def test_the_log_names_a_private_skill_to_strangers_only_while_it_is_for_sale(shop: Shop) -> None:
    wanted = ReleaseName(name=str(REPORT), version="1.0.0")
    assert prove(shop.app, ANONYMOUS, releases=[wanted]).missing == ()
    set_sale(shop.app, shop.sal, name=REPORT, is_for_sale=False)
    assert prove(shop.app, ANONYMOUS, releases=[wanted]).missing == (wanted,)
