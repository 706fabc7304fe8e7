"""The arguments of a request, told once: signatures and help of what hands them on to `Request`."""

from __future__ import annotations

import inspect
from inspect import Parameter, cleandoc, signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def takes_request_arguments(function: Any) -> None:
    """Give a function a signature and a help that name the arguments of `Request`.

    Args:
        function: It takes them as ``**arguments``; that line of its help is where theirs goes.
    """
    own = signature(function)
    function.__signature__ = _told(own)
    function.__doc__ = _documented(function.__doc__, own)


def offers_request_arguments(function: Any) -> None:
    """Have the arguments of `Request` completed where a function takes lists of them, too."""
    own = signature(function)
    *listed, rest = own.parameters.values()
    more = _told(own).parameters.values()
    new = [
        each.replace(annotation=Any, default=None if each.name == "prompt" else each.default)
        for each in more
        if each.name not in own.parameters
    ]
    function.__signature__ = own.replace(parameters=[*listed, *new, rest])


def class_signature(init: Callable[..., Any], names: Iterable[str]) -> inspect.Signature:
    """Return the signature of a class: that of its ``__init__``, and arguments of `Request`."""
    bound = signature(init)
    listed = [each for each in bound.parameters.values() if each.name != "self"]
    return _told(bound.replace(parameters=listed), names)


def class_help(doc: str | None, init: Callable[..., Any], names: Iterable[str]) -> str | None:
    """Return the docstring of a class with the help of those arguments."""
    return _documented(doc, signature(init), names)


def _more(own: inspect.Signature, names: Iterable[str] | None) -> list[Parameter]:
    from seedream_widgets.values.request import Request

    offered = signature(Request).parameters
    wanted = {*(offered if names is None else names)} - {*own.parameters}
    return [each for name, each in offered.items() if name in wanted]


def _told(own: inspect.Signature, names: Iterable[str] | None = None) -> inspect.Signature:
    listed = [each for each in own.parameters.values() if each.kind is not Parameter.VAR_KEYWORD]
    more = (each.replace(kind=Parameter.KEYWORD_ONLY) for each in _more(own, names))
    return own.replace(parameters=[*listed, *more])


def _documented(
    doc: str | None, own: inspect.Signature, names: Iterable[str] | None = None
) -> str | None:
    from seedream_widgets.values.request import Request

    if doc is None:  # python -OO has none
        return None
    help_of = _help(Request)
    lines = [f"    {line}" for each in _more(own, names) for line in help_of[each.name]]
    return _with_help(cleandoc(doc), lines)


def _help(what: Callable[..., Any]) -> dict[str, list[str]]:
    """Return the lines of help of each argument, as its docstring has them, without indent."""
    _, _, rest = cleandoc(what.__doc__ or "").partition("\nArgs:\n")
    found: dict[str, list[str]] = {}
    name = ""
    for line in rest.partition("\n\n")[0].split("\n"):
        if not line.startswith("     "):
            name = line.strip().partition(":")[0]
            found[name] = []
        found[name].append(line[4:])
    return found


def _with_help(doc: str, lines: list[str]) -> str:
    """Put lines where a docstring says ``**arguments`` or ``**form``."""
    before, _, after = doc.partition("\n    **")
    _, *rest = after.split("\n")
    while rest and rest[0].startswith("     "):  # its own further lines
        rest.pop(0)
    return "\n".join([before, *lines, *rest])
