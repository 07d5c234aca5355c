"""Keys that scripts are handed: only those that were declared, only with their owner's consent, and shown nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.domain.market.model import Offer
from skillyard.domain.runs.read import read_stream
from skillyard.infra.clock import FixedClock
from tests.domain.market.sealed import JS, PY, done, failure, output, script, sealed, store_key
from tests.domain.market.stall import Stall, a_stall
from tests.makers import make_app

BOBS, SALS = "sk-bobs-0123456789abcdef", "sk-sals-0123456789abcdef"
DECLARED = {"skills.json": json.dumps({"permissions": {"environment": ["OPENAI_API_KEY"]}})}
LENGTH = "import os\noutput = {'summary': str(len(os.environ.get('OPENAI_API_KEY', '')))}"
PRINTING = """
import base64, os, sys
key = os.environ["OPENAI_API_KEY"]
print("the key is", key)
sys.stderr.write(key + "\\n")
os.write(2, base64.b64encode(key.encode()))
output = {"summary": "key: " + key}
"""


@pytest.fixture
def stall(tmp_path: Path) -> Iterator[Stall]:
    clock = FixedClock()
    app = make_app(tmp_path, clock=clock)
    made = a_stall(app, clock)
    yield made
    made.check()
    app.close()


def needing(stall: Stall, mode: str, *steps: dict[str, Any], declared: bool = True, **fields: Any) -> Offer:
    """A sealed skill whose scripts need a key for openai, of whom `mode` says."""
    credentials = {"mode": mode, "required": [{"provider": "openai"}], **fields.pop("limit", {})}
    files = DECLARED if declared else {}
    return sealed(stall, *steps, files=files, credentials=credentials, **fields)


def everything_kept(stall: Stall) -> str:
    """All rows of all tables, and all blobs."""
    with stall.app.database.reading() as tx:
        names = [row["name"] for row in tx.all("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        rows = [str(dict(row)) for name in names for row in tx.all(f"SELECT * FROM {name}")]
    blobs = [stall.app.blobs.read(blob.sha256).decode("latin-1") for blob in stall.app.blobs.list()]
    return "\n".join(rows + blobs)


def test_a_script_has_the_key_that_its_manifest_declares(stall: Stall) -> None:
    store_key(stall, stall.sal, SALS)
    assert output(stall, needing(stall, "seller_provides", script(PY, LENGTH))) == {"summary": str(len(SALS))}


def test_a_variable_that_is_not_declared_is_not_there(stall: Stall) -> None:
    store_key(stall, stall.sal, SALS)
    offer = needing(stall, "seller_provides", script(PY, LENGTH), declared=False)
    assert output(stall, offer) == {"summary": "0"}


def test_a_buyers_key_is_for_scripts_only_where_the_buyer_said_so(stall: Stall) -> None:
    store_key(stall, stall.bob, BOBS)
    offer = needing(stall, "buyer_provides", script(PY, LENGTH))
    said = failure(stall, offer)
    assert said.startswith("credential_not_for_scripts")
    assert "--for-scripts" in said
    store_key(stall, stall.bob, BOBS, for_scripts=True)
    assert output(stall, offer) == {"summary": str(len(BOBS))}


def test_a_key_that_a_script_prints_is_kept_nowhere_and_the_buyer_gets_it_hidden(stall: Stall) -> None:
    store_key(stall, stall.bob, BOBS, for_scripts=True)
    javascript = (
        "console.log(process.env.OPENAI_API_KEY); return {summary: steps.s0.summary + process.env.OPENAI_API_KEY}"
    )
    found = done(stall, needing(stall, "buyer_provides", script(PY, PRINTING), script(JS, javascript)))
    assert found.output == {"summary": "key: ******"}
    seen = read_stream(stall.app, stall.sal, run_id=found.receipts[0], stream="stderr")
    assert b"the key is ***" in seen
    kept = everything_kept(stall)
    assert "the key is" in kept
    assert BOBS not in kept


@pytest.mark.parametrize(
    "text",
    [
        "import os\nraise ValueError(os.environ['OPENAI_API_KEY'])",
        "import os\nfail(os.environ['OPENAI_API_KEY'])",
        "import os\noutput = {'summary': 42, os.environ['OPENAI_API_KEY']: 1}",
        "import os, pathlib\npathlib.Path('/work/left.txt').write_text(os.environ['OPENAI_API_KEY'])\noutput = {}",
    ],
)
def test_no_failure_has_it(stall: Stall, text: str) -> None:
    store_key(stall, stall.bob, BOBS, for_scripts=True)
    files = {"environment": ["OPENAI_API_KEY"], "filesystem": {"read": ["**"], "write": ["**"]}}
    credentials = {"mode": "buyer_provides", "required": [{"provider": "openai"}]}
    offer = sealed(
        stall, script(PY, text), files={"skills.json": json.dumps({"permissions": files})}, credentials=credentials,
        mode="source",
    )  # fmt: skip
    assert BOBS not in failure(stall, offer)
    assert BOBS not in everything_kept(stall)


def test_the_sellers_calls_count_for_scripts_too(stall: Stall) -> None:
    store_key(stall, stall.sal, SALS)
    limit = {"seller_limit": {"max_calls": 1}}
    offer = needing(stall, "seller_provides", script(PY, LENGTH), limit=limit)
    output(stall, offer)
    assert failure(stall, offer).startswith("allowance_spent")
