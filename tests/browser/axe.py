"""What axe-core finds in the widget, state by state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Locator, Page

AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
RULES = {"color-contrast", "target-size", "button-name", "label", "image-alt", "aria-valid-attr"}
FEWEST = 20
# JupyterLab's body is 0 px high and hides what overflows: axe would take all in it for hidden.
# What the results' own scrolling hides is looked at too, and what a card has no room for.
# A click that Playwright has to try again may leave the notebook scrolled.
OPEN = """root => {
  root.scrollIntoView({ block: "nearest", behavior: "instant" });
  for (const { style } of [document.documentElement, document.body]) style.height = "100%";
  for (const { style } of root.querySelectorAll(".sd-stage, article > header")) {
    style.maxHeight = "none";
  }
}"""
CLOSE = """() => {
  for (const { style } of [document.documentElement, document.body]) style.height = "";
}"""
RUN = """async (root, tags) => {
  await Promise.all(root.getAnimations({ subtree: true })
    .filter(each => each instanceof CSSTransition).map(each => each.finished.catch(() => {})));
  const resultTypes = ["violations", "incomplete", "passes"];
  const found = await axe.run(root, { runOnly: tags, resultTypes });

  /** Contrast on the worst of all pictures behind a half transparent ground. */
  function worst(selector) {
    const { color, backgroundColor } = getComputedStyle(document.querySelector(selector));
    const parts = text => text.match(/[\\d.]+/g).map(Number);
    const [ink, [red, green, blue, alpha = 1]] = [parts(color), parts(backgroundColor)];
    const light = rgb => rgb.slice(0, 3).map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
      .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    return Math.min(...[0, 255].map(behind => {
      const mixed = [red, green, blue].map(part => part * alpha + behind * (1 - alpha));
      const [low, high] = [light(ink), light(mixed)].sort((one, other) => one - other);
      return (high + 0.05) / (low + 0.05);
    }));
  }
  const brief = ({ id, nodes }) => nodes.map(node => {
    const checks = [...node.any, ...node.all, ...node.none];
    const [target] = node.target;
    return {
      rule: id,
      target,
      html: node.html.slice(0, 120),
      why: checks.map(check => check.message).join("; "),
      key: checks[0]?.data?.messageKey ?? "",
      worst: id === "color-contrast" ? worst(target) : 0,
    };
  });
  const contrast = found.passes.find(rule => rule.id === "color-contrast")?.nodes ?? [];
  return {
    violations: found.violations.flatMap(brief),
    incomplete: found.incomplete.flatMap(brief),
    rules: found.passes.map(rule => rule.id),
    contrasts: contrast.filter(node => node.any[0]?.data?.contrastRatio).length,
  };
}"""


class Audit:
    """Looks at one state after the other, and keeps what it found until the end."""

    def __init__(self, page: Page | Frame) -> None:
        self.page = page
        self.found: list[str] = []
        self.rules: set[str] = set()

    def look(self, state: str, root: Locator, *, fewest: int = FEWEST, covered: str = "-") -> None:
        """Run every rule on an element.

        Args:
            state: Its name in what was found.
            root: The widget, or an output.
            fewest: So many texts' contrast must have been measured.
            covered: How the reason begins for which contrast need not be told here.
        """
        if not self.page.evaluate("'axe' in window"):
            self.page.add_script_tag(path=AXE)
        root.evaluate(OPEN)
        report: dict[str, Any] = root.evaluate(RUN, TAGS)
        self.page.evaluate(CLOSE)
        self.rules |= set(report["rules"])
        undecided = [
            entry
            for entry in report["incomplete"]
            if not decided(entry) and not str(entry["key"]).startswith(covered)
        ]
        self.found += [told(state, entry) for entry in [*report["violations"], *undecided]]
        if report["contrasts"] < fewest:
            self.found.append(f"{state}: contrast measured {report['contrasts']} times only")

    def verdict(self) -> str:
        """Return all that was found, a line each, and which rules never applied."""
        missing = [f"never applied: {rule}" for rule in sorted(RULES - self.rules)]
        return "\n".join([*self.found, *missing])


def decided(entry: dict[str, Any]) -> bool:
    """Tell whether what axe leaves to people is right for certain."""
    if entry["rule"] == "aria-required-children":
        return "sd-list" in entry["html"]  # no reference images: an empty list, with its name
    if entry["key"] == "emptyValue":
        return True  # an empty field; its placeholder has the colour of what stands beside it
    # Over a picture, or on an opaque ground of its own over what a dialog covers.
    over_others = entry["key"] in ("shortTextContent", "imgNode", "elmPartiallyObscuring")
    return entry["rule"] == "color-contrast" and over_others and entry["worst"] >= 4.5


def told(state: str, entry: dict[str, Any]) -> str:
    return f"{state}: {entry['rule']} at {entry['target']} {entry['html']}: {entry['why']}"
