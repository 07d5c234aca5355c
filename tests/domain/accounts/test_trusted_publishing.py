"""Trusted publishing from end to end below the surfaces: real ID tokens, both databases, and who tries to sneak in."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts import exchange, jobs
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.errors import (
    IdTokenUsedBefore,
    NamespaceNotFound,
    NotAcceptable,
    NoTrustedPublisher,
    PublisherExists,
    PublisherNotFound,
    PublisherSuspended,
    RoleTooLow,
    ScopesTooWide,
    SeveralPublishers,
    TokenExpired,
    TokenForOneSkill,
    TokenForPublishing,
    TokenNotValid,
    TokenTooNarrow,
    TooManySignIns,
)
from skillyard.domain.accounts.issuers import GITHUB_ISSUER, GITLAB_ISSUER, known_issuers
from skillyard.domain.accounts.members import set_member
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.people import get_me, suspend_user
from skillyard.domain.accounts.publisher import PublisherToken, TrustedPublisher
from skillyard.domain.accounts.rights import RIGHTS, Role, Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.accounts.trusted_publishers import add_publisher, list_publishers, remove_publisher
from skillyard.domain.registry.model import Wish
from skillyard.domain.registry.publish import publish, rehearse
from skillyard.domain.registry.releases import get_release
from skillyard.domain.registry.uploads import start_upload
from skillyard.domain.registry.yank import yank
from skillyard.infra.clock import SystemClock
from skillyard.infra.errors import Forbidden, SkillyardError
from skillyard.infra.events import read_after
from skillyard.infra.id_tokens import IdTokenNotValid
from skillyard.skill.names import SkillName
from tests.identity_provider import GITHUB_CLAIMS, GITHUB_JOB, IdentityProvider
from tests.makers import a_person, a_release, a_skill_archive, again, an_organization, make_app

US = "http://127.0.0.1:8400"


class Later:
    """The real clock, moved on."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now_ms(self) -> int:
        return SystemClock().now_ms() + self.ahead_ms


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, tmp_path: Path, ci_system: IdentityProvider, later: Later) -> Iterator[App]:
    urls = {"database_url": request.getfixturevalue("postgres_url")} if request.param == "postgresql" else {}
    app = make_app(
        tmp_path,
        clock=later,
        trusted_issuers=f"github={ci_system.issuer}",
        outbound_http_loopback=True,
        logins_per_minute=1000,
        **urls,
    )
    yield app
    app.close()


@pytest.fixture
def ada(app: App) -> Caller:
    return an_organization(app, a_person(app, "ada"), "acme")


@pytest.fixture
def trusted(app: App, ada: Caller, ci_system: IdentityProvider) -> TrustedPublisher:
    return trust(app, ada, ci_system)


def trust(
    app: App,
    owner: Caller,
    issuer: IdentityProvider,
    *,
    namespace: str = "acme",
    slug: str | None = None,
    **claims: str,
) -> TrustedPublisher:
    wanted = {**GITHUB_CLAIMS, **claims}
    return add_publisher(app, owner, namespace=namespace, issuer=issuer.issuer, claims=wanted, slug=slug)


def swap(app: App, token: str, target: str | None = "acme/pdf") -> PublisherToken:
    return exchange.exchange_id_token(app, token=token, target=target, address="192.0.2.1")


def job(app: App, ci_system: IdentityProvider, *, target: str | None = "acme/pdf", **changed: Any) -> Caller:
    return authenticate(app, swap(app, ci_system.token(US, **changed), target).secret)


def send(app: App, caller: Caller, name: str = "acme/pdf", version: str = "1.0.0") -> Any:
    wish = Wish(name=SkillName.parse(name))
    return publish(app, caller, wish, io.BytesIO(a_skill_archive(wish.name.slug, version))).release


def test_a_job_publishes_and_the_release_says_how(
    app: App, ada: Caller, trusted: TrustedPublisher, ci_system: IdentityProvider
) -> None:
    release = send(app, job(app, ci_system))
    assert release.published_by == "acme/skills (GitHub Actions)"
    read = get_release(app, ada, name=SkillName.parse("acme/pdf"), version="1.0.0")
    assert read.provenance is not None
    assert read.provenance.issuer == ci_system.issuer
    assert read.provenance.repository == "acme/skills"
    assert read.provenance.workflow == GITHUB_JOB["workflow_ref"]
    assert read.provenance.commit == GITHUB_JOB["sha"]
    assert read.provenance.run_id == "90210"
    assert a_release(app, ada, "acme/other").provenance is None


