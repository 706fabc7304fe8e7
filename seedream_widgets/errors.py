"""Every error of this package, in one tree.

SeedreamError
  RequestError (also ValueError)        the request is not one fal could accept
    ImageInputError                     an input image can't be read or sent
    NoItemError (also IndexError, KeyError)  there is no item of that number or name
  CredentialsError                      no key, or fal refuses the key or the account
  BackendError                          the request was sent, or tried, and did not succeed
    ContentRejectedError                a safety checker refused prompt, input or output
    SubmitUnknownError                  the reply to a submit was lost: it may have been accepted
    ResultError                         finished, but its images can't be fetched or read
  BudgetError                           it could cost more than the budget leaves; not sent
  JobCancelled                          the job was cancelled
  JobTimeout (also TimeoutError)        ``job.result(timeout)`` stopped waiting; the job goes on
  MissingPackageError (also ImportError)  something optional needs a package that is not installed
  StaysHereError (also TypeError)       it can't be copied, nor sent to another process
  NoNameError (also AttributeError)     the package has no such name, or it is not to be set

And one warning, which stops nothing: `PromptWarning`, for a prompt that names images it does not
have.
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
"""Whether fal bills a request: 5xx never, a refused or cancelled one maybe (fal's docs)."""


class SeedreamError(Exception):
    """The base of every error this package raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """Show the sentence and the user's own line in IPython, without our frames.

        ``%xmode Verbose`` shows them all.
        """
        return _rendered(self)


def without_our_frames(stopped: BaseException) -> None:
    """Have IPython show an interrupt, or a cancelled await, as it does our errors."""
    stopped.__dict__["_render_traceback_"] = lambda: _rendered(stopped)


def running_shell() -> Any:
    """Return the IPython that runs this, or ``None``; for this alone it is not imported."""
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
        if not path.startswith((_HERE, sys.prefix, sys.base_prefix, "<string>", "<frozen")):
            own = path, trace.tb_lineno
        trace = trace.tb_next
    if own is None:
        return []
    path, number = own
    line = linecache.getline(path, number).strip()
    where = "this cell" if "ipykernel_" in path or path.startswith("<") else path
    return [f"  {where}, line {number}", *([f"    {line}"] if line else [])]


class PromptWarning(UserWarning):
    """A prompt names images in a way that can't be meant; it is sent all the same."""


def warn(message: str) -> None:
    """Warn of a prompt at the user's own line."""
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
        hint: The end of the sentence, such as a guess at what was meant.
    """
    said = f"{field} takes {takes}, got {quoted(value)}{hint}"
    return RequestError(said, field=field, value=value)


def say(words: str, to: TextIO | None = None) -> None:
    """Print a line; where nobody can read it, as after ``| head``, that harms nothing.

    Args:
        words: The line.
        to: Where, such as ``sys.stderr``; ``sys.stdout`` unless given.
    """
    with suppress(OSError, ValueError):  # a broken pipe; a closed file
        print(words, file=to, flush=True)


def check_type(value: object, kinds: type | tuple[type, ...], field: str, takes: str) -> None:
    """Refuse a value of another type in words.

    Args:
        value: What was given.
        kinds: What it has to be.
        field: The argument it was given for.
        takes: What that takes, in words, and the next step.

    Raises:
        RequestError: It is of another type.
    """
    if not isinstance(value, kinds):
        raise RequestError(
            f"{field} takes {takes}; got {described(value)}", field=field, value=value
        )


def check_index(index: object, takes: str) -> None:
    """Refuse an index that is neither a whole number nor a slice in words.

    Args:
        index: What was given in brackets.
        takes: What may be given, in words, and the next step.

    Raises:
        RequestError: It is of another type.
    """
    check_type(index, (SupportsIndex, slice), "index", takes)


def whole_number(value: object) -> int | None:
    """Return a whole number of any kind, such as numpy's, as an int; ``None`` for what is none."""
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        return None
    try:
        return operator.index(value)
    except TypeError:  # an array of several
        return None


def whole_between(
    value: object, field: str, least: int, most: int, what: str = "a whole number"
) -> int:
    """Return a whole number of any kind as an int, and refuse another value in words.

    Args:
        value: What was given.
        field: The argument it was given for.
        least: The smallest that is taken.
        most: The largest.
        what: What it is, such as ``"a whole number of pixels"``.

    Raises:
        RequestError: It is no whole number, or none from `least` to `most`.
    """
    number = whole_number(value)
    if number is None or not least <= number <= most:
        raise refused(field, f"{what} from {least} to {most}", value)
    return number


def described(value: object) -> str:
    """Return a value as an error names it: short ones as they are written, others by their type."""
    if value is None or isinstance(value, bool | int | float | str):
        try:
            shown = repr(value[:60] if isinstance(value, str) else value)
        except ValueError:  # Python writes out no number of more than 4300 digits
            return "a number of thousands of digits"
        return shown if len(shown) <= 60 else f"{shown[:60]}…"
    return type(value).__name__


def as_text(value: object) -> str:
    """Return what a value says of itself; where that fails, as `described` says."""
    try:
        return str(value)
    except Exception:  # it is of the user's own making, or holds a number of thousands of digits
        return described(value)


def quoted(value: object) -> str:
    """Return a value of any kind as it is written, cut; where that fails, as `described` says."""
    try:
        return repr(value)[:80]
    except Exception:
        return described(value)


class NoItemError(RequestError, IndexError, KeyError):
    """There is no item of that number or name."""

    __str__ = Exception.__str__  # a KeyError shows its message in quotes


class StaysHereError(SeedreamError, TypeError):
    """It belongs to this process, so that it can't be copied, nor sent to another one."""


class NoNameError(SeedreamError, AttributeError):
    """The package has no such name, or it is not to be set."""


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

    It is never sent again by itself: fal has no idempotency key, so a second submit would be
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
    """A package that only some people need is not installed; the message says which."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} needs {package}, which is not installed: "
            f"run %pip install 'seedream-widgets[{extra}]'"
        )
