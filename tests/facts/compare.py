"""Tell where a row of our table differs from fal's published schema and page of the endpoint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from seedream_widgets.values.endpoints import COUNTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seedream_widgets.values.endpoints import Endpoint

Schema = dict[str, Any]
_PRICES = re.compile(r"\$(\d+(?:\.\d+)?)")


def differences(row: Endpoint, document: Any, page: str) -> list[str]:
    """Return what differs, one sentence each.

    Args:
        row: Ours.
        document: fal's OpenAPI document of the endpoint, as JSON.
        page: fal's page of it for machines, as text.
    """
    asked = input_schema(document, row.id)
    if asked is None:
        return ["fal's schema names no input for it"]
    return [*_of_schema(row, document, asked), *_of_prices(row, page)]


def input_schema(document: Any, endpoint_id: str) -> Schema | None:
    """Return the schema of what the endpoint takes, looked up by its path."""
    try:
        post = document["paths"][f"/{endpoint_id}"]["post"]
        schema = post["requestBody"]["content"]["application/json"]["schema"]
    except (KeyError, TypeError):
        return None
    found = _resolved(document, schema)
    return found if isinstance(found.get("properties"), dict) else None


def _of_schema(row: Endpoint, document: Any, asked: Schema) -> Iterator[str]:
    properties: Mapping[str, Schema] = asked["properties"]
    ours, theirs = set(row.arguments), set(properties)
    for name in sorted(theirs - ours):
        yield f"fal takes {name}, our table does not know it"
    for name in sorted(ours - theirs):
        yield f"our table has {name}, fal does not take it"
    names = _words(document, properties.get("image_size", {}))
    if names and names != set(row.size_names):
        more, fewer = names - set(row.size_names), set(row.size_names) - names
        yield f"image_size: fal has {sorted(more)} more and {sorted(fewer)} fewer names"
    default = properties.get("image_size", {}).get("default")
    if isinstance(default, str) and default != row.default_size:
        yield f"image_size: fal's default is {default}, ours {row.default_size}"
    for name, words in row.choices.items():
        told = properties.get(name, {})
        if name in theirs and _words(document, told) != set(words):
            yield f"{name}: fal takes {sorted(_words(document, told))}, ours {sorted(words)}"
        if name in theirs and told.get("default", words[0]) != words[0]:
            yield f"{name}: fal's default is {told['default']}, ours {words[0]}"
    for name in ("num_images", "max_images"):
        told = properties.get(name, {})
        bounds = (told.get("minimum", COUNTS[0]), told.get("maximum", COUNTS[1]))
        if name in ours & theirs and bounds != COUNTS:
            yield f"{name}: fal takes {bounds[0]} to {bounds[1]}, ours {COUNTS[0]} to {COUNTS[1]}"


def _of_prices(row: Endpoint, page: str) -> Iterator[str]:
    _, _, rest = page.partition("## Pricing")
    section = rest.partition("\n## ")[0]
    told = {float(usd) for usd in _PRICES.findall(section)}
    ours = [row.price.usd, *(usd for _, usd in row.price.tiers)]
    ours += [row.price.each_reference] if row.price.each_reference else []
    if not told:
        yield "fal's page tells no price"
        return
    for usd in dict.fromkeys(ours):
        if float(usd) not in told:
            yield f"price: ours ${usd}, fal's page has {sorted(told)}"


def _words(document: Any, schema: Schema, depth: int = 0) -> set[str]:
    """Return the words a property takes, wherever its schema has them."""
    found = _resolved(document, schema)
    words = {word for word in found.get("enum", ()) if isinstance(word, str)}
    if isinstance(found.get("const"), str):
        words.add(found["const"])
    if depth < 3:
        for each in (*found.get("anyOf", ()), *found.get("oneOf", ()), *found.get("allOf", ())):
            words |= _words(document, each, depth + 1)
    return words


def _resolved(document: Any, schema: Schema) -> Schema:
    name = schema.get("$ref", "").rpartition("/")[2]
    found = document.get("components", {}).get("schemas", {}).get(name, schema)
    return found if isinstance(found, dict) else {}
