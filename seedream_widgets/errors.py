"""Every error of this package, in one tree.

SeedreamError
  RequestError (also ValueError)        the request is not one fal could accept
    ImageInputError                     an input image can't be read or sent
    NoItemError (also IndexError, KeyError)  no item has that number or name
  CredentialsError                      no key, or fal refuses the key or the account
  BackendError                          the request was sent, or tried, and did not succeed
    ContentRejectedError                a safety checker refused prompt, input or output
    SubmitUnknownError                  the reply to a submit was lost: it may have been accepted
    ResultError                         finished, but its images can't be fetched or read
  BudgetError                           the request could cost more than the budget leaves; not sent
  JobCancelled                          the job was cancelled
  JobTimeout (also TimeoutError)        ``job.result(timeout)`` stopped waiting; the job goes on
  MissingPackageError (also ImportError)  something optional needs a package that is not installed
  StaysHereError (also TypeError)       the object can't be copied or sent to another process
  NoNameError (also AttributeError)     the package has no such name, or it can't be assigned

And one warning, which stops nothing: `PromptWarning`, for a prompt that refers to reference images
that were not given.
"""

from __future__ import annotations

import linecache
import operator
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TextIO

if TYPE_CHECKING:
    from types import TracebackType

_HERE = str(Path(__file__).parent)

Billing = Literal["no", "maybe", "yes"]
"""Whether fal bills a request. By fal's docs it never bills a 5xx error, but may bill a refused or
cancelled request."""


class SeedreamError(Exception):
    """The base of every error this package raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """In IPython, show the message and the user's own line, without this package's frames.

        ``%xmode Verbose`` shows all frames.
        """
        return _rendered(self)


def without_our_frames(stopped: BaseException) -> None:
    """Have IPython show an interrupt or a cancelled await as briefly as our own errors."""
    stopped.__dict__["_render_traceback_"] = lambda: _rendered(stopped)


def running_shell() -> Any:
    """Return the running IPython shell, or ``None``; IPython is not imported just to ask."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def _rendered(error: BaseException) -> list[str]:
    full = getattr(running_shell(), "InteractiveTB", None)
    if full is not None and getattr(full, "mode", "") == "Verbose":
        return full.structured_traceback(type(error), error, error.__traceback__)  # type: ignore[no-any-return]
    said = f": {error}" if str(error) else ""
    return [f"{type(error).__name__}{said}", *_own_line(error.__traceback__)]


def _own_line(trace: TracebackType | None) -> list[str]:
    """Return the last line of the user's own code that a traceback passes through."""
    own: tuple[str, int] | None = None
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if _is_own(path):
            own = path, trace.tb_lineno
        trace = trace.tb_next
    if own is None:
        return []
    path, number = own
    line = linecache.getline(path, number).strip()
    where = "this cell" if "ipykernel_" in path or path.startswith("<") else path
    return [f"  {where}, line {number}", *([f"    {line}"] if line else [])]


def _is_own(path: str) -> bool:
    """Tell whether a file is the user's own: no package's, nor a part of Python."""
    if path.startswith((_HERE, sys.prefix, sys.base_prefix, "<string>", "<frozen")):
        return False
    file = Path(path)  # one of a compiled module is named without its folder
    named = file.is_absolute() or path.startswith("<")
    return named and not {"site-packages", "dist-packages"}.intersection(file.parts)


class PromptWarning(UserWarning):
    """A prompt refers to reference images that were not given; it is sent all the same."""


def warn(message: str) -> None:
    """Emit a `PromptWarning` that points at the user's own line."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    warnings.warn_explicit(
        message,
        PromptWarning,
        frame.f_code.co_filename,
        frame.f_lineno,
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


class RequestError(SeedreamError, ValueError):
    """A request holds something that its endpoint does not accept; nothing was sent.

    Attributes:
        field: The argument that was refused, such as ``"image_size"``.
        value: What was given for it.
    """

    def __init__(self, message: str, *, field: str = "request", value: object = None) -> None:
        super().__init__(message)
        self.field = field
        self.value = value


def refused(field: str, takes: str, value: object, hint: str = "") -> RequestError:
    """Return the error for a value that an argument does not take.

    Args:
        field: The argument.
        takes: What it takes, in words.
        value: What was given for it.
        hint: Appended to the message, such as a guess at what was meant.
    """
    said = f"{field} takes {takes}, got {quoted(value)}{hint}"
    return RequestError(said, field=field, value=value)


def say(words: str, to: TextIO | None = None) -> None:
    """Print a line, ignoring an output that is closed, such as a pipe into ``head``.

    Args:
        words: The line.
        to: The stream, such as ``sys.stderr``; ``sys.stdout`` by default.
    """
    with suppress(OSError, ValueError):  # a broken pipe; a closed file
        print(words, file=to, flush=True)


def check_type(value: object, kinds: type | tuple[type, ...], field: str, takes: str) -> None:
    """Raise a readable error if an argument has the wrong type.

    Args:
        value: What was given.
        kinds: The accepted types.
        field: The argument it was given for.
        takes: What that argument takes, in words, and the next step.

    Raises:
        RequestError: `value` is of another type.
    """
    if not isinstance(value, kinds):
        raise RequestError(
            f"{field} takes {takes}; got {described(value)}", field=field, value=value
        )


def check_index(index: object, takes: str) -> None:
    """Raise a readable error if an index is neither a whole number nor a slice.

    Args:
        index: What was given in brackets.
        takes: What may be given, in words, and the next step.

    Raises:
        RequestError: `index` is of another type.
    """
    check_type(index, (SupportsIndex, slice), "index", takes)


def whole_number(value: object) -> int | None:
    """Return a whole number of any type, numpy's included, as an int; else ``None``."""
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        return None
    try:
        return operator.index(value)
    except TypeError:  # an array of several
        return None


