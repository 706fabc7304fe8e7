"""The comparison with fal's published schema, against stored shapes from a local server."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from seedream_widgets.values.endpoints import ENDPOINTS
from tests.facts.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator

FLASH = "bytedance/seedream/v5/flash/text-to-image"
PRO_EDIT = "bytedance/seedream/v5/pro/edit"


def shape(endpoint_id: str) -> dict[str, Any]:
    """Return an OpenAPI document as fal's are built, saying what our table says."""
    row = ENDPOINTS[endpoint_id]
    properties: dict[str, Any] = {name: {"title": name} for name in row.arguments}
    properties["image_size"] = {
        "anyOf": [
            {"$ref": "#/components/schemas/ImageSize"},
            {"enum": list(row.size_names), "type": "string"},
        ],
        "default": row.default_size if isinstance(row.default_size, str) else None,
    }
    for name, words in row.choices.items():
        properties[name] = {"enum": list(words), "default": words[0]}
    properties["num_images"] |= {"minimum": 1, "maximum": 6}
    model = "Seedream" + "".join(part.title() for part in endpoint_id.split("/")[-3:]) + "Input"
    reference = {"$ref": f"#/components/schemas/{model}"}
    body = {"content": {"application/json": {"schema": reference}}}
    return {
        "openapi": "3.0.4",
        "paths": {f"/{endpoint_id}": {"post": {"requestBody": body}}},
        "components": {
            "schemas": {
                model: {"type": "object", "properties": properties, "required": ["prompt"]},
                "ImageSize": {"properties": {"width": {}, "height": {}}},
            }
        },
    }


def page(endpoint_id: str) -> str:
    price = ENDPOINTS[endpoint_id].price
    amounts = [price.usd, *(usd for _, usd in price.tiers), price.each_reference]
    told = " or ".join(f"**${usd}**" for usd in amounts if usd)
    return f"# Seedream\n\n## Pricing\n\n- **Price**: {told} per images\n\n## API\n\n$9 elsewhere\n"


class Site:
    """What the local fal publishes; a test changes it."""

    def __init__(self) -> None:
        self.schemas = {name: shape(name) for name in ENDPOINTS}
        self.pages = {name: page(name) for name in ENDPOINTS}
        self.status: dict[str, int] = {}

    def properties(self, endpoint_id: str) -> dict[str, Any]:
        schemas = self.schemas[endpoint_id]["components"]["schemas"]
        found: dict[str, Any] = next(iter(schemas.values()))["properties"]
        return found


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def base(site: Site) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = parse_qs(parts.query).get("endpoint_id", [""])[0]
            name = asked or parts.path.removeprefix("/models/").removesuffix("/llms.txt")
            text = json.dumps(site.schemas[name]) if asked else site.pages[name]
            self.send_response(site.status.get(name, 200))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_nothing_differs(base: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--base", base]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 11
    assert all(line.endswith("as fal says") for line in lines)
    assert sum("unconfirmed" in line for line in lines) == 5


def changed(site: Site, what: str) -> None:
    flash = site.properties(FLASH)
    if what == "an argument more":
        flash["seed"] = {"type": "integer"}
    elif what == "an argument less":
        del flash["sync_mode"]
    elif what == "another size":
        flash["image_size"]["anyOf"][1]["enum"].append("auto_4K")
    elif what == "another default":
        flash["image_size"]["default"] = "auto_1K"
    elif what == "another format":
        flash["output_format"]["enum"] = ["jpeg", "png", "webp"]
    elif what == "another format by default":
        flash["output_format"]["default"] = "png"
    elif what == "more images":
        flash["num_images"]["maximum"] = 8
    elif what == "another price":
        site.pages[FLASH] = site.pages[FLASH].replace("0.027", "0.031")
    elif what == "no price":
        site.pages[FLASH] = "# Seedream\n"
    elif what == "gone":
        site.status[FLASH] = 404
    elif what == "no schema":
        site.schemas[FLASH] = {"paths": []}
    elif what == "no object":
        site.schemas |= json.loads(json.dumps({FLASH: []}))


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("an argument more", "fal takes seed, our table does not know it"),
        ("an argument less", "our table has sync_mode, fal does not take it"),
        ("another size", "image_size: fal has ['auto_4K'] more and [] fewer names"),
        ("another default", "image_size: fal's default is auto_1K, ours auto_2K"),
        ("another format", "output_format: fal takes ['jpeg', 'png', 'webp'], ours"),
        ("another format by default", "output_format: fal's default is png, ours jpeg"),
        ("more images", "num_images: fal takes 1 to 8, ours 1 to 6"),
        ("another price", "price: ours $0.027, fal's page has [0.031]"),
        ("no price", "fal's page tells no price"),
        ("gone", "fal answers 404"),
        ("no schema", "fal's schema names no input for it"),
        ("no object", "fal's schema names no input for it"),
    ],
)
def test_one_thing_differs(
    base: str, site: Site, capsys: pytest.CaptureFixture[str], what: str, words: str
) -> None:
    changed(site, what)
    assert main(["--base", base]) == 1
    lines = capsys.readouterr().out.splitlines()
    (said,) = [line for line in lines if line.startswith("  ")]
    assert words in said
    at = lines.index(said)
    assert lines[at - 1].startswith(FLASH)


def test_where_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--base", "http://127.0.0.1:9"]) == 1
    assert capsys.readouterr().out.count("could not be asked for") == 11
