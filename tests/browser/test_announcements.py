"""What a screen reader hears: each change once, and a fault once it rests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from .studio import STUDIO, HeldJobs, Studio

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from .conftest import OpenNotebook

LISTEN = """() => {
  const heard = window.heard = [];
  new MutationObserver(changes => {
    for (const { addedNodes, target, type } of changes) {
      const live = (type === "characterData" ? target.parentElement : target)
        .closest("[role=status], [role=alert]");
      const fresh = type === "characterData" ? [target] : addedNodes;
      if (live) heard.push(...[...fresh].map(node => node.textContent).filter(Boolean));
      else for (const node of fresh) {
        const alerts = node.matches?.("[role=alert]") ? [node]
          : node.querySelectorAll?.("[role=alert]") ?? [];
        heard.push(...[...alerts].map(alert => alert.textContent));
      }
    }
  }).observe(document.body, { childList: true, characterData: true, subtree: true });
}"""
SEED = "Seed takes a whole number from 0 to 2147483647, or nothing for a random one."
STATES = ["Sending", "In queue, 2nd", "In queue, 1st", "Generating"]
STATES += ["Fetching", "Fetching 1 of 2", "Fetching 2 of 2", "Completed"]


def heard(page: Page, start: str = "") -> list[str]:
    return [line for line in page.evaluate("window.heard") if line.startswith(start)]


def expect_heard(page: Page, start: str, *lines: str) -> None:
    """Wait for the last line, and a moment longer: none may come again."""
    page.wait_for_function(
        "line => window.heard.some(each => each.includes(line))", arg=lines[-1], timeout=60_000
    )
    page.wait_for_timeout(700)
    assert heard(page, start) == list(lines)


def test_each_change_of_a_job_is_heard_once(
    errors: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path
) -> None:
    jobs = HeldJobs(tmp_path, 5)
    book = notebook([jobs.cell(), "studio"])
    book.run_all()
    studio, other = Studio(page, 0), Studio(page, 1)
    page.evaluate(LISTEN)
    studio.field("Images").fill("2")
    studio.submit("a fox")
    page.wait_for_function("() => heard.some(each => each.includes('a fox: Generating'))")
    jobs.go_on()
    other.wait_for_pictures("a fox", 2)
    page.wait_for_timeout(700)
    lines = heard(page, "a fox: ")
    told = [line.removeprefix("a fox: ") for line in lines]
    assert set(told) <= set(STATES)
    assert told == sorted(set(told), key=STATES.index)
    assert told[-1] == "Completed"
    assert "Generating" in told
    assert errors == []


def test_ends_are_heard_once(errors: list[str], notebook: OpenNotebook, page: Page) -> None:
    book = notebook([STUDIO, "studio"])
    book.run_all()
    studio, other = Studio(page, 0), Studio(page, 1)
    page.evaluate(LISTEN)
    studio.submit("slow, offline:slow 80")
    other.cancel("slow, offline:slow 80").click()
    end = "slow, offline:slow 80: Cancelled"
    expect_heard(page, end, f"{end}; nothing is billed.")
    studio.submit("offline:refuse")
    refusal = "The safety checker refused this prompt."
    page.wait_for_function("line => heard.some(each => each.includes(line))", arg=refusal)
    page.wait_for_timeout(700)
    assert sum(refusal in line for line in heard(page)) == 1
    book.restart_kernel()
    expect(studio.alert).to_contain_text("The kernel is gone")
    expect_heard(page, "The kernel is gone", studio.alert.inner_text())
    assert [each for each in errors if "debugger state" not in each] == []


def test_a_fault_is_heard_once_it_rests(
    errors: list[str], notebook: OpenNotebook, page: Page
) -> None:
    book = notebook([STUDIO, "studio"])
    book.run_all()
    studio = Studio(page)
    studio.shape("W×H").click()
    page.evaluate(LISTEN)
    studio.field("Width").press_sequentially("0", delay=20)
    fault = studio.root.locator(".sd-error").first
    expect(fault).to_be_visible()
    expect(studio.field("Width")).to_have_accessible_description(fault.inner_text())
    expect_heard(page, "", str(fault.evaluate("fault => fault.firstChild.textContent")))
    studio.field("Seed").press_sequentially("-123", delay=20)
    expect(studio.field("Seed")).to_have_accessible_description(SEED)
    expect_heard(page, "Seed", SEED)
    assert errors == []
