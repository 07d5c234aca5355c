"""A stranger, somebody signed in, a buyer of an invocation and an administrator ask for everything that every surface
has an address for: no line of a sealed skill's code, prompt or text is in any answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from skillyard.api.asgi import build_asgi
from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.documents import Documents
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.market.follow import look_at_skill
from skillyard.domain.market.invoke import invoke
from skillyard.domain.market.model import Offer
from skillyard.domain.market.receipts import get_receipt
from skillyard.domain.market.settle import cancel
from skillyard.domain.registry.errors import SealedNotSold, SealedSkill, SkillRefused
from skillyard.domain.registry.files import get_file, list_files
from skillyard.domain.registry.releases import get_release
from skillyard.domain.registry.resolve import resolve_closure
from skillyard.domain.registry.sale import set_sale
from skillyard.domain.registry.scans import get_scan
from skillyard.domain.registry.tarballs import sign_address
from skillyard.infra.clock import FixedClock
from skillyard.skill.names import SkillName
from tests.api.asgi import call
from tests.domain.market.stall import Stall, a_stall, an_executable
from tests.hostile.test_crawl import addresses, text_of
from tests.makers import a_release, indexed, make_app, secret_of

CODE, PROMPT, BODY, EVIDENCE = "sealed-code-8801", "sealed-prompt-8802", "sealed-text-8803", "files.sealed-8804.invalid"
SECRETS = (CODE, PROMPT, BODY, EVIDENCE)
NAME = SkillName("sal", "sum")
LLM_STEP = {
    "type": "llm", "label": "say", "provider": "openai", "model": "gpt-4o", "config": {"system_prompt": PROMPT},
}  # fmt: skip
FILES = {
    "steps/sum.py": f"output = {{'summary': '{CODE}'}}\n",
    "requirements.txt": f"reportlab @ https://{EVIDENCE}/reportlab.tar.gz\n",
    "executable.json": json.dumps(
        an_executable(
            mode="sealed",
            price=10,
            steps=[
                {"type": "script", "label": "sum", "runtime": "python", "file": "steps/sum.py"},
                LLM_STEP,
            ],
        )
    ),
}  # fmt: skip


@pytest.fixture
def stall(tmp_path: Path) -> Iterator[Stall]:
    clock = FixedClock(1_800_000_000_000)
    app = make_app(tmp_path, clock=clock)
    stall = a_stall(app, clock)
    a_release(app, stall.sal, str(NAME), files=FILES, body=f"# {BODY}")
    yield stall
    stall.check()
    app.close()


@pytest.fixture
def offer(stall: Stall) -> Offer:
    found = look_at_skill(stall.app, NAME)
    assert found is not None
    return found


def strangers(stall: Stall) -> list[Caller]:
    return [ANONYMOUS, stall.bob, stall.ada]


def test_no_line_of_a_sealed_skill_is_in_any_answer_of_any_surface(stall: Stall, offer: Offer) -> None:
    asked = invoke(stall.app, stall.bob, offer_id=offer.id, input={"url": "x"})
    cancel(stall.app, stall.bob, invocation_id=asked.id)
    site = build_asgi(stall.app, Documents(stall.app))
    indexed(stall.app)
    release = get_release(stall.app, stall.sal, name=NAME, version="latest")
    paths = [
        path.replace("references/more.md", "steps/sum.py")
        for path in addresses(NAME, release.archive.sha256, release.id)
    ]
    paths += [path.replace("steps/sum.py", "executable.json") for path in paths if "steps/sum.py" in path]
    paths += [f"{PREFIX}/offers", f"{PREFIX}/offers?q=sealed", f"{PREFIX}/offers/{offer.id}", f"{PREFIX}/me/offers"]
    paths += [
        f"{PREFIX}/invocations/{asked.id}",
        f"{PREFIX}/invocations/{asked.id}/receipt",
        f"{PREFIX}/me/invocations",
    ]
    paths += [
        "/market",
        f"/market/{NAME}",
        f"/invocations/{asked.id}",
        "/stack/v1/skills",
        f"/stack/v1/skills/{offer.id}",
    ]
    people = [{}, *({"authorization": f"Bearer {secret_of(one)}"} for one in (stall.bob, stall.ada))]
    found, answered = [], 0
    for path, headers in product(paths, people):
        answer = call(site, "GET", path, headers=headers)
        assert answer.status < 500, (path, answer)
        answered += answer.status == 200
        found += [(path, secret) for secret in SECRETS if secret in text_of(answer)]
    assert answered > 100
    assert found == []
    own = {"authorization": f"Bearer {secret_of(stall.sal)}"}
    seen = "".join(text_of(call(site, "GET", path, headers=own)) for path in paths)
    assert [secret for secret in SECRETS if secret not in seen] == [], "the crawl finds what members may see"


def test_the_page_of_a_sealed_skill_says_how_it_is_used(stall: Stall, offer: Offer) -> None:
    site = build_asgi(stall.app, Documents(stall.app))
    page = call(site, "GET", f"/{NAME}")
    assert page.status == 200
    assert b"skillyard invoke sal/sum" in page.body
    assert b"skillyard install" not in page.body
    assert call(site, "GET", f"/market/{NAME}").status == 200


def test_every_way_to_its_files_is_refused_with_what_to_do_instead(stall: Stall) -> None:
    for caller in strangers(stall):
        for attempt in (
            lambda caller=caller: get_file(stall.app, caller, name=NAME, version="1.0.0", path="steps/sum.py"),
            lambda caller=caller: list_files(stall.app, caller, name=NAME, version="1.0.0"),
            lambda caller=caller: resolve_closure(stall.app, caller, requirements={str(NAME): "*"}, locked={}),
            lambda caller=caller: sign_address(
                stall.app, caller, get_release(stall.app, stall.sal, name=NAME, version="1.0.0")
            ),
        ):
            with pytest.raises(SealedSkill) as refused:
                attempt()
            assert "skillyard invoke sal/sum" in refused.value.advice
    assert list_files(stall.app, stall.sal, name=NAME, version="1.0.0").items


def test_the_scan_of_a_sealed_skill_says_what_was_found_and_shows_nothing_of_it(stall: Stall) -> None:
    for caller in strangers(stall):
        shown = repr(get_scan(stall.app, caller, name=NAME, version="1.0.0"))
        assert [secret for secret in SECRETS if secret in shown] == []
    assert EVIDENCE in repr(get_scan(stall.app, stall.sal, name=NAME, version="1.0.0"))


def test_the_receipt_names_the_digest_and_no_code(stall: Stall, offer: Offer) -> None:
    asked = invoke(stall.app, stall.bob, offer_id=offer.id, input={"url": "x"})
    cancel(stall.app, stall.bob, invocation_id=asked.id)
    receipt = get_receipt(stall.app, stall.bob, invocation_id=asked.id)
    assert offer.digest in receipt
    assert [secret for secret in SECRETS if secret in receipt] == []


def test_what_was_sealed_stays_so_and_what_was_not_is_not_sealed_afterwards(stall: Stall) -> None:
    opened = {**FILES, "executable.json": json.dumps(an_executable())}
    for files in (opened, {}):
        with pytest.raises(SkillRefused) as refused:
            a_release(stall.app, stall.sal, str(NAME), "1.1.0", files=files)
        assert [fault["code"] for fault in refused.value.faults if fault["severity"] == "error"] == ["mode_differs"]
    a_release(stall.app, stall.sal, "sal/open", files=opened)
    with pytest.raises(SkillRefused):
        a_release(stall.app, stall.sal, "sal/open", "1.1.0", files=FILES)
    assert a_release(stall.app, stall.sal, str(NAME), "1.1.0", files=FILES).version == "1.1.0"


def test_files_that_nobody_could_take_are_not_sold(stall: Stall) -> None:
    with pytest.raises(SealedNotSold):
        set_sale(stall.app, stall.sal, name=NAME, is_for_sale=True)


def test_a_skill_that_is_no_executable_is_refused_with_every_fault(stall: Stall) -> None:
    bad = json.dumps({**an_executable(mode="sealed"), "price": -1})
    with pytest.raises(SkillRefused) as refused:
        a_release(stall.app, stall.sal, "sal/bad", files={"executable.json": bad})
    assert {fault["code"] for fault in refused.value.faults} >= {"steps_missing", "bad_number"}
