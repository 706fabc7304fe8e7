"""A page that stays open from test to test, as loading JupyterLab takes longer than most tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error

from .chromium import WAIT_MS, collect_errors
from .lab import open_lab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from .jupyter import JupyterServer

SIZE = {"width": 1280, "height": 900}
CLIPBOARD = ["clipboard-read", "clipboard-write"]
# What would still hold in the next test.
LASTING = (
    *("add_init_script", "emulate_media", "expose_binding", "expose_function"),
    *("on", "once", "route"),
)
# MathJax comes with the first output that JupyterLab typesets, axe with the first audit.
STATE = """() => ({
  loaded: performance.timeOrigin,
  path: location.pathname,
  globals: Object.getOwnPropertyNames(window).filter(name => !/^(MathJax|axe)/.test(name)).sort(),
  navigator: Object.getOwnPropertyNames(navigator),
  styles: [document.documentElement, document.body].map(each => each.style.height),
  parts: [...document.body.children].map(each => `${each.tagName} ${each.id}`)
    .filter(name => !/^(SCRIPT|LINK|STYLE|JP-TOOLBAR)/.test(name)),
  open: [...jupyterapp.shell.widgets("main")].map(each => each.id)
    .filter(id => !id.startsWith("launcher")),
  theme: document.body.dataset.jpThemeName,
  side: jupyterapp.shell.leftCollapsed,
  density: devicePixelRatio,
})"""


def new_page(browser: Browser) -> Page:
    context = browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
    context.grant_permissions(CLIPBOARD)
    context.set_default_timeout(WAIT_MS)
    return context.new_page()


class KeptPage:
    """JupyterLab without a notebook; it is loaded anew where a test left anything behind."""

    def __init__(self, browser: Browser, lab: JupyterServer) -> None:
        self._browser, self._lab = browser, lab
        self._page: Page | None = None
        self._state: Any = None
        self.errors: list[str] = []

    def lend(self) -> Page:
        """Return the page as the first test found it."""
        if self._page is None:
            page = new_page(self._browser)
            self.errors = collect_errors(page)
            open_lab(page, self._lab)
            self._state = page.evaluate(STATE)
            for name in LASTING:
                setattr(page, name, _refused(name))
            self._page = page
        self.errors.clear()
        return self._page

    def take_back(self, *, failed: bool) -> None:
        """Keep the page for the next test, or close it."""
        if self._page is not None and (failed or not self._is_as_it_was(self._page)):
            self.close()

    def close(self) -> None:
        if self._page is not None:
            page, self._page = self._page, None
            page.context.close()

    def _is_as_it_was(self, page: Page) -> bool:
        if self.errors:
            return False
        try:
            page.set_viewport_size(SIZE)  # type: ignore[arg-type]
            page.mouse.move(0, 0)
            return bool(page.evaluate(STATE) == self._state)
        except Error:  # it went elsewhere, or crashed
            return False


def _refused(name: str) -> Any:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError(f"page.{name} lasts for the tests to come: use @pytest.mark.own_page")

    return refuse
