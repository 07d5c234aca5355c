"""A receipt says what ran and what came of it, and holds without the registry."""

from __future__ import annotations

import hashlib

import pytest

from skillyard.domain.runs.read import get_receipt
from skillyard.sandbox.model import Observed
from skillyard.skill.digest import tree_digest
from skillyard.skill.faults import SkillError
from skillyard.skill.log.note import SignerKey
from skillyard.skill.receipts import open_receipt, read_unverified, sign_receipt, signer_of
from tests.domain.runs.yard import Yard


def test_a_receipt_binds_the_release_the_input_and_the_output(yard: Yard) -> None:
    run = yard.run("copy.py", "in.txt", "out/b.txt", stdin=b"s", files={"in.txt": b"content"})
    receipt = get_receipt(yard.app, yard.ada, run_id=run.id)
    facts = open_receipt(receipt, yard.app.log_key.verifier)
    assert (facts["kind"], facts["run_id"]) == ("run", run.id)
    assert facts["release"] == {"name": "ada/tools", "version": "1.0.0", "digest": run.digest}
    assert facts["input"]["stdin_sha256"] == hashlib.sha256(b"s").hexdigest()
    assert facts["input"]["files"] == {"count": 1, "size_bytes": 7, "digest": tree_digest(run.files_in)}
    assert facts["output"]["files"] == {"count": 1, "size_bytes": 7, "digest": tree_digest(run.files_out)}
    assert facts["output"]["stdout_sha256"] == hashlib.sha256(b"").hexdigest()
    assert facts["permissions"]["filesystem"]["write"] == ["data/**", "out/**"]
    assert facts["outcome"] == {"status": "succeeded", "exit_code": 0, "signal": None}
    assert facts["isolation"]["kind"] == "bubblewrap"
    assert facts["cost"]["duration_ms"] >= 0
    assert signer_of(receipt) == yard.app.log_key.name
    assert "content" not in receipt


def test_what_it_tried_in_vain_stands_in_the_receipt(one_yard: Yard) -> None:
    run = one_yard.run("call.py")
    facts = open_receipt(get_receipt(one_yard.app, one_yard.ada, run_id=run.id), one_yard.app.log_key.verifier)
    assert facts["outcome"]["status"] == "failed"
    assert any(value for kind, value in facts["observed"].items() if kind.endswith("_refused"))


def test_a_receipt_that_was_changed_or_signed_by_another_is_refused(one_yard: Yard) -> None:
    run = one_yard.run("echo.py")
    receipt = get_receipt(one_yard.app, one_yard.ada, run_id=run.id)
    key = one_yard.app.log_key.verifier
    other = SignerKey(name=key.name, seed=b"x" * 32)
    for wrong in (
        receipt.replace("succeeded", "failed"),
        receipt.replace("skillyard receipt v1", "skillyard receipt v2"),
        receipt.replace('{"begun', '{ "begun'),
        receipt[:-10],
        "",
        "\n" * 10,
        sign_receipt(other, {"kind": "run"}),
        one_yard.app.log_key.sign("skillyard statement v1\n{}\n"),
        one_yard.app.log_key.sign("skillyard receipt v1\n[1]\n"),
        one_yard.app.log_key.sign('skillyard receipt v1\n{"a": 1}\n'),
    ):
        with pytest.raises(SkillError):
            open_receipt(wrong, key)


def test_what_a_hostile_program_was_called_cannot_break_a_receipt(one_yard: Yard) -> None:
    key = one_yard.app.log_key
    facts = {"observed": ["a\nb", "\x1b[2J", "— 127.0.0.1 x", "\ud800".encode("utf-8", "backslashreplace").decode()]}
    receipt = sign_receipt(key, facts)
    assert open_receipt(receipt, key.verifier) == read_unverified(receipt) == facts
    assert receipt.count("\n") == 4
    assert Observed().hosts == ()
