from __future__ import annotations

import subprocess
import sys
from typing import Any

import httpx
import pytest

from seedream_widgets.backends.fal.errors import BY_STATUS, BY_TYPE, Explainer
from seedream_widgets.credentials import Key
from seedream_widgets.errors import BackendError, ContentRejectedError, CredentialsError

SECRET = "id-1234:secret-5678"
EXPLAIN = Explainer(Key(SECRET))


def explained(status: int | None, detail: object, kind: str | None = None) -> BackendError:
    error = EXPLAIN.explain(status, detail, kind, request_id="r1")
    assert isinstance(error, BackendError)
    return error


def entry(kind: str, *loc: object, **more: Any) -> list[dict[str, Any]]:
    return [{"loc": ["body", *loc], "msg": "Words of fal.", "type": kind, **more}]


@pytest.mark.parametrize("kind", BY_TYPE)
def test_every_type_has_a_sentence_and_a_next_step(kind: str) -> None:
    error = explained(422, entry(kind, "prompt"))
    text = str(error)
    assert "{" not in text
    assert text.startswith(("fal ", "fal's ")) or text[0].isupper()
    assert text.count(". ") >= 1
    assert text.endswith(".")
    assert error.error_type == kind
    assert (error.request_id, error.field) == ("r1", "prompt")


@pytest.mark.parametrize("status", [*BY_STATUS, 418, 500, 599])
def test_every_status_has_a_sentence(status: int) -> None:
    error = explained(status, "Words of fal.")
    assert "Words of fal" in str(error)
    assert error.status_code == status


@pytest.mark.parametrize(("status", "billing"), [(500, "no"), (503, "no"), (422, "maybe")])
def test_a_5xx_is_never_billed(status: int, billing: str) -> None:
    assert explained(status, entry("some_new_type")).billing == billing
    assert explained(status, entry("content_policy_violation")).billing == billing


def test_what_was_not_accepted_is_never_billed() -> None:
    error = EXPLAIN.explain(422, entry("one_of", "image_size"), None, accepted=False)
    assert isinstance(error, BackendError)
    assert error.billing == "no"


def test_a_content_refusal_says_what_was_refused() -> None:
    kind = "content_policy_violation"
    error = explained(422, entry(kind, "image_urls", 1))
    assert isinstance(error, ContentRejectedError)
    assert error.field == "images"
    assert "an input image" in str(error)
    assert "this request" in str(explained(422, entry(kind)))


def test_the_image_at_fault_is_named_by_its_number() -> None:
    error = explained(422, entry("image_too_small", "image_urls", 2, ctx={"min_width": 14}))
    assert str(error).startswith("Image 3 is too small")
    assert error.details[0]["ctx"] == {"min_width": 14}


@pytest.mark.parametrize(
    "detail",
    [None, 7, {}, [], ["text"], [None], [{}], [{"loc": "x", "msg": 7, "ctx": []}], "x" * 10**6,
     [{"loc": [["deep"]] * 99, "msg": "m" * 10**6, "type": "t" * 999, "ctx": {"a": [1] * 9}}] * 99],
)  # fmt: skip
def test_any_detail_is_read_within_bounds(detail: object) -> None:
    error = explained(422, detail)
    assert len(str(error)) < 500
    assert len(repr(error.details)) < 20_000


def test_server_text_is_one_line_without_control_characters_or_key() -> None:
    error = explained(400, f"bad\x1b[31m\nkey {SECRET}\u202e end")
    text = str(error)
    assert text.isprintable()
    assert "1234" not in text
    assert "5678" not in text


def test_a_cause_that_shows_the_key_is_not_chained() -> None:
    assert EXPLAIN.cause(ValueError(f"header {SECRET}")) is None
    harmless = ValueError("harmless")
    assert EXPLAIN.cause(harmless) is harmless


@pytest.mark.parametrize(
    ("status", "detail", "says"),
    [
        (401, "", "does not accept the key. Copy it"),
        (401, "Invalid API key", "does not accept the key (fal: 'Invalid API key')"),
        (403, "User is locked. Reason: TOP_UP", "has locked this account"),
        (403, "Forbidden", "does not accept the key"),
    ],
)
def test_credentials(status: int, detail: str, says: str) -> None:
    error = EXPLAIN.explain(status, detail, None)
    assert isinstance(error, CredentialsError)
    assert says in str(error)
    assert error.status_code == status


def test_a_reply_is_read_from_body_and_header() -> None:
    def kind(body: str, **headers: str) -> str | None:
        error = EXPLAIN.response(httpx.Response(503, text=body, headers=headers))
        assert isinstance(error, BackendError)
        return error.error_type

    assert kind('{"detail": "x", "error_type": "startup_timeout"}') == "startup_timeout"
    assert kind("<html>", **{"X-Fal-Error-Type": "runner_disconnected"}) == "runner_disconnected"
    assert kind("[1, 2]") is None


@pytest.mark.slow
@pytest.mark.parametrize(("before", "comes"), [("", False), ("logging.basicConfig()", True)])
def test_log_lines_of_fal_client_fill_no_cell_unless_one_asks_for_them(before, comes) -> None:
    code = f"""import logging
{before}
import seedream_widgets.backends.fal.session
logging.getLogger("fal_client.client").warning("retrying request")"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ("retrying request" in done.stderr) is comes
