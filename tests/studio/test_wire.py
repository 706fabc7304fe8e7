"""The front end's types say what Python's say: a field is renamed on both sides, or this fails."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import get_type_hints

import pytest

from seedream_widgets.studio import protocol
from seedream_widgets.studio.form import Form

WIRE = (Path(__file__).parents[2] / "js" / "src" / "kernel" / "wire.ts").read_text()
PLAIN = {"str": "text", "int": "number", "float": "number", "bool": "boolean"}
OURS = {"string": "text", "number": "number", "boolean": "boolean", "JobState": "text"}
FORM = ("prompt", "seed", "num_images", "max_images", "enable_safety_checker", "sync_mode", "model")


def interface(name):
    """Read an interface's own fields and their types as they stand in the source."""
    body = re.search(rf"export interface {name} [^{{]*\{{(.*?)\n\}}", WIRE, re.DOTALL)[1]
    return dict(re.findall(r"^  (\w+\??): (.+);$", body, re.MULTILINE))


def sent():
    """Read every message that the page sends: its kind and fields, a ? after those it may lack."""
    union = re.search(r"export type Outgoing =(.*?);\n\n", WIRE, re.DOTALL)[1]
    found = {}
    for body in re.findall(r"\{(.*?)\}", union, re.DOTALL):
        names = dict(re.findall(r"(\w+\??): ([^;]+)", body))
        for kind in re.findall(r'"(\w+)"', names.pop("kind")):
            found[kind] = set(names)
    for kind in ("upload", "region", "browse"):
        found[kind] = set(interface(kind.title())) - {"kind"}
    return found


def of_python(annotation):
    """Tell a Python type in words both sides have."""
    words = str(annotation).removeprefix("<class '").removesuffix("'>")
    inner = words.removesuffix(" | None")
    kind = PLAIN.get(inner, "list" if inner.startswith("list") else "object")
    return kind, inner != words


def of_page(annotation):
    """Tell a TypeScript type in the same words."""
    first, *rest = annotation.split(" | ")
    kind = OURS.get(first, "list" if first.endswith("[]") or first == "Size" else "object")
    return kind, rest == ["null"]


def test_a_card_has_the_same_fields_on_both_sides():
    python = {name: of_python(hint) for name, hint in get_type_hints(protocol.Card).items()}
    assert {name: of_page(hint) for name, hint in interface("Card").items()} == python


@pytest.mark.parametrize("kind", sorted(protocol._CLASSES))
def test_each_message_of_the_page_has_the_fields_that_python_reads(kind):
    read = {field.name: field for field in fields(protocol._CLASSES[kind]) if field.name != "id"}
    must = {name for name, field in read.items() if field.default is MISSING}
    given = sent()[kind]
    assert {name.rstrip("?") for name in given} <= set(read)
    assert must <= given


def test_a_picture_has_the_same_fields_on_both_sides():
    python = {name: of_python(hint) for name, hint in get_type_hints(protocol.Picture).items()}
    assert {name: of_page(hint) for name, hint in interface("Picture").items()} == python


def test_the_page_sends_no_message_that_python_does_not_know():
    assert set(sent()) == set(protocol._CLASSES)


def test_every_field_of_the_form_is_a_trait_of_its_type():
    page, traits = interface("FormTraits"), Form.class_traits(sync=True)
    assert set(page) <= set(traits)
    for name in FORM:
        made = type(traits[name]).__name__
        wanted = {"Unicode": "text", "WordTrait": "text", "Int": "number", "Bool": "boolean"}[made]
        assert of_page(page[name]) == (wanted, traits[name].allow_none), name
