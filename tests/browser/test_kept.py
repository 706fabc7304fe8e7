"""The page that tests share is no test's to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .kept import KeptPage


def test_a_page_is_kept_unless_something_is_left_on_it(kept: KeptPage) -> None:
    page = kept.lend()
    with pytest.raises(RuntimeError, match=r"page\.on lasts for the tests to come"):
        page.on("dialog", lambda dialog: dialog.dismiss())
    page.set_viewport_size({"width": 400, "height": 300})
    kept.take_back(failed=False)
    assert kept.lend() is page
    assert page.viewport_size == {"width": 1280, "height": 900}
    page.evaluate("window.left = 'behind'")
    kept.take_back(failed=False)
    assert page.is_closed()


def test_a_test_that_fails_takes_its_page_with_it(kept: KeptPage) -> None:
    page = kept.lend()
    kept.take_back(failed=True)
    assert page.is_closed()
