"""Who may set up webhooks, for what, and where to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from skillyard.domain.accounts.errors import NamespaceNotFound, RoleTooLow, ScopeMissing
from skillyard.domain.accounts.members import remove_member, set_member
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.accounts.rights import Role, Scope
from skillyard.domain.notices.errors import (
    HookAddressNotAcceptable,
    HookEventNotHere,
    HookEventsMissing,
    HookEventUnknown,
    HookNotFound,
    HookThresholdNotAcceptable,
    TooManyHooks,
)
from skillyard.domain.notices.hooks import (
    add_hook,
    change_hook,
    count_by_key,
    get_hook,
    list_hooks,
    lock_with_current_key,
    open_secret,
    remove_hook,
)
from skillyard.domain.notices.rules import MOST_HOOKS
from skillyard.domain.notices.store import hooks as store
from skillyard.infra.envelope import DATABASE_KEY, Keyring
from skillyard.infra.errors import SkillyardError, Unauthenticated
from skillyard.infra.outbound import AddressNotAllowed, Outbound
from tests.domain.notices.yard import Yard
from tests.makers import again, an_organization


def test_the_secret_is_shown_once_and_sealed_at_rest(both: Yard) -> None:
    made = both.hook("release.published")
    assert made.secret.startswith("whsec_")
    with both.app.database.reading() as tx:
        record = store.find_record(tx, made.hook.id)
        row = tx.one("SELECT * FROM hooks WHERE id = ?", made.hook.id)
    assert record is not None
    assert row is not None
    assert open_secret(both.app, record).reveal() == made.secret
    assert made.secret not in str(dict(row))
    assert made.secret.removeprefix("whsec_") not in repr(both.again(made.hook))


def test_secrets_are_locked_with_the_newest_key(yard: Yard) -> None:
    made = yard.hook("release.published")
    old = yard.app.vault_keys
    app = replace(yard.app, vault_keys=Keyring({"2027": b"n" * 32, DATABASE_KEY: old._keys[DATABASE_KEY]}))
    assert lock_with_current_key(app) == made.hook.id
    assert lock_with_current_key(app, after=made.hook.id) is None
    with app.database.reading() as tx:
        record = store.find_record(tx, made.hook.id)
        assert count_by_key(tx) == {"2027": 1}
    assert record is not None
    assert open_secret(app, record).reveal() == made.secret


@pytest.mark.parametrize(
    ("events", "threshold", "namespace", "error"),
    [
        ([], None, None, HookEventsMissing),
        (["release.published"] * 60, None, None, None),
        ([f"release.x{number}" for number in range(60)], None, None, HookEventsMissing),
        (["release.unknown"], None, None, HookEventUnknown),
        (["\x1b[31m"], None, None, HookEventUnknown),
        (["*"], None, None, HookEventUnknown),
        (["webhook.test"], None, None, HookEventUnknown),
        (["credits.threshold_hit"], None, None, HookThresholdNotAcceptable),
        (["credits.threshold_hit"], 0, None, HookThresholdNotAcceptable),
        (["credits.threshold_hit"], -5, None, HookThresholdNotAcceptable),
        (["credits.threshold_hit"], 10**19, None, HookThresholdNotAcceptable),
        (["credits.exhausted"], 5, None, HookThresholdNotAcceptable),
        (["credits.exhausted"], None, "bob", HookEventNotHere),
        (["run.*"], None, "bob", HookEventNotHere),
        (["invocation.*", "payout.paid"], None, None, None),
    ],
)
def test_only_events_that_there_are_can_be_asked_for(
    yard: Yard, events: Sequence[str], threshold: int | None, namespace: str | None, error: type[SkillyardError] | None
) -> None:
    if error is None:
        assert yard.hook(*events, threshold=threshold).hook.events == tuple(dict.fromkeys(events))
        return
    with pytest.raises(error) as refusal:
        yard.hook(*events, threshold=threshold, namespace=namespace)
    assert refusal.value.message.isprintable()


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://example.com/in", AddressNotAllowed),
        ("https://10.0.0.1/in", AddressNotAllowed),
        ("https://169.254.169.254/latest/meta-data", AddressNotAllowed),
        ("https://[::1]/in", AddressNotAllowed),
        ("https://user:pass@example.com/in", AddressNotAllowed),
        ("file:///etc/passwd", AddressNotAllowed),
        ("https://internal.example/in", AddressNotAllowed),
        ("https://nowhere.example/in", HookAddressNotAcceptable),
        ("https://example.com/\r\nx: y", AddressNotAllowed),
        ("https://example.com/" + "x" * 3000, AddressNotAllowed),
    ],
)
def test_addresses_that_are_not_for_us_to_call_are_refused(yard: Yard, url: str, error: type[SkillyardError]) -> None:
    names = {"internal.example": ["192.168.1.1"], "example.com": ["93.184.216.34"]}

    def resolver(host: str) -> list[str]:
        if host not in names:
            raise OSError
        return names[host]

    app = replace(yard.app, outbound=Outbound(resolver=resolver))
    with pytest.raises(error):
        add_hook(app, yard.bob, url=url, events=["release.published"])
    assert list_hooks(app, yard.bob) == []
    made = add_hook(app, yard.bob, url="https://example.com/in", events=["release.published"])
    with pytest.raises(error):
        change_hook(app, yard.bob, hook_id=made.hook.id, url=url)


def test_a_webhook_is_seen_by_nobody_else(yard: Yard) -> None:
    made = yard.hook("release.published")
    for act in (get_hook, remove_hook, change_hook):
        with pytest.raises(HookNotFound):
            act(yard.app, yard.eve, hook_id=made.hook.id)
        with pytest.raises(Unauthenticated):
            act(yard.app, ANONYMOUS, hook_id=made.hook.id)
        with pytest.raises(ScopeMissing):
            act(yard.app, replace(yard.bob, scopes=frozenset({Scope.READ})), hook_id=made.hook.id)
    with pytest.raises(HookNotFound):
        get_hook(yard.app, yard.bob, hook_id="hook_\x00")
    assert list_hooks(yard.app, yard.eve) == []
    assert [hook.id for hook in list_hooks(yard.app, yard.bob)] == [made.hook.id]


def test_webhooks_of_a_namespace_are_for_its_maintainers(yard: Yard) -> None:
    bob = an_organization(yard.app, yard.bob)
    made = yard.hook("release.*", by=bob, namespace="acme")
    set_member(yard.app, bob, namespace="acme", username="eve", role=Role.READER)
    with pytest.raises(RoleTooLow):
        list_hooks(yard.app, again(yard.app, yard.eve), namespace="acme")
    with pytest.raises(RoleTooLow):
        remove_hook(yard.app, again(yard.app, yard.eve), hook_id=made.hook.id)
    with pytest.raises(NamespaceNotFound):
        list_hooks(yard.app, yard.ada, namespace="acme")
    set_member(yard.app, bob, namespace="acme", username="eve", role=Role.MAINTAINER)
    eve = again(yard.app, yard.eve)
    assert [hook.id for hook in list_hooks(yard.app, eve, namespace="acme")] == [made.hook.id]
    changed = change_hook(yard.app, eve, hook_id=made.hook.id, events=["advisory.issued"])
    assert changed.owner_id == eve.user_id, "who changes where it goes answers for what is told"
    remove_member(yard.app, bob, namespace="acme", username="eve")
    with pytest.raises(HookNotFound):
        get_hook(yard.app, again(yard.app, yard.eve), hook_id=made.hook.id)
    assert remove_hook(yard.app, bob, hook_id=made.hook.id).id == made.hook.id


def test_a_change_leaves_the_rest_as_it_was(yard: Yard) -> None:
    made = yard.hook("credits.threshold_hit", threshold=10).hook
    changed = change_hook(yard.app, yard.bob, hook_id=made.id, url=f"{yard.receiver.url}/other")
    assert (changed.events, changed.threshold) == (("credits.threshold_hit",), 10)
    changed = change_hook(yard.app, yard.bob, hook_id=made.id, threshold=20)
    assert (changed.events, changed.threshold) == (("credits.threshold_hit",), 20)
    with pytest.raises(HookThresholdNotAcceptable):
        change_hook(yard.app, yard.bob, hook_id=made.id, events=["run.ended"], threshold=20)
    changed = change_hook(yard.app, yard.bob, hook_id=made.id, events=["run.ended"])
    assert (changed.events, changed.threshold, changed.url) == (("run.ended",), None, f"{yard.receiver.url}/other")
    assert changed == yard.again(changed)


def test_there_is_a_most_of_them(yard: Yard) -> None:
    for _ in range(MOST_HOOKS):
        yard.hook("release.published")
    with pytest.raises(TooManyHooks):
        yard.hook("release.published")
    remove_hook(yard.app, yard.bob, hook_id=list_hooks(yard.app, yard.bob)[0].id)
    yard.hook("release.published")