def test_what_happened_is_on_record(
    app: App, ada: Caller, trusted: TrustedPublisher, ci_system: IdentityProvider
) -> None:
    send(app, job(app, ci_system))
    remove_publisher(app, ada, namespace="acme", publisher_id=trusted.id)
    with app.database.reading() as tx:
        events = {event.kind: event.data for event in read_after(tx, 0)}
    assert events["trusted_publisher.added"]["by"] == "ada"
    assert events["trusted_publisher.added"]["issuer"] == ci_system.issuer
    assert events["trusted_publisher.used"]["run_id"] == "90210"
    assert events["release.published"]["by"] == "acme/skills (GitHub Actions)"
    assert events["trusted_publisher.removed"]["publisher_id"] == trusted.id


def test_the_token_publishes_for_a_quarter_of_an_hour(
    app: App, trusted: TrustedPublisher, ci_system: IdentityProvider, later: Later
) -> None:
    token = swap(app, ci_system.token(US))
    later.ahead_ms = 14 * 60_000
    authenticate(app, token.secret)
    later.ahead_ms = 16 * 60_000
    with pytest.raises(TokenExpired):
        authenticate(app, token.secret)
    later.ahead_ms = 3 * 24 * 3600_000
    jobs.forget_expired_sign_ins(app)
    with pytest.raises(TokenNotValid):
        authenticate(app, token.secret)


def test_the_token_publishes_the_one_skill_and_does_nothing_else(
    app: App, ada: Caller, trusted: TrustedPublisher, ci_system: IdentityProvider
) -> None:
    caller = job(app, ci_system)
    send(app, caller)
    for refused in (
        lambda: send(app, caller, "acme/other"),
        lambda: start_upload(app, caller, Wish(name=SkillName.parse("acme/other")), sha256="0" * 64, size_bytes=9),
        lambda: rehearse(app, caller, Wish(name=SkillName.parse("acme/other")), io.BytesIO(b"")),
    ):
        with pytest.raises(TokenForOneSkill):
            refused()
    with pytest.raises(NamespaceNotFound):
        send(app, caller, "ada/pdf")
    for refused in (
        lambda: yank(app, caller, name=SkillName.parse("acme/pdf"), version="1.0.0", reason="no"),
        lambda: list_publishers(app, caller, namespace="acme"),
        lambda: create_token(app, caller, name="more", scopes=[Scope.PUBLISH]),
        lambda: get_me(app, caller),
    ):
        with pytest.raises((TokenForPublishing, ScopesTooWide)):
            refused()


def test_publishing_is_the_only_right_of_a_trusted_publisher(
    app: App, trusted: TrustedPublisher, ci_system: IdentityProvider
) -> None:
    caller = job(app, ci_system)
    assert [right for right in RIGHTS if caller.may(right, on="acme/pdf")] == ["publish"]
    assert not caller.may("publish", on="acme")
    assert caller.namespaces_with("read") == frozenset()


def test_a_publisher_of_a_namespace_gets_a_token_for_what_it_names(
    app: App, trusted: TrustedPublisher, ci_system: IdentityProvider
) -> None:
    whole = job(app, ci_system, target="acme")
    send(app, whole, "acme/one")
    send(app, whole, "acme/two")
    assert job(app, ci_system, target=None).token_skills is None


def test_a_publisher_of_one_skill_cannot_have_another(app: App, ada: Caller, ci_system: IdentityProvider) -> None:
    trust(app, ada, ci_system, slug="pdf")
    assert job(app, ci_system, target=None).token_skills == {"acme/pdf"}
    for target in ("acme/other", "acme", "ada/pdf", "ada"):
        with pytest.raises(NoTrustedPublisher):
            job(app, ci_system, target=target)


def test_a_token_that_fits_several_must_name_its_skill(app: App, ada: Caller, ci_system: IdentityProvider) -> None:
    trust(app, ada, ci_system, slug="pdf")
    trust(app, ada, ci_system, slug="text")
    with pytest.raises(SeveralPublishers, match="acme/pdf, acme/text"):
        job(app, ci_system, target=None)
    send(app, job(app, ci_system, target="acme/text"), "acme/text")


