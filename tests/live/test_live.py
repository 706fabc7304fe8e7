"""The trial of what is assumed, against the local server, with one assumption broken at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fal_server.pictures import draw
from tests.live.__main__ import main

if TYPE_CHECKING:
    from tests.fal_server import FalServer

V4 = "fal-ai/bytedance/seedream/v4/text-to-image"
ASSUMPTIONS = 15


@pytest.fixture(autouse=True)
def _fal(fal_server: FalServer) -> None:
    fal_server.settings.prices = {V4: 0.03}
    fal_server.settings.queue_seconds = 0.5
    fal_server.settings.run_seconds = 0.5


def tried(capsys: pytest.CaptureFixture[str], code: int) -> dict[str, str]:
    """Return the verdict of each assumption."""
    assert main(lambda _: "yes") == code
    *lines, spent = capsys.readouterr().out.splitlines()
    assert spent.startswith("Spent at most $0.")
    verdicts = {}
    for line in lines:
        verdict, _, rest = line.partition("  ")
        verdicts[rest.strip().partition(": ")[0]] = verdict.strip()
    return verdicts


def test_all_hold(fal_server: FalServer, capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = tried(capsys, 0)
    assert set(verdicts.values()) == {"holds"}, verdicts
    assert len(verdicts) == ASSUMPTIONS
    assert fal_server.count("submit") == 3
    assert fal_server.usd <= 0.15


def break_it(server: FalServer, what: str) -> None:
    settings = server.settings
    if what == "price":
        settings.prices = {V4: 0.05}
    elif what == "no prices":
        server.fail("pricing", "404", times=None)
    elif what == "jpeg":
        settings.image_format = "jpeg"
    elif what == "size":
        settings.draw = lambda *_: draw((1024, 1024), (1, 2, 3))
    elif what == "units":
        settings.units_header = lambda _: None
    elif what == "unit":
        settings.units_per_image = "2"
    elif what == "extra":
        settings.extra_output = {"has_nsfw_concepts": [False]}
    elif what == "stream":
        server.fail("stream", "404", times=None)
    elif what == "upload":
        server.fail("upload", "403", times=None)
        server.fail("initiate", "403", times=None)
    elif what == "cancel":
        server.fail("cancel", "405", times=None)
    elif what == "listing":
        server.fail("listing", "403", times=None)
    elif what == "late":
        settings.list_delay = 60


@pytest.mark.parametrize(
    ("what", "assumption", "verdict"),
    [
        ("price", "v4 costs $0.03 an image", "DOES NOT HOLD"),
        ("no prices", "the pricing API tells the price of v4", "DOES NOT HOLD"),
        ("jpeg", "it comes as PNG", "DOES NOT HOLD"),
        ("size", "it has the pixels that were asked for", "DOES NOT HOLD"),
        ("units", "the result tells the units it bills", "unknown"),
        ("unit", "a unit is an image", "DOES NOT HOLD"),
        ("extra", "the result has no field that is not known", "DOES NOT HOLD"),
        ("stream", "the status stream tells until it is complete", "DOES NOT HOLD"),
        ("upload", "an edit takes an upload", "DOES NOT HOLD"),
        ("cancel", "a queued request can be cancelled", "unknown"),
        ("listing", "the list of requests shows what was sent", "DOES NOT HOLD"),
        ("late", "the list of requests shows what was sent", "unknown"),
    ],
)
def test_one_is_broken(
    fal_server: FalServer,
    capsys: pytest.CaptureFixture[str],
    what: str,
    assumption: str,
    verdict: str,
) -> None:
    break_it(fal_server, what)
    verdicts = tried(capsys, 0 if verdict == "unknown" else 1)
    assert verdicts[assumption] == verdict
    others = {"v4 costs $0.03 an image", "a unit is an image", "it tells exactly what was asked"}
    rest = {name: said for name, said in verdicts.items() if name not in {assumption, *others}}
    assert set(rest.values()) == {"holds"}, rest


@pytest.mark.parametrize("answer", ["", "no", "y"])
def test_without_a_yes_nothing_is_sent(fal_server: FalServer, answer: str) -> None:
    assert main(lambda _: answer) == 2
    assert fal_server.requests == ()


def test_without_a_key_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FAL_KEY", "FAL_KEY_ID", "FAL_KEY_SECRET"):
        monkeypatch.delenv(name, raising=False)
    assert main(lambda _: pytest.fail("it asked")) == 2
