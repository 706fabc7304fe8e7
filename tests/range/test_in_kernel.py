"""A studio in a real kernel, whichever ipykernel and ipywidgets are installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.crash.kernel import Kernel

if TYPE_CHECKING:
    from pathlib import Path

CELL = """
import seedream_widgets as sd
studio = sd.Studio(prompt="a red fox", image_size=(960, 960))
image = studio.submit().result(60).image
view = studio._repr_mimebundle_()
data = view[0] if isinstance(view, tuple) else view
told = [list(image.size), studio.image == image, sorted(data), studio.comm.comm_id != ""]
"""


def test_a_studio_draws_in_a_kernel(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path / "home")
    try:
        kernel.use(tmp_path / "library", {"FAL_KEY": ""})
        kernel.ask(f"exec({CELL!r}, globals())")
        size, same, kinds, connected = kernel.ask("told")
    finally:
        kernel.close()
    assert (size, same, connected) == ([960, 960], True, True)
    assert "application/vnd.jupyter.widget-view+json" in kinds
    assert "text/html" in kinds
