"""Doctor finds what is wrong and says what to do."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

from skillyard.domain.gateway.catalog.integration_file import read_integration
from skillyard.domain.gateway.catalog.lookup import keep_integration
from skillyard.domain.gateway.jobs import rotate_vault_keys
from skillyard.domain.gateway.vault import add_credential
from skillyard.domain.payments.credits import grant_credits
from skillyard.infra.envelope import Secret
from skillyard.operate.doctor import Finding, examine
from skillyard.settings import Settings
from tests.domain.gateway.test_integration_file import SMALL
from tests.makers import a_person, a_release, make_app
from tests.peers.llm.server import LlmPeer
from tests.peers.oidc.providers import Lenient


def found(settings: Settings) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine(settings)}


def test_a_healthy_instance_is_all_ok(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    a_release(app, a_person(app))
    findings = found(app.settings)
    assert {finding.state for check, finding in findings.items() if check != "disk"} == {"ok"}
    assert {"data directory", "database", "clock", "blobs", "archives", "jobs"} <= set(findings)
    assert [blob.sha256 for blob in app.blobs.list()], "the probe is removed, the archives are not"
    app.close()


def test_a_missing_archive_is_an_error_that_names_its_digest(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    release = a_release(app, a_person(app))
    app.blobs.remove(release.archive.sha256)
    finding = found(app.settings)["archives"]
    assert finding.state == "error"
    assert release.archive.sha256 in finding.detail
    assert "backup" in finding.hint
    app.close()


def test_a_database_that_is_not_there_is_an_error_with_a_hint(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1")
    findings = found(settings)
    assert any(finding.state == "error" and finding.hint for finding in findings.values())


def test_an_address_that_makes_no_sense_is_an_error(tmp_path: Path) -> None:
    finding = found(Settings(data_dir=tmp_path, blobs_url="ftp://x"))["storage"]
    assert finding.state == "error"
    assert "SKILLYARD_BLOBS_URL" in finding.detail


def test_listening_to_the_world_without_an_address_is_a_warning(tmp_path: Path) -> None:
    assert found(Settings(data_dir=tmp_path, host="0.0.0.0"))["address"].state == "warning"
    assert found(Settings(data_dir=tmp_path, public_url="http://skills.example.org"))["address"].state == "warning"
    assert found(Settings(data_dir=tmp_path, public_url="https://skills.example.org"))["address"].state == "ok"


def test_a_provider_is_named_with_the_address_to_register_there(tmp_path: Path, lenient_provider: Lenient) -> None:
    oidc = {
        "acme": {"issuer": lenient_provider.issuer, "client_id": "x"},
        "gone": {"issuer": "http://127.0.0.1:9", "client_id": "x"},
    }
    findings = found(make_app(tmp_path, oidc=oidc, outbound_http_loopback=True).settings)
    assert findings["sign-in with Acme"].state == "ok"
    assert "http://127.0.0.1:8400/sign-in/with/acme/callback" in findings["sign-in with Acme"].detail
    assert findings["sign-in with Gone"].state == "error"
    assert findings["sign-in with Gone"].hint


def test_ways_to_pay_are_asked_and_those_that_are_not_set_up_are_named(tmp_path: Path) -> None:
    app = make_app(tmp_path, stripe_secret_key="pk_test_this_is_the_public_one", stripe_webhook_secrets="whsec_a")
    findings = found(app.settings)
    assert (findings["ton"].state, findings["ton"].detail) == ("ok", "not set up")
    assert findings["credits"].state == "ok"
    key = findings["stripe key"]
    assert key.state == "error"
    assert "sk_test_" in key.hint
    assert not [one for one in findings.values() if "this_is_the_public_one" in one.detail + one.hint]
    app.close()


def test_doctor_says_which_vault_keys_are_in_use_and_which_are_missing(tmp_path: Path) -> None:
    old, new = (f"{name}={base64.b64encode(name.encode() * 8).decode()}" for name in ("2026", "2027"))
    app = make_app(tmp_path)
    add_credential(app, a_person(app), provider="openai", secret=Secret("sk-0123456789"))
    assert found(app.settings)["vault"].detail == (
        "credentials, connections and secrets of webhooks: 1 under database;"
        " new ones under database (the key that is kept beside them)"
    )
    app.close()
    settings = make_app(tmp_path, vault_keys=old).settings
    assert (found(settings)["vault"].state, found(settings)["jobs"].state) == ("warning", "ok")
    app = make_app(tmp_path, vault_keys=old)
    rotate_vault_keys(app)
    app.close()
    finding = found(make_app(tmp_path, vault_keys=new).settings)["vault"]
    assert finding.state == "error"
    assert "1 under 2026; new ones under 2027" in finding.detail
    assert "2026" in finding.hint
    assert found(make_app(tmp_path, vault_keys=f"{new} {old}").settings)["vault"].state == "warning"


def test_language_models_that_the_operator_has_named_are_looked_for(tmp_path: Path, llm_peer: LlmPeer) -> None:
    models = {
        "house": {"base_url": llm_peer.openai_url},
        "gone": {"base_url": "http://127.0.0.1:9/v1"},
        "private": {"base_url": "https://10.1.2.3/v1"},
    }
    findings = found(make_app(tmp_path, llm=models, outbound_http_loopback=True).settings)
    states = {name: findings[f"language models of {name}"].state for name in models}
    assert states == {"house": "ok", "gone": "error", "private": "error"}
    assert "SKILLYARD_OUTBOUND_ALLOW" in findings["language models of private"].hint
    assert "language models of openai" not in findings


def test_doctor_says_how_far_runs_are_isolated_and_why_they_are_refused(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    reached = found(app.settings)["sandbox"]
    assert "namespaces" in reached.detail
    assert "seccomp" in reached.detail
    elsewhere = found(app.settings.model_copy(update={"sandbox": "e2b"}))["sandbox"]
    assert (elsewhere.state, "runs are refused" in elsewhere.detail) == ("warning", True)
    assert elsewhere.hint
    assert found(app.settings.model_copy(update={"sandbox": "off"}))["sandbox"].state == "ok"
    app.close()


def test_books_that_somebody_changed_are_an_error(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    admin = a_person(app)
    grant_credits(app, admin, username="ada", amount="100", reason="a test")
    assert found(app.settings)["books"].state == "ok"
    with app.database.transaction() as tx:
        for row in tx.all("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'ledger_%'"):
            tx.run(f"DROP TRIGGER {row['name']}")
        tx.run("UPDATE ledger_entries SET amount = amount + 1 WHERE side = 'C'")
    books = found(app.settings)["books"]
    assert books.state == "error"
    assert books.hint
    app.close()


def test_what_is_set_or_added_for_integrations_without_an_effect_is_a_warning(tmp_path: Path) -> None:
    app = make_app(tmp_path, integrations={"githup": {"client_id": "x"}, "github": {"client_id": "x"}})
    with app.database.transaction() as tx:
        notes = read_integration(SMALL, file="notes.yaml")
        keep_integration(tx, replace(notes, slug="slack"), user_id="usr_1", now_ms=1)
    findings = found(app.settings)
    assert findings["integrations"].detail.endswith("can be called")
    assert findings["integration githup"].hint == "Write GITHUB instead."
    assert findings["integration slack"].state == "warning"
    assert "integration github" not in findings
    app.close()
