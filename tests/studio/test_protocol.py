"""Golden messages: what the page sends is read, and what the kernel sends has the golden shape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seedream_widgets.studio import protocol
from seedream_widgets.studio.facts import facts

MESSAGES = Path(__file__).parents[1] / "messages"
FROM_PAGE = [*sorted(protocol._CLASSES), "upload_restore"]


def golden(name):
    return json.loads((MESSAGES / f"{name}.json").read_text())


@pytest.mark.parametrize("kind", FROM_PAGE)
def test_each_message_of_the_page_is_read_as_it_stands(kind):
    content = golden(kind)
    message = protocol.read(content)
    assert message.kind == content["kind"]
    for name, value in content.items():
        if name != "kind":
            assert getattr(message, name) == (tuple(value) if isinstance(value, list) else value)


def test_facts_are_the_golden_ones():
    assert json.loads(json.dumps(facts())) == golden("facts")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "nothing"}, "unknown kind"),
        ({"kind": None}, "unknown kind"),
        ({"id": None}, "id must be a text"),
        ({"id": "x" * 201}, "id must be a text"),
        ({"upload_id": ["u"]}, "upload_id must be a text"),
        ({"size": -1}, "size must be a whole number"),
        ({"size": 1.5}, "size must be a whole number"),
        ({"size": True}, "size must be a whole number"),
        ({"size": 2**53}, "size must be a whole number"),
        ({"purpose": "delete"}, "purpose must be one of reference, restore"),
    ],
)
def test_a_malformed_message_is_refused_with_the_field(change, says):
    with pytest.raises(protocol.ProtocolError, match=says):
        protocol.read({**golden("upload"), **change})


@pytest.mark.parametrize("content", [None, [], "submit", 7])
def test_a_message_is_an_object(content):
    with pytest.raises(protocol.ProtocolError, match="object"):
        protocol.read(content)


def test_a_missing_field_is_named():
    content = golden("preview")
    del content["edge"]
    with pytest.raises(protocol.ProtocolError, match="preview lacks edge"):
        protocol.read(content)


def test_lists_and_objects_are_bounded():
    with pytest.raises(protocol.ProtocolError, match="at most"):
        protocol.read({**golden("arrange"), "references": ["r"] * 101})
    with pytest.raises(protocol.ProtocolError, match="object"):
        protocol.read({**golden("submit"), "form": [1]})