def test_an_id_token_is_good_once(app: App, trusted: TrustedPublisher, ci_system: IdentityProvider) -> None:
    token = ci_system.token(US)
    swap(app, token)
    with pytest.raises(IdTokenUsedBefore):
        swap(app, token)
    swap(app, ci_system.token(US, jti="again"))
    with pytest.raises(IdTokenUsedBefore):
        swap(app, ci_system.token(US, jti="again"), None)


def test_of_many_who_bring_one_token_at_once_one_gets_through(
    app: App, trusted: TrustedPublisher, ci_system: IdentityProvider
) -> None:
    token = ci_system.token(US)

    def attempt(_: int) -> bool:
        try:
            return bool(swap(app, token))
        except IdTokenUsedBefore:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_a_refused_token_is_not_used_up(app: App, ada: Caller, ci_system: IdentityProvider) -> None:
    token = ci_system.token(US)
    with pytest.raises(NoTrustedPublisher):
        swap(app, token)
    trust(app, ada, ci_system)
    swap(app, token)


def test_used_ids_are_kept_until_nobody_could_use_them_again(
    app: App, trusted: TrustedPublisher, ci_system: IdentityProvider, later: Later
) -> None:
    token = ci_system.token(US, expires_in=600)
    swap(app, token)
    for ahead_s in (590, 655):
        later.ahead_ms = ahead_s * 1000
        jobs.forget_expired_sign_ins(app)
        with pytest.raises(IdTokenUsedBefore):
            swap(app, token)
    later.ahead_ms = 670_000
    jobs.forget_expired_sign_ins(app)
    with pytest.raises(IdTokenNotValid):
        swap(app, token)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"repository": "evil/skills"}, "repository"),
        ({"repository": "acme/skills2"}, "repository"),
        ({"repository": "Acme/Skills"}, "repository"),
        ({"repository": "acme/skills "}, "repository"),
        ({"repository": "аcme/skills"}, "repository"),  # noqa: RUF001 (a Cyrillic letter)
        ({"repository": ["acme/skills"]}, "repository"),
        ({"repository": {"acme/skills": 1}}, "repository"),
        ({"repository": None, "Repository": "acme/skills", "repository ": "acme/skills"}, "repository"),
        ({"workflow_ref": "acme/skills/.github/workflows/other.yml@refs/tags/v1.0.0"}, "workflow_ref"),
        ({"workflow_ref": "acme/skills/.github/workflows/release.yml"}, "workflow_ref"),
        ({"workflow_ref": "acme/skills/.github/workflows/release.yml@evil.yml@refs/heads/main"}, "workflow_ref"),
        ({"workflow_ref": "evil/skills/.github/workflows/release.yml@refs/heads/main"}, "workflow_ref"),
        ({"workflow": "acme/skills/.github/workflows/release.yml", "workflow_ref": None}, "workflow_ref"),
        ({"environment": "staging"}, "environment"),
        ({"environment": "Production"}, "environment"),
        ({"environment": None}, "environment"),
        ({"environment": "staging", "workflow_ref": "x"}, "workflow_ref, environment"),
    ],
)  # fmt: skip
def test_what_does_not_match_is_named_and_not_shown(
    app: App, ada: Caller, ci_system: IdentityProvider, changed: dict[str, Any], named: str
) -> None:
    trust(app, ada, ci_system, environment="production")
    with pytest.raises(NoTrustedPublisher) as refused:
        job(app, ci_system, **changed)
    assert refused.value.facts["claims"] == named
    told = f"{refused.value.message} {refused.value.advice} {refused.value.facts}"
    assert "evil" not in told
    assert "staging" not in told
    assert "eyJ" not in told
    assert "skillyard trust list" in told


def test_whether_a_namespace_trusts_anybody_is_not_told_to_strangers(
    app: App, ada: Caller, trusted: TrustedPublisher, ci_system: IdentityProvider
) -> None:
    stranger = {"repository": "eve/probe", "workflow_ref": "eve/probe/.github/workflows/a.yml@refs/heads/main"}
    told = set()
    for target in ("acme/pdf", "ada/pdf", "nobody/pdf"):
        with pytest.raises(NoTrustedPublisher) as refused:
            job(app, ci_system, target=target, **stranger)
        told.add(refused.value.message.replace(target, "…"))
    assert len(told) == 1


