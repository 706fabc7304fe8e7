from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.kernel import Kernels
from tests.crash.notebook import Notebook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fal_server import FalServer


@pytest.fixture(scope="session")
def _kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernels]:
    kernels = Kernels(tmp_path_factory.mktemp("home"))
    yield kernels
    kernels.close(spare=True)


@pytest.fixture
def kernels(_kernels: Kernels) -> Iterator[Kernels]:
    """Real kernels, ended with the test."""
    yield _kernels
    _kernels.close()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def notebook(kernels: Kernels, library: Path, fal_server: FalServer) -> Notebook:
    return Notebook(kernels, library, fal_server)
