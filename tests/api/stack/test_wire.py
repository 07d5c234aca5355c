"""What the SDK relies on without saying so, and where it and the documentation differ: both are served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.payments.credits import grant_credits
from tests.api.stack.conftest import INPUT, OUTPUT, a_skill
from tests.api.stack.sender import Sender, refused
from tests.makers import make_app

PYTHON = "def run(input):\n    return {'summary': input['url']}\n"
STEP = {"type": "script", "label": "fetch", "runtime": "python", "script": PYTHON}
MODEL = {"type": "llm", "label": "sum", "llm_provider": "openai", "llm_model": "gpt-4o"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path)
    yield app
    app.close()


@pytest.fixture
def sender(app: App) -> Sender:
    return Sender(app)


def test_lists_are_bare_arrays(sender: Sender) -> None:
    for path in (
        "/v1/skills", "/v1/skills/mine", "/v1/skills/favorites", "/v1/skills/invocations/mine",
        "/v1/skills/invocations/pending", "/v1/skill-requests", "/v1/agents", "/v1/identity/claims",
    ):  # fmt: skip
        assert sender.send("bob", "GET", path).json() == [], path


def test_fixed_words_are_no_ids(sender: Sender) -> None:
    assert sender.send("ada", "GET", "/v1/skills/pending-reviews").json() == []
    refused(sender.send("bob", "GET", "/v1/skills/pending-reviews"), 403)
    refused(sender.send("bob", "GET", "/v1/skills/invocations"), 404)


@pytest.mark.parametrize("action", ["suspend", "activate"])
def test_a_json_content_type_without_a_body_is_no_fault(sender: Sender, action: str) -> None:
    skill = sender.publish(a_skill("plain"))
    assert sender.send("sal", "POST", f"/v1/skills/{skill['id']}/{action}").status == 200
    assert sender.send("bob", "POST", f"/v1/skills/{skill['id']}/check-trust").status == 200
    assert sender.send("bob", "DELETE", f"/v1/skills/{skill['id']}/favorite").status == 200


def test_browsing_takes_both_spellings_and_numbers_as_text(sender: Sender) -> None:
    ids = [sender.publish(a_skill(f"reader-{n}", tags=["pdf", f"n{n}"]))["id"] for n in range(3)]

    def found(query: str) -> list[str]:
        return [one["id"] for one in sender.send("bob", "GET", f"/v1/skills?{query}").json()]

    assert found("search=reader") == found("query=reader") == found("search=&query=reader") == ids[::-1]
    assert found("tags=pdf,n1") == found("tags=pdf&tags=n1") == found("tags=%20PDF%20,,n1") == [ids[1]]
    assert found("limit=1&offset=1") == [ids[1]]
    assert found("status=&trust_level=&tags=") == ids[::-1]
    assert found("offset=99") == []


def test_prices_have_two_names(sender: Sender) -> None:
    for body, price in (
        ({"price_credits": 3}, 3),
        ({"price_per_invocation": 4}, 4),
        ({"price_credits": 0, "price_per_invocation": 4}, 4),
        ({}, 0),
    ):
        skill = sender.publish(a_skill(f"priced-{price}-{len(body)}", **body))
        assert skill["price_credits"] == skill["price_per_invocation"] == price
    changed = sender.send("sal", "PATCH", f"/v1/skills/{skill['id']}", {"price_per_invocation": 9}).json()
    assert changed["price_credits"] == 9
    for name in ("max_price_credits", "max_price_cents"):
        posted = sender.send("bob", "POST", "/v1/skill-requests", {"description": "x", name: 7}).json()
        assert posted["max_price_credits"] == posted["max_price_cents"] == 7


def test_what_must_be_paid_says_where_at_the_top_and_in_the_details(sender: Sender) -> None:
    skill = sender.publish(a_skill("paid", price_per_invocation=10))
    answer = sender.send("bob", "POST", f"/v1/skills/{skill['id']}/invoke", {"input": INPUT})
    error = refused(answer, 402)
    assert answer.json()["purchase_url"] == error["details"]["purchase_url"] == "http://127.0.0.1:8400/account/credits"
    assert (error["details"]["price"], error["details"]["there"]) == (10, 0)


def test_a_request_that_was_refused_for_money_is_repeated_with_the_same_key(sender: Sender) -> None:
    skill = sender.publish(a_skill("paid", price_per_invocation=10))
    path = f"/v1/skills/{skill['id']}/invoke"
    refused(sender.send("bob", "POST", path, {"input": INPUT}, idempotency_key="once"), 402)
    grant_credits(sender.app, sender.people["ada"], username="bob", amount="15")
    ids = {sender.send("bob", "POST", path, {"input": INPUT}, idempotency_key="once").json()["id"] for _ in range(3)}
    assert len(ids) == 1
    assert sender.send("bob", "GET", path.replace("invoke", "balance"), x_payment_token="x").json()["balance"] == "5"


def test_refusals_are_spelled_as_objects(sender: Sender) -> None:
    assert refused(sender.send(None, "GET", "/v1/skills"), 401)["code"] == "UNAUTHORIZED"
    assert refused(sender.send("bob", "GET", "/v1/skills/skl_x"), 404)["code"] == "NOT_FOUND"
    assert refused(sender.send("bob", "GET", "/v1/nowhere"), 404)["code"] == "NOT_FOUND"
    assert refused(sender.send("bob", "DELETE", "/v1/skills/skl_x"), 405)["code"] == "METHOD_NOT_ALLOWED"
    assert refused(sender.send("bob", "POST", "/v1/skills", b"{"), 400)["code"] == "VALIDATION_ERROR"


def test_all_faults_of_a_body_are_listed(sender: Sender) -> None:
    body = a_skill("X", version=None, description="", tags=["t"] * 11, price_credits=-1, trust_level_required="L9")
    faults = refused(sender.send("sal", "POST", "/v1/skills", body), 400)["details"]["faults"]
    assert {fault["path"] for fault in faults} == {
        "name", "version", "description", "tags", "price_credits", "trust_level_required",
    }  # fmt: skip
    schemas = a_skill("bad-schemas", input_schema={"type": "objekt"}, output_schema={"$ref": "https://example.com/x"})
    texts = str(refused(sender.send("sal", "POST", "/v1/skills", schemas), 400)["details"]["faults"])
    assert "input_schema" in texts
    assert "output_schema" in texts


@pytest.mark.parametrize(
    "flat",
    [
        {"execution_script": PYTHON},
        {"execution_runtime": "none"},
        {"dependencies": ""},
        {"llm_enabled": False},
        {"llm_model": "gpt-4o"},
    ],
)
def test_steps_are_told_in_one_of_two_ways(sender: Sender, flat: dict[str, Any]) -> None:
    body = a_skill("mixed", execution_mode="sealed", execution_steps=[STEP], **flat)
    error = refused(sender.send("sal", "POST", "/v1/skills", body), 400)
    assert f"cannot be mixed with {next(iter(flat))}" in error["message"]


def test_flat_fields_become_steps(sender: Sender) -> None:
    skill = sender.publish(
        a_skill(
            "flat", execution_mode="source", execution_script=PYTHON, execution_runtime="python",
            dependencies="requests==2.32.0", llm_enabled=True, llm_provider="openai", llm_model="gpt-4o",
            llm_config={"max_tokens": 5},
        )
    )  # fmt: skip
    script, model = skill["execution_steps"]
    assert script == {"type": "script", "label": "script", "runtime": "python", "script": PYTHON}
    assert model == {**MODEL, "label": "llm", "llm_config": {"max_tokens": 5, "system_prompt": ""}}
    for flat, needed in (
        ({"execution_script": PYTHON}, "execution_runtime"),
        ({"llm_enabled": True}, "llm_provider"),
    ):
        error = refused(sender.send("sal", "POST", "/v1/skills", a_skill("lacking", **flat)), 400)
        assert needed in error["message"]


def test_code_is_shown_of_source_skills_and_of_ones_own(sender: Sender) -> None:
    for mode, seen_by_strangers in (("sealed", False), ("source", True)):
        steps = [STEP, {**MODEL, "llm_config": {"system_prompt": "Be brief and secretive."}}]
        skill = sender.publish(a_skill(f"in-{mode}", execution_mode=mode, execution_steps=steps))
        path = f"/v1/skills/{skill['id']}"
        assert sender.send("sal", "GET", path).json()["execution_steps"][0]["script"] == PYTHON
        answers = [sender.send("bob", "GET", where) for where in (path, "/v1/skills")]
        answers.append(sender.send("bob", "POST", f"{path}/favorite"))
        assert (PYTHON.encode()[:10] in answers[0].body) is seen_by_strangers
        assert any(b"secretive" in answer.body for answer in answers) is seen_by_strangers


def test_an_open_skill_has_no_code_and_a_sealed_one_needs_some(sender: Sender) -> None:
    opened = sender.send("sal", "POST", "/v1/skills", a_skill("opened", execution_steps=[STEP]))
    assert "open skill" in refused(opened, 400)["message"]
    sealed = sender.send("sal", "POST", "/v1/skills", a_skill("closed", execution_mode="sealed"))
    assert "no steps" in refused(sealed, 400)["message"]


def test_a_skill_is_published_below_a_namespace_one_belongs_to(sender: Sender) -> None:
    refused(sender.send("bob", "POST", "/v1/skills", a_skill("foreign", namespace="sal")), 403, 404)
    assert sender.publish(a_skill("own", namespace="sal"))["full_name"] == "sal/own"
    assert refused(sender.send("sal", "POST", "/v1/skills", a_skill("own")), 409)["code"] == "CONFLICT"


def test_what_scripts_may_do_is_declared(sender: Sender) -> None:
    permissions = {"network": {"outbound": ["example.com"]}}
    body = a_skill("declared", execution_mode="source", execution_steps=[STEP], permissions=permissions)
    assert sender.publish(body)["status"] == "active"
    wrong = {**body, "name": "declared-wrong", "permissions": {"network": {"outbound": ["not a host!"]}, "magic": True}}
    faults = refused(sender.send("sal", "POST", "/v1/skills", wrong), 400)["details"]["faults"]
    assert len(faults) == 2


def test_reviews_are_for_administrators(tmp_path: Path) -> None:
    app = make_app(tmp_path, market_review="all")
    sender = Sender(app)
    first, second = (sender.publish(a_skill(name)) for name in ("first", "second"))
    assert first["status"] == "pending_review"
    refused(sender.send("bob", "GET", f"/v1/skills/{first['id']}"), 404)
    refused(sender.send("bob", "POST", f"/v1/skills/{first['id']}/invoke", {"input": INPUT}), 404)
    waiting = sender.send("ada", "GET", "/v1/skills/pending-reviews").json()
    assert {one["id"] for one in waiting} == {first["id"], second["id"]}
    for who in ("bob", "sal"):
        refused(sender.send(who, "POST", f"/v1/skills/{first['id']}/approve"), 403)
        refused(sender.send(who, "POST", f"/v1/skills/{first['id']}/reject", {"reason": "x"}), 403)
    assert sender.send("ada", "POST", f"/v1/skills/{first['id']}/approve").json()["status"] == "active"
    plain = sender.send("ada", "POST", f"/v1/skills/{second['id']}/reject").json()
    assert (plain["status"], plain["rejection_reason"]) == ("rejected", "Rejected by admin")
    told = {"reason": "Insufficient documentation"}
    rejected = sender.send("ada", "POST", f"/v1/skills/{second['id']}/reject", told)
    assert rejected.json()["rejection_reason"] == "Insufficient documentation"
    app.close()


def test_claims_that_are_sent_along_are_no_proof(sender: Sender) -> None:
    skill = sender.publish(a_skill("for-people", trust_level_required="L2"))
    said = [{"claim_type": name, "assurance_level": "high"} for name in ("verified_human", "verified_identity")]
    body = {"input": INPUT, "passport_claims": said}
    path = f"/v1/skills/{skill['id']}"
    assert sender.send("bob", "POST", f"{path}/check-trust", body).json()["allowed"] is True
    assert refused(sender.send("bob", "POST", f"{path}/invoke", body), 403)["code"] == "FORBIDDEN"


def test_a_retry_handle_stands_in_for_an_idempotency_key(sender: Sender) -> None:
    skill = sender.publish(a_skill("repeated"))
    path, handle = f"/v1/skills/{skill['id']}/invoke", "x" * 22

    def invoke(**headers: str) -> Any:
        return sender.send("bob", "POST", path, {"input": INPUT}, **headers)

    first = invoke(X_STACK_Authority_Request_Id=handle).json()["id"]
    assert invoke(X_STACK_Authority_Request_Id=handle).json()["id"] == first
    keyed = invoke(Idempotency_Key="k1", X_STACK_Authority_Request_Id=handle).json()["id"]
    assert keyed != first
    assert invoke(Idempotency_Key="k1").json()["id"] == keyed
    for bad in ("x" * 21, "x" * 257, "a b" * 10, "é" * 22):
        refused(invoke(X_STACK_Authority_Request_Id=bad), 400)
    refused(invoke(Idempotency_Key="x" * 301), 400)


def test_a_list_of_invocations_goes_on_where_it_ended(sender: Sender) -> None:
    skill = sender.publish(a_skill("often"))
    made = [
        sender.send("bob", "POST", f"/v1/skills/{skill['id']}/invoke", {"input": INPUT}).json()["id"] for _ in range(3)
    ]
    first = sender.send("bob", "GET", "/v1/skills/invocations/mine?limit=2")
    rest = sender.send("bob", "GET", f"/v1/skills/invocations/mine?cursor={first.headers['x-next-cursor']}")
    assert [one["id"] for one in (*first.json(), *rest.json())] == made[::-1]
    assert "x-next-cursor" not in rest.headers


def test_an_output_may_be_any_json_that_fits(sender: Sender) -> None:
    skill = sender.publish(a_skill("loose", output_schema={}))
    for output in (None, 7, "text", [1, {"a": None}], OUTPUT):
        asked = sender.send("bob", "POST", f"/v1/skills/{skill['id']}/invoke", {"input": INPUT}).json()
        path = f"/v1/skills/invocations/{asked['id']}"
        assert sender.send("sal", "POST", f"{path}/claim").status == 200
        done = sender.send("sal", "POST", f"{path}/complete", {"output": output})
        assert done.json()["output"] == output
    assert refused(sender.send("sal", "POST", f"{path}/complete", {}), 400)["code"] == "VALIDATION_ERROR"
