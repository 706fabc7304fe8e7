"""Seedream image generation in notebooks: write, drop, click, and use the PIL images.

Names load what they need on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # importing it from typing would take longer than all the rest
if TYPE_CHECKING:
    from types import ModuleType

    from seedream_widgets.api import batch as batch
    from seedream_widgets.api import budget as budget
    from seedream_widgets.api import contact_sheet as contact_sheet
    from seedream_widgets.api import default_client as default_client
    from seedream_widgets.api import edit as edit
    from seedream_widgets.api import estimate as estimate
    from seedream_widgets.api import gather as gather
    from seedream_widgets.api import generate as generate
    from seedream_widgets.api import jobs as jobs
    from seedream_widgets.api import resume as resume
    from seedream_widgets.api import series as series
    from seedream_widgets.api import show as show
    from seedream_widgets.api import spending as spending
    from seedream_widgets.api import submit as submit
    from seedream_widgets.api import to_pandas as to_pandas
    from seedream_widgets.api import verify_seed as verify_seed
    from seedream_widgets.batch.batch import Batch as Batch
    from seedream_widgets.batch.batch import Batches as Batches
    from seedream_widgets.credentials import login as login
    from seedream_widgets.credentials import logout as logout
    from seedream_widgets.errors import BackendError as BackendError
    from seedream_widgets.errors import BudgetError as BudgetError
    from seedream_widgets.errors import ContentRejectedError as ContentRejectedError
    from seedream_widgets.errors import CredentialsError as CredentialsError
    from seedream_widgets.errors import ImageInputError as ImageInputError
    from seedream_widgets.errors import JobCancelled as JobCancelled
    from seedream_widgets.errors import JobTimeout as JobTimeout
    from seedream_widgets.errors import MissingPackageError as MissingPackageError
    from seedream_widgets.errors import PromptWarning as PromptWarning
    from seedream_widgets.errors import RequestError as RequestError
    from seedream_widgets.errors import ResultError as ResultError
    from seedream_widgets.errors import SeedreamError as SeedreamError
    from seedream_widgets.errors import SubmitUnknownError as SubmitUnknownError
    from seedream_widgets.images import ImageInput as ImageInput
    from seedream_widgets.images import ImageUrl as ImageUrl
    from seedream_widgets.images import load_images as load_images
    from seedream_widgets.jobs.client import Client as Client
    from seedream_widgets.jobs.job import Job as Job
    from seedream_widgets.library import Library as Library
    from seedream_widgets.studio import Studio as Studio
    from seedream_widgets.studio.compare import compare as compare
    from seedream_widgets.studio.gallery import gallery as gallery
    from seedream_widgets.values.endpoints import ENDPOINTS as ENDPOINTS
    from seedream_widgets.values.receipt import Receipt as Receipt
    from seedream_widgets.values.receipt import read_receipt as read_receipt
    from seedream_widgets.values.request import Request as Request
    from seedream_widgets.values.result import Result as Result
    from seedream_widgets.values.sizes import SIZES as SIZES

    library: Library
    batches: Batches
else:
    ModuleType = type(sys)

_HOME = {
    "api": (
        "batch",
        "budget",
        "contact_sheet",
        "default_client",
        "edit",
        "estimate",
        "gather",
        "generate",
        "jobs",
        "resume",
        "series",
        "show",
        "spending",
        "submit",
        "to_pandas",
        "verify_seed",
    ),
    "jobs.client": ("Client",),
    "batch.batch": ("Batch", "Batches"),
    "credentials": ("login", "logout"),
    "values.endpoints": ("ENDPOINTS",),
    "errors": (
        "BackendError",
        "BudgetError",
        "ContentRejectedError",
        "CredentialsError",
        "ImageInputError",
        "JobCancelled",
        "JobTimeout",
        "MissingPackageError",
        "PromptWarning",
        "RequestError",
        "ResultError",
        "SeedreamError",
        "SubmitUnknownError",
    ),
    "images": ("ImageInput", "ImageUrl", "load_images"),
    "jobs.job": ("Job",),
    "values.receipt": ("Receipt", "read_receipt"),
    "values.request": ("Request",),
    "values.result": ("Result",),
    "values.sizes": ("SIZES",),
    "library": ("Library",),
    "studio": ("Studio",),
    "studio.compare": ("compare",),
    "studio.gallery": ("gallery",),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted([*_MODULE, "batches", "library"])


class _Package(ModuleType):
    """The type of this package's module: it keeps `sd.jobs` and `sd.library` what users expect.

    Importing the subpackage ``seedream_widgets.jobs`` would otherwise replace the function.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name not in __all__ or callable(value):
            super().__setattr__(name, value)
        elif not isinstance(value, ModuleType):
            from seedream_widgets.errors import NoNameError

            how = f"call sd.{name}(...)" if name in _HOME["api"] else "pass yours to sd.Client(...)"
            raise NoNameError(f"sd.{name} can't be assigned: it would change nothing; {how}")


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    """Load a public name, or the version, on first use."""
    if name == "__version__":
        from importlib.metadata import version

        return version("seedream-widgets")
    if name == "library":
        from seedream_widgets.api import default_client

        return default_client().library
    if name == "batches":
        from seedream_widgets.api import default_client
        from seedream_widgets.batch.batch import Batches

        return Batches(default_client())
    if name not in _MODULE:
        if name.startswith("_"):  # looked up by Python and tools, so not a slip to guess at
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from seedream_widgets.errors import NoNameError
        from seedream_widgets.values.guesses import did_you_mean

        guess = did_you_mean(name, __all__)
        raise NoNameError(f"module {__name__!r} has no attribute {name!r}{guess}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def load_ipython_extension(shell: object) -> None:
    """Add the magics; ``%load_ext seedream_widgets`` calls it."""
    from seedream_widgets.magics import load

    load(shell)


if "IPython" in sys.modules:
    from seedream_widgets.display.completion import teach_ipython as _teach_ipython

    _teach_ipython()
