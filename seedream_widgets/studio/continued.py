"""Lets a studio go on where the last one of its name ended: form, gallery search and results."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from traitlets import TraitError

from seedream_widgets.errors import ResultError, SeedreamError, running_shell
from seedream_widgets.jobs.job import Job
from seedream_widgets.library.studios import KeptStudio
from seedream_widgets.studio.cards import FORM
from seedream_widgets.studio.pictures import kept_search
from seedream_widgets.studio.traits import size_to_json
from seedream_widgets.values.receipt import describe_inputs, input_from_receipt

if TYPE_CHECKING:
    from collections.abc import Collection

    from seedream_widgets.jobs.engine import Engine
    from seedream_widgets.library import Library
    from seedream_widgets.studio.form import Form
    from seedream_widgets.studio.protocol import Browse
    from seedream_widgets.values.result import Result

_log = logging.getLogger(__name__)
_MOST_REFERENCES = 10


class Continued:
    """Fills a studio with what the last one of its name had, and keeps its state for the next one.

    Args:
        studio: The studio's form.
        library: The library that the state is kept in.
        name: The studio's name; nothing is kept if it is empty.
    """

    def __init__(self, studio: Form, library: Library, name: str) -> None:
        self._studio, self._library = studio, library
        self._kept = KeptStudio(library.path, name) if name else None

    def fill(self, given: Collection[str]) -> None:
        """Set the form as it was, except for `given` fields, and keep its changes from now on."""
        if self._kept is None:
            return
        kept = self._kept.read()
        form = kept.get("form")
        form = dict(form) if isinstance(form, dict) else {}
        if "references" in form:
            form["references"] = self._read_references(form["references"])
        sized = "image_size" in form and "image_size" not in given
        with self._studio._keeping_size() if sized else self._studio._lock:
            for name in (*FORM, "references"):
                if name in form and name not in given:
                    self._set(name, form[name])
            self._studio._search = kept_search(kept.get("gallery"))
        self._studio.observe(self._keep_form, FORM)
        self._studio.observe(self._keep_references, "references")
        self._studio.observe(self._keep_pinned, ["selected", "pinned"])

    def _set(self, name: str, value: Any) -> None:
        # traitlets would take a bool for an int.
        if isinstance(value, bool) != isinstance(getattr(self._studio, name), bool):
            return
        with suppress(TraitError):  # the file is untrusted, or of another version
            setattr(self._studio, name, tuple(value) if isinstance(value, list) else value)

    def _read_references(self, told: object) -> list[Any]:
        """Return all of the references or none, as a prompt refers to them by number."""
        listed = told[: _MOST_REFERENCES + 1] if isinstance(told, list) else []
        found = [input_from_receipt(each, self._library.input) for each in listed]
        for image in found:
            digest = getattr(image, "sha256", None)
            if image is None or (digest and self._library._input_file(digest) is None):
                return []
        return found

    def results(self, engine: Engine) -> list[Job]:
        """Return ended jobs for the results to show again, oldest first."""
        jobs = []
        for request_id in self._kept.results() if self._kept else ():
            with suppress(ResultError):  # deleted or damaged; the gallery says so where it shows it
                jobs.append(Job._ended_before(self._library.get(request_id), engine))
        return sorted(jobs, key=lambda job: job.finished or 0.0)

    @property
    def pinned(self) -> str:
        """The id of the picture that stays selected; empty for none."""
        found = self._kept.read().get("pinned") if self._kept else ""
        return found if isinstance(found, str) and len(found) < 300 else ""

    def add_result(self, result: Result) -> None:
        """Add a result to those that the next studio shows."""
        if self._kept:
            self._kept.change_results(came=result.request_id)

    def remove_result(self, result: Result) -> None:
        """Remove a result from those that the next studio shows."""
        if self._kept:
            self._kept.change_results(gone=result.request_id)

    def keep_search(self, asked: Browse) -> None:
        """Keep the gallery's search."""
        search = kept_search({"query": asked.query, "filters": asked.filters})
        with self._studio._lock:
            if self._kept is None or search == self._studio._search:
                return
            self._studio._search = search
        self._kept.write(gallery=search)

    def keep(self) -> None:
        """Keep the form as it is now."""
        self._keep_form(None)

    def _keep_form(self, _: object) -> None:
        if self._kept is None:
            return
        form: dict[str, Any] = {name: getattr(self._studio, name) for name in FORM}
        form["image_size"] = size_to_json(form["image_size"], self._studio)
        form["references"] = describe_inputs(self._studio.references)
        self._kept.write(form=form)

    def _keep_references(self, _: object) -> None:
        try:
            self._library._keep_images(self._studio.references)
        except (OSError, SeedreamError) as error:
            _log.warning("the references of this studio can't be kept: %s", error)
        self._keep_form(None)

    def _keep_pinned(self, _: object) -> None:
        if self._kept is not None:
            self._kept.write(pinned=self._studio.selected if self._studio.pinned else "")


def notebook_name(engine: Engine) -> str:
    """Return the path of the running notebook if the host tells it, else an empty text.

    If several cells of a notebook make studios, a number is added for all but the first, so that
    each goes on with its own.
    """
    shell = running_shell()
    if not hasattr(shell, "kernel"):
        return ""
    name = shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME", "")
    if not isinstance(name, str) or "-jvsc-" in name:  # VS Code's session name, new each time
        return ""
    cells = engine.cells.setdefault(name, [])
    cell = _cell(shell)
    if cell not in cells:
        cells.append(cell)
    number = cells.index(cell) + 1
    return name if not name or number == 1 else f"{name} ({number})"


def _cell(shell: Any) -> str:
    """Return the id of the running cell if the host tells it, else an empty text."""
    try:
        return str(shell.get_parent()["metadata"]["cellId"])
    except (AttributeError, KeyError, TypeError):
        return ""