def test_a_workflow_at_a_ref_counts_at_that_ref_only(app: App, ada: Caller, ci_system: IdentityProvider) -> None:
    path = GITHUB_CLAIMS["workflow_ref"]
    trust(app, ada, ci_system, workflow_ref=f"{path}@refs/heads/main")
    job(app, ci_system, workflow_ref=f"{path}@refs/heads/main")
    with pytest.raises(NoTrustedPublisher, match="workflow_ref"):
        job(app, ci_system, workflow_ref=f"{path}@refs/heads/main2")


def test_a_repository_that_somebody_else_made_anew_under_the_old_name_is_refused(
    app: App, trusted: TrustedPublisher, ada: Caller, ci_system: IdentityProvider
) -> None:
    """The owner deletes the account; another registers its name, makes the repository, copies the workflow."""
    job(app, ci_system)
    (known,) = list_publishers(app, ada, namespace="acme").items
    assert known.lasting == {"repository_id": "4711", "repository_owner_id": "42"}
    assert known.last_used_ms is not None
    for changed in ({"repository_owner_id": "666"}, {"repository_id": "666"}, {"repository_owner_id": None}):
        with pytest.raises(NoTrustedPublisher) as refused:
            job(app, ci_system, **changed)
        assert refused.value.facts["claims"] == next(iter(changed))
    job(app, ci_system)


def test_an_owner_can_name_the_lasting_ids_beforehand(app: App, ada: Caller, ci_system: IdentityProvider) -> None:
    trust(app, ada, ci_system, repository_owner_id="42")
    with pytest.raises(NoTrustedPublisher, match="repository_owner_id"):
        job(app, ci_system, repository_owner_id="666")
    job(app, ci_system)


def test_a_renamed_repository_must_be_trusted_anew(
    app: App, trusted: TrustedPublisher, ci_system: IdentityProvider
) -> None:
    job(app, ci_system)
    with pytest.raises(NoTrustedPublisher, match="repository"):
        job(app, ci_system, repository="acme/renamed")


def test_of_two_first_uses_at_once_with_different_ids_one_counts(
    app: App, trusted: TrustedPublisher, ci_system: IdentityProvider
) -> None:
    tokens = [ci_system.token(US, repository_owner_id=str(number)) for number in range(6)]

    def attempt(token: str) -> bool:
        try:
            return bool(swap(app, token))
        except NoTrustedPublisher:
            return False

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, tokens)) == 1


def test_a_token_is_void_when_the_publisher_is_removed(
    app: App, ada: Caller, trusted: TrustedPublisher, ci_system: IdentityProvider
) -> None:
    token = swap(app, ci_system.token(US))
    removed = remove_publisher(app, ada, namespace="acme", publisher_id=trusted.id)
    assert removed.id == trusted.id
    with pytest.raises(TokenNotValid):
        authenticate(app, token.secret)
    with pytest.raises(NoTrustedPublisher):
        swap(app, ci_system.token(US))
    with pytest.raises(PublisherNotFound):
        remove_publisher(app, ada, namespace="acme", publisher_id=trusted.id)


def test_a_publisher_outlives_who_added_it_but_not_the_last_owner(
    app: App, ada: Caller, ci_system: IdentityProvider
) -> None:
    bob = a_person(app, "bob")
    bobs = an_organization(app, bob, "bobs")
    trust(app, bobs, ci_system, namespace="bobs")
    token = swap(app, ci_system.token(US), "bobs/pdf")
    suspend_user(app, ada, username="bob")
    with pytest.raises(PublisherSuspended):
        authenticate(app, token.secret)
    with pytest.raises(PublisherSuspended):
        swap(app, ci_system.token(US), "bobs/pdf")


def test_a_publisher_of_another_namespace_cannot_be_removed_or_seen(
    app: App, trusted: TrustedPublisher, ci_system: IdentityProvider
) -> None:
    eve = an_organization(app, a_person(app, "eve"), "evil")
    with pytest.raises(PublisherNotFound):
        remove_publisher(app, eve, namespace="evil", publisher_id=trusted.id)
    with pytest.raises(NamespaceNotFound):
        list_publishers(app, eve, namespace="acme")
    with pytest.raises(NamespaceNotFound):
        trust(app, eve, ci_system)