def whole_between(
    value: object, field: str, least: int, most: int, what: str = "a whole number"
) -> int:
    """Return a whole number of any type as an int, if it is within the bounds.

    Args:
        value: What was given.
        field: The argument it was given for.
        least: The smallest accepted number.
        most: The largest.
        what: What the error calls it, such as ``"a whole number of pixels"``.

    Raises:
        RequestError: `value` is not a whole number from `least` to `most`.
    """
    number = whole_number(value)
    if number is None or not least <= number <= most:
        raise refused(field, f"{what} from {least} to {most}", value)
    return number


def described(value: object) -> str:
    """Return how an error message names a value: short ones as written, others by their type."""
    if value is None or isinstance(value, bool | int | float | str):
        try:
            shown = repr(value[:60] if isinstance(value, str) else value)
        except ValueError:  # Python refuses to print a number of more than 4300 digits
            return "a number of thousands of digits"
        return shown if len(shown) <= 60 else f"{shown[:60]}…"
    return type(value).__name__


def as_text(value: object) -> str:
    """Return ``str(value)``, or what `described` returns where that fails."""
    try:
        return str(value)
    except Exception:  # an object of the user's own, or a number of thousands of digits
        return described(value)


def quoted(value: object) -> str:
    """Return the start of ``repr(value)``, or what `described` returns where that fails."""
    try:
        return repr(value)[:80]
    except Exception:
        return described(value)


class NoItemError(RequestError, IndexError, KeyError):
    """No item has that number or name."""

    __str__ = Exception.__str__  # a KeyError shows its message in quotes


class StaysHereError(SeedreamError, TypeError):
    """The object belongs to this process: it can't be copied or sent to another one."""


class NoNameError(SeedreamError, AttributeError):
    """The package has no such name, or the name can't be assigned."""


class ImageInputError(RequestError):
    """An input image can't be read, or can't be made to fit the endpoint."""

    def __init__(self, message: str, *, field: str = "images", value: object = None) -> None:
        super().__init__(message, field=field, value=value)


class CredentialsError(SeedreamError):
    """There is no usable fal key, or fal refuses the key or the account.

    Attributes:
        status_code: 401 or 403 when fal answered, else ``None``.
    """

    def __init__(self, message: str, *, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code


class BackendError(SeedreamError):
    """A request did not succeed at the backend.

    Attributes:
        status_code: HTTP status, or ``None`` where no reply came.
        request_id: fal's request id, once known.
        error_type: fal's own error type, such as ``"runner_disconnected"``.
        billing: ``"no"``, ``"maybe"`` or ``"yes"``.
        field: The argument of the request that fal objects to, if it said so.
        details: fal's own error entries, as data.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        request_id: str | None = None,
        error_type: str | None = None,
        billing: Billing = "no",
        field: str | None = None,
        details: tuple[dict[str, Any], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.request_id = request_id
        self.error_type = error_type
        self.billing = billing
        self.field = field
        self.details = details


class ContentRejectedError(BackendError):
    """A safety checker, fal's or its partner's, refused the prompt, an input or the output."""


class SubmitUnknownError(BackendError):
    """The reply to a submit was lost, so fal may have accepted it and may bill it.

    It is never sent again automatically: fal has no idempotency key, so a second submit would be
    a second job.
    """


class ResultError(BackendError):
    """A request finished, but its images can't be fetched, or are not images."""


class BudgetError(SeedreamError):
    """A request or a batch could cost more than a limit leaves; nothing was sent."""


class JobCancelled(SeedreamError):
    """A job was cancelled.

    Attributes:
        billing: ``"no"`` when it was stopped before it was sent or while still queued,
            ``"maybe"`` when it was running: fal may finish and bill it.
    """

    def __init__(self, message: str, *, billing: Billing = "maybe") -> None:
        super().__init__(message)
        self.billing = billing


class JobTimeout(SeedreamError, TimeoutError):
    """``job.result(timeout)`` stopped waiting; the job itself goes on."""


class MissingPackageError(SeedreamError, ImportError):
    """An optional package is not installed; the message says which."""

    def __init__(self, what: str, package: str = "", extra: str = "") -> None:
        needs = f"needs {package}, which is not installed"
        run = f"run %pip install 'seedream-widgets[{extra}]'"
        # A copy, such as a worker's error in the process that gave it work, is made of the message.
        super().__init__(f"{what} {needs}: {run}" if package else what)
