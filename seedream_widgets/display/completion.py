"""Teaches IPython to complete the values of our arguments, and to show lists of our objects.

``sd.generate(image_size="16`` is completed with sizes; IPython itself only knows the names of
arguments. A list of jobs or results on a cell's last line is shown as pictures.
"""

from __future__ import annotations

import re
from types import ModuleType
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import running_shell

if TYPE_CHECKING:
    from collections.abc import Sequence

_ASSIGNED = re.compile(r"(\w+)\.(\w+)\s*=\s*([\"'])([^\"'\n]*)\Z")
_ARGUMENT = re.compile(r"(\w+)\s*=\s*\Z")
_CALLED = re.compile(r"([A-Za-z_][\w.]*)\s*\Z")
_LONGEST = 20_000
_MOST = 400


def teach_ipython() -> None:
    """Register completion and display with the running IPython, if there is one."""
    shell = running_shell()
    if shell is None:
        return
    _register_matcher(shell)
    for kind in (list, tuple):
        shell.display_formatter.formatters["text/html"].for_type(kind, _list_html)


def _list_html(shown: Sequence[Any]) -> str | None:
    """Return a list of our jobs, results and entries as HTML; ``None`` for any other list."""
    ours = ("jobs.job", "values.result", "library.entry")
    modules = {f"seedream_widgets.{name}" for name in ours}
    if not 0 < len(shown) <= _MOST or any(type(each).__module__ not in modules for each in shown):
        return None
    from seedream_widgets.display.live import several_html

    return several_html(shown)


def _register_matcher(shell: Any) -> None:
    matchers = getattr(getattr(shell, "Completer", None), "custom_matchers", None)
    if matchers is None or any(getattr(each, "__module__", "") == __name__ for each in matchers):
        return
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:  # IPython 7 does not give a matcher enough information
        return

    namespace: dict[str, Any] = shell.user_ns

    def values(context: Any) -> Any:
        lines = context.full_text.split("\n")[: context.cursor_line + 1]
        text = "\n".join([*lines[:-1], lines[-1][: context.cursor_position]])
        typed, found = values_at(text, namespace)
        return {
            "completions": [SimpleCompletion(text=word, type="value") for word in found],
            "matched_fragment": typed,
            "suppress": bool(found),
        }

    matchers.append(context_matcher()(values))


def values_at(text: str, namespace: dict[str, Any]) -> tuple[str, Sequence[str]]:
    """Return the beginning of a value at the end of `text`, and the values that complete it.

    Args:
        text: The cell up to the cursor.
        namespace: The variables of the notebook.
    """
    text = text[-_LONGEST:]
    if match := _ASSIGNED.search(text):
        owner = type(namespace.get(match[1]))
        if not owner.__module__.startswith("seedream_widgets.studio"):
            return "", ()
        return match[4], _values_with_prefix(match[2], match[4])
    quote, calls = _unclosed_at_end(text)
    if quote is None or not calls:
        return "", ()
    name = next((match[1] for at in calls if (match := _ARGUMENT.search(text[:at]))), "")
    called = next((match[1] for at in calls if (match := _CALLED.search(text[:at]))), "")
    if not name or not _is_ours(called, namespace):
        return "", ()
    return text[quote + 1 :], _values_with_prefix(name, text[quote + 1 :])


def _unclosed_at_end(text: str) -> tuple[int | None, list[int]]:
    """Return where the string and the brackets that are open at the end begin, innermost first."""
    quote: int | None = None
    brackets: list[int] = []
    at = 0
    while at < len(text):
        sign = text[at]
        if quote is not None:
            if sign == "\\":
                at += 1
            elif sign == text[quote] or sign == "\n":
                quote = None
        elif sign in "\"'":
            quote = at
        elif sign == "#":
            at = text.find("\n", at)
            if at < 0:
                break
        elif sign in "([{":
            brackets.append(at)
        elif sign in ")]}" and brackets:
            brackets.pop()
        at += 1
    before = [] if quote is None else [quote]
    return quote, [*before, *reversed(brackets)]


def _is_ours(called: str, namespace: dict[str, Any]) -> bool:
    first, *rest = called.split(".")
    found = namespace.get(first)
    for name in rest:
        if not isinstance(found, ModuleType):  # nothing of the user's is run for this
            return False
        found = getattr(found, name, None)
    return callable(found) and str(getattr(found, "__module__", "")).startswith("seedream_widgets")


def _values_with_prefix(argument: str, typed: str) -> list[str]:
    from seedream_widgets.values.endpoints import ENDPOINTS, MODELS, choices
    from seedream_widgets.values.sizes import RATIOS, SIZES

    words: Sequence[str] = choices(argument)
    if argument == "model":
        words = MODELS
    elif argument == "image_size":
        names = (name for row in ENDPOINTS.values() for name in row.size_names)
        tiers = (f"{ratio} {tier}" for ratio, tier in SIZES)
        words = tuple(dict.fromkeys((*RATIOS, *tiers, *names)))
    return [word for word in words if word.startswith(typed)]