def test_only_owners_with_full_access_may_trust(app: App, ada: Caller, ci_system: IdentityProvider) -> None:
    bob = a_person(app, "bob")
    set_member(app, ada, namespace="acme", username="bob", role=Role.MAINTAINER)
    with pytest.raises(RoleTooLow):
        trust(app, again(app, bob), ci_system)
    narrow = create_token(app, ada, name="ci", scopes=[Scope.MANAGE, Scope.READ])
    with pytest.raises(TokenTooNarrow):
        trust(app, authenticate(app, narrow.secret), ci_system)


def test_the_same_publisher_twice_is_a_conflict(app: App, ada: Caller, ci_system: IdentityProvider) -> None:
    trust(app, ada, ci_system, slug="pdf")
    trust(app, ada, ci_system)
    with pytest.raises(PublisherExists):
        trust(app, ada, ci_system, slug="pdf")


def test_all_faults_of_a_publisher_come_at_once(app: App, ada: Caller, ci_system: IdentityProvider) -> None:
    claims = {"aud": "x", "Rep ository": "a", "environment": "a\nb", "ref": ""}
    with pytest.raises(NotAcceptable) as refused:
        add_publisher(app, ada, namespace="acme", issuer=ci_system.issuer, claims=claims, slug="Bad Slug")
    assert len(refused.value.faults) >= 7
    assert all(fault["hint"] for fault in refused.value.faults)
    with pytest.raises(NotAcceptable, match="does not trust"):
        add_publisher(app, ada, namespace="acme", issuer="https://evil.example", claims=GITHUB_CLAIMS)


def test_a_target_that_is_no_name_is_refused_before_anybody_is_asked(app: App, ci_system: IdentityProvider) -> None:
    for target in ("", "/", "a/b/c", "../x", "A", "acme/\x1b[2J"):
        with pytest.raises(SkillyardError) as refused:
            swap(app, ci_system.token(US), target)
        assert isinstance(refused.value, NotAcceptable)


def test_too_many_attempts_from_one_address_have_to_wait(tmp_path: Path) -> None:
    app = make_app(tmp_path, logins_per_minute=2)
    for _ in range(2):
        with pytest.raises(IdTokenNotValid):
            swap(app, "a.b.c")
    with pytest.raises(TooManySignIns):
        swap(app, "a.b.c")
    app.close()


def test_a_made_up_token_of_the_right_shape_is_not_valid(app: App) -> None:
    from skillyard.infra.ids import new_secret

    with pytest.raises(TokenNotValid):
        authenticate(app, new_secret("sky_tp"))
    with pytest.raises(TokenNotValid):
        authenticate(app, "sky_tp_x")


def test_issuers_of_the_operator_stand_beside_the_known_ones() -> None:
    issuers = known_issuers(
        "https://login.example.org, gitlab=https://gitlab.example.org github=https://ghe.example/_services/token"
    )
    assert issuers[GITHUB_ISSUER].name == "GitHub Actions"
    assert issuers[GITLAB_ISSUER].name == "GitLab CI"
    assert issuers["https://gitlab.example.org"].name == "GitLab CI"
    assert issuers["https://ghe.example/_services/token"].name == "GitHub Actions"
    assert issuers["https://login.example.org"].name == "login.example.org"
    with pytest.raises(ValueError, match="no address"):
        known_issuers("login.example.org")


def test_any_issuer_of_the_operator_is_known_by_its_claims(tmp_path: Path, ci_system: IdentityProvider) -> None:
    app = make_app(tmp_path, trusted_issuers=ci_system.issuer, outbound_http_loopback=True)
    ada = a_person(app, "ada")
    claims = {"sub": "robot-7", "team": "docs"}
    add_publisher(app, ada, namespace="ada", issuer=ci_system.issuer, claims=claims)
    token = ci_system.token(US, {"sub": "robot-7", "team": "docs", "extra": "x"})
    release = send(app, authenticate(app, swap(app, token, "ada/pdf").secret), "ada/pdf")
    assert release.published_by == "sub=robot-7, team=docs (127.0.0.1)"
    for wrong in ({"sub": "robot-8", "team": "docs"}, {"sub": "robot-7"}, {"sub": "robot-7", "team": ["docs"]}):
        with pytest.raises(Forbidden):
            swap(app, ci_system.token(US, wrong), "ada/pdf")
    app.close()
