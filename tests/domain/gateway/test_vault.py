"""The vault: what goes in comes out for its owner's calls only, and stands nowhere in clear."""

from __future__ import annotations

import base64
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.errors import ScopeMissing
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.gateway.errors import (
    CredentialLabelNotAcceptable,
    CredentialMissing,
    CredentialNotForScripts,
    CredentialNotFound,
    ProviderNotAcceptable,
    SecretNotAcceptable,
    TooManyCredentials,
)
from skillyard.domain.gateway.jobs import forget_old_uses, rotate_vault_keys
from skillyard.domain.gateway.rules import MOST_CREDENTIALS
from skillyard.domain.gateway.vault import (
    add_credential,
    count_by_key,
    list_credentials,
    list_uses,
    remove_credential,
    use_credential,
    variable_of,
)
from skillyard.infra.clock import FixedClock
from skillyard.infra.envelope import Secret, SecretNotReadable
from skillyard.infra.events import read_after
from tests.makers import a_person, make_app

TEXT = "sk-proj-0123456789abcdefghij"


def a_key(name: str) -> str:
    return f"{name}={base64.b64encode(os.urandom(32)).decode()}"


def everything(app: App) -> str:
    """All rows of all tables, as text."""
    with app.database.reading() as tx:
        names = [row["name"] for row in tx.all("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return "\n".join(str(dict(row)) for name in names for row in tx.all(f"SELECT * FROM {name}"))


def keys_in_use(app: App) -> dict[str, int]:
    with app.database.reading() as tx:
        return count_by_key(tx)


def test_a_stored_secret_is_used_by_its_owner_alone_and_each_use_is_noted(each_app: App) -> None:
    ada, eve = a_person(each_app), a_person(each_app, "eve")
    made = add_credential(each_app, ada, provider="openai", secret=Secret(TEXT), label="team")
    user_id, _ = ada.identity
    assert use_credential(each_app, user_id, "openai", "sinv_1").reveal() == TEXT
    assert use_credential(each_app, user_id, "openai", "sinv_2").reveal() == TEXT
    with pytest.raises(CredentialMissing):
        use_credential(each_app, eve.identity[0], "openai", "sinv_3")
    assert [use.why for use in list_uses(each_app, ada, credential_id=made.id).items] == ["sinv_2", "sinv_1"]
    (listed,) = list_credentials(each_app, ada)
    assert (listed.id, listed.label, listed.last_used_ms is not None) == (made.id, "team", True)
    assert list_credentials(each_app, eve) == []


def test_the_secret_stands_nowhere_in_clear(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    ada = a_person(app)
    add_credential(app, ada, provider="openai", secret=Secret(TEXT))
    use_credential(app, ada.identity[0], "openai", "sinv_1")
    rows = everything(app)
    for shape in (TEXT, TEXT.encode().hex(), base64.b64encode(TEXT.encode()).decode()[:20], TEXT[8:]):
        assert shape not in rows
    app.close()
    for path in (tmp_path / "data").rglob("*"):
        assert path.is_dir() or TEXT.encode() not in path.read_bytes(), path


def test_events_tell_of_it_without_the_secret(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    ada = a_person(app)
    made = add_credential(app, ada, provider="openai", secret=Secret(TEXT), label="my label")
    remove_credential(app, ada, credential_id=made.id)
    with app.database.reading() as tx:
        told = [event for event in read_after(tx, 0) if event.kind.startswith("credential.")]
    assert [event.kind for event in told] == ["credential.added", "credential.removed"]
    assert TEXT not in str(told)
    app.close()


def test_a_new_secret_takes_the_place_of_the_old_one(each_app: App) -> None:
    ada = a_person(each_app)
    old = add_credential(each_app, ada, provider="openai", secret=Secret(TEXT))
    new = add_credential(each_app, ada, provider="openai", secret=Secret(TEXT[::-1]))
    assert [one.id for one in list_credentials(each_app, ada)] == [new.id] != [old.id]
    assert use_credential(each_app, ada.identity[0], "openai", "x").reveal() == TEXT[::-1]


def test_a_removed_one_is_gone_and_nobody_else_removes_it(each_app: App) -> None:
    ada, eve = a_person(each_app), a_person(each_app, "eve")
    made = add_credential(each_app, ada, provider="openai", secret=Secret(TEXT))
    for stranger in (remove_credential, list_uses):
        with pytest.raises(CredentialNotFound):
            stranger(each_app, eve, credential_id=made.id)
    remove_credential(each_app, ada, credential_id=made.id)
    with pytest.raises(CredentialMissing):
        use_credential(each_app, ada.identity[0], "openai", "x")
    for nothing in (made.id, "", "x\0y", "\ud800"):
        with pytest.raises(CredentialNotFound):
            remove_credential(each_app, ada, credential_id=nothing)


def test_scripts_of_others_get_it_only_where_its_owner_said_so(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    ada = a_person(app)
    user_id, _ = ada.identity
    add_credential(app, ada, provider="openai", secret=Secret(TEXT))
    add_credential(app, ada, provider="github", secret=Secret(TEXT), for_scripts=True)
    assert use_credential(app, user_id, "openai", "own").reveal() == TEXT
    with pytest.raises(CredentialNotForScripts):
        use_credential(app, user_id, "openai", "foreign", by_another=True)
    assert use_credential(app, user_id, "github", "foreign", by_another=True).reveal() == TEXT
    openai = next(one for one in list_credentials(app, ada) if one.provider == "openai")
    assert [use.why for use in list_uses(app, ada, credential_id=openai.id).items] == ["own"]
    app.close()


@pytest.mark.parametrize(
    "provider", ["", "Open AI", "-x", "x-", "a" * 65, "a--b", "con", "ope\nnai", "ope\0nai", "../x", "öpenai"]
)
def test_names_of_services_are_plain(tmp_path: Path, provider: str) -> None:
    app = make_app(tmp_path)
    with pytest.raises(ProviderNotAcceptable):
        add_credential(app, a_person(app), provider=provider, secret=Secret(TEXT))
    app.close()


@pytest.mark.parametrize("text", ["", "short", "x" * 8001, "zero\0byte-here", "escape\x1b[31m-here", "half\ud800here"])
def test_secrets_that_make_no_sense_are_refused_without_showing_them(tmp_path: Path, text: str) -> None:
    app = make_app(tmp_path)
    with pytest.raises(SecretNotAcceptable) as refused:
        add_credential(app, a_person(app), provider="openai", secret=Secret(text))
    assert not text or text[:6] not in f"{refused.value.message} {refused.value.facts}"
    with pytest.raises(CredentialLabelNotAcceptable):
        add_credential(app, a_person(app, "eve"), provider="openai", secret=Secret(TEXT), label="\x1b[31m")
    app.close()


def test_one_person_has_so_many_at_most_however_many_they_send_at_once(each_app: App) -> None:
    ada = a_person(each_app)
    for number in range(MOST_CREDENTIALS - 1):
        add_credential(each_app, ada, provider=f"service-{number}", secret=Secret(TEXT))

    def add(number: int) -> str:
        try:
            return add_credential(each_app, ada, provider=f"more-{number}", secret=Secret(TEXT)).id
        except TooManyCredentials as refused:
            return refused.code

    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(add, range(8)))
    assert ends.count("too_many_credentials") == 7
    assert len(list_credentials(each_app, ada)) == MOST_CREDENTIALS
    add_credential(each_app, ada, provider="service-0", secret=Secret(TEXT))


def test_a_narrow_token_neither_stores_nor_removes_and_one_without_read_sees_none(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    ada = a_person(app)
    made = add_credential(app, ada, provider="openai", secret=Secret(TEXT))
    token = create_token(app, ada, name="narrow", scopes=[Scope.READ, Scope.PUBLISH], expires_in_days=1)
    narrow = authenticate(app, token.secret)
    assert [one.id for one in list_credentials(app, narrow)] == [made.id]
    with pytest.raises(ScopeMissing):
        add_credential(app, narrow, provider="x", secret=Secret(TEXT))
    with pytest.raises(ScopeMissing):
        remove_credential(app, narrow, credential_id=made.id)
    app.close()


def test_a_row_copied_to_another_owner_does_not_open(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    ada, eve = a_person(app), a_person(app, "eve")
    add_credential(app, ada, provider="openai", secret=Secret(TEXT))
    with app.database.transaction() as tx:
        tx.run("UPDATE credentials SET owner_id = ?", eve.identity[0])
    with pytest.raises(SecretNotReadable):
        use_credential(app, eve.identity[0], "openai", "theft")
    app.close()


def test_keys_rotate_without_anybody_storing_anew(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    ada = a_person(app)
    user_id, _ = ada.identity
    for number in range(3):
        add_credential(app, ada, provider=f"service-{number}", secret=Secret(f"{TEXT}-{number}"))
    assert keys_in_use(app) == {"database": 3}
    app.close()
    old, new = a_key("2026"), a_key("2027")
    for keys, current in ((old, "2026"), (f"{new} {old}", "2027")):
        app = make_app(tmp_path, vault_keys=keys)
        assert use_credential(app, user_id, "service-1", "before").reveal() == f"{TEXT}-1"
        rotate_vault_keys(app)
        assert keys_in_use(app) == {current: 3}
        app.close()
    app = make_app(tmp_path, vault_keys=new)
    assert use_credential(app, user_id, "service-2", "after").reveal() == f"{TEXT}-2"
    app.close()


def test_a_record_whose_key_is_missing_waits_for_it_and_keeps_no_other_from_rotating(tmp_path: Path) -> None:
    lost, new = a_key("lost"), a_key("new")
    app = make_app(tmp_path, vault_keys=lost)
    ada = a_person(app)
    add_credential(app, ada, provider="one", secret=Secret(TEXT))
    app.close()
    app = make_app(tmp_path)
    add_credential(app, ada, provider="two", secret=Secret(TEXT))
    app.close()
    app = make_app(tmp_path, vault_keys=new)
    rotate_vault_keys(app)
    assert keys_in_use(app) == {"lost": 1, "new": 1}
    with pytest.raises(SecretNotReadable, match="lost"):
        use_credential(app, ada.identity[0], "one", "x")
    app.close()
    app = make_app(tmp_path, vault_keys=f"{new} {lost}")
    rotate_vault_keys(app)
    assert keys_in_use(app) == {"new": 2}
    app.close()


def test_old_uses_are_forgotten(tmp_path: Path) -> None:
    clock = FixedClock()
    app = make_app(tmp_path, clock=clock)
    ada = a_person(app)
    made = add_credential(app, ada, provider="openai", secret=Secret(TEXT))
    use_credential(app, ada.identity[0], "openai", "long ago")
    clock.move(seconds=300 * 24 * 3600)
    use_credential(app, ada.identity[0], "openai", "lately")
    clock.move(seconds=200 * 24 * 3600)
    forget_old_uses(app)
    with app.database.reading() as tx:
        assert [row["why"] for row in tx.all("SELECT why FROM credential_uses")] == ["lately"]
    assert made.last_used_ms is None
    app.close()


def test_scripts_find_a_key_under_the_services_name() -> None:
    assert variable_of("openai") == "OPENAI_API_KEY"
    assert variable_of("open-ai-2") == "OPEN_AI_2_API_KEY"
