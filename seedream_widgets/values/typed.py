"""Signatures and help for functions that pass ``**arguments`` on to `Request`.

The arguments of a request are documented once, in `Request`, and shown wherever they are accepted.
"""

from __future__ import annotations

import inspect
from inspect import Parameter, cleandoc, signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def takes_request_arguments(function: Any) -> None:
    """Put the arguments of `Request` into a function's signature and help.

    Args:
        function: It takes them as ``**arguments``; their help replaces that line of its docstring.
    """
    own = signature(function)
    function.__signature__ = _with_request_arguments(own)
    function.__doc__ = _documented(function.__doc__, own)


def offers_request_arguments(function: Any) -> None:
    """Have the arguments of `Request` completed for a function that also takes lists of them."""
    own = signature(function)
    *listed, rest = own.parameters.values()
    more = _with_request_arguments(own).parameters.values()
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
    return _with_request_arguments(bound.replace(parameters=listed), names)


def class_help(doc: str | None, init: Callable[..., Any], names: Iterable[str]) -> str | None:
    """Return the docstring of a class with the help of those arguments."""
    return _documented(doc, signature(init), names)


def _more(own: inspect.Signature, names: Iterable[str] | None) -> list[Parameter]:
    from seedream_widgets.values.request import Request

    offered = signature(Request).parameters
    wanted = {*(offered if names is None else names)} - {*own.parameters}
    return [each for name, each in offered.items() if name in wanted]


def _with_request_arguments(
    own: inspect.Signature, names: Iterable[str] | None = None
) -> inspect.Signature:
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
    """Return each argument's lines of the docstring, without indent."""
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
