"""The magics of ``%load_ext seedream_widgets``: a cell as a prompt, and commands in a line.

``%%seedream --size 16:9 --seed 7 -o fox`` draws what the cell says, and with ``--images`` edits
pictures. ``%seedream spending``, ``resume``, ``budget 5`` and ``library fox`` are commands.
"""

# mypy: disable-error-code="arg-type, no-untyped-call, untyped-decorator, misc"
from __future__ import annotations

import re
from argparse import ArgumentTypeError
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from seedream_widgets.errors import RequestError
from seedream_widgets.money.limits import PERIODS
from seedream_widgets.values.endpoints import MODELS
from seedream_widgets.values.sizes import SIZES

if TYPE_CHECKING:
    from seedream_widgets.values.result import Result

COMMANDS = ("spending", "resume", "budget", "library", "jobs")
_WORDS = {"budget": ("none", "session", *PERIODS), "spending": ("by day", "by model", "by prompt")}
"""The words that can follow a command."""
_NAME = re.compile(r"\{(\w+)\}|\$(\w+)")
_ALIKE = 0.75
"""How similar two names must be for one to count as a misspelling of the other."""
_OPTIONS = ("--size", "--seed", "--images", "--num-images", "--max-images", "--model", "--fresh")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ArgumentTypeError(f"takes a whole number, got {text!r}") from error


@magics_class
class SeedreamMagics(Magics):
    """The magics of this package."""

    @magic_arguments()
    @argument("--size", help="Such as 16:9, '4:3 4K', 2048x1536 or auto.")
    @argument("--seed", type=_whole, help="0 to 2147483647; random unless given.")
    @argument("--images", nargs="+", help="Files, URLs or names of variables; makes it an edit.")
    @argument("--num-images", type=_whole, help="1 to 6 separate generations.")
    @argument("--max-images", type=_whole, help="1 to 6; a set of up to so many images each.")
    @argument("--model", choices=MODELS, help="Version of Seedream.")
    @argument("--fresh", action="store_true", help="Send it even if the library has its result.")
    @argument("-o", "--output", help="Name of the variable that gets the Result.")
    @line_cell_magic
    def seedream(self, line: str, cell: str | None = None) -> Any:
        """Draw what the cell says, or change images as it says.

        ``{name}`` and ``$name`` stand for variables of the notebook; other braces stay. In a
        line: ``%seedream spending``, ``resume``, ``jobs``, ``budget [USD | none] [day | month]`` or
        ``library [WORDS]``.
        """
        return self._command(line) if cell is None else self._draw(line, cell)

    def _draw(self, line: str, cell: str) -> Result | None:
        from seedream_widgets.api import edit, generate

        given = self._given(line)
        arguments = {
            "image_size": _size(given.size),
            "seed": given.seed,
            "num_images": given.num_images,
            "max_images": given.max_images,
            "model": given.model,
        }
        known = {name: value for name, value in arguments.items() if value is not None}
        prompt = self._expanded(cell).strip()
        if given.images:
            images = [self._image(each) for each in given.images]
            result = edit(images, prompt, fresh=given.fresh, **known)
        else:
            result = generate(prompt, fresh=given.fresh, **known)
        if not given.output:
            return result
        self._namespace[given.output] = result
        return None

    def _command(self, line: str) -> Any:
        from seedream_widgets import api

        command, _, words = line.strip().partition(" ")
        words = words.strip().strip("\"'")
        if command == "spending":
            since, by, what = words.rpartition("by ")
            return (
                api.spending(since.strip() or None, by=what) if by else api.spending(words or None)
            )
        if command == "resume":
            return api.resume()
        if command == "jobs":
            return api.jobs()
        if command == "library":
            return api.default_client().library.search(words)
        if command == "budget":
            return _budget(words)
        raise UsageError(
            f"%seedream takes {', '.join(COMMANDS[:-1])} or {COMMANDS[-1]}, got {command!r}; "
            "a prompt goes into a cell that begins with %%seedream"
        )

    def _given(self, line: str) -> Any:
        """Return the options of a cell's first line."""
        try:
            given = parse_argstring(self.seedream, line)
        except (UsageError, ValueError) as error:  # such as a quote that is never closed
            raise UsageError(
                f"%%seedream: {error}. %%seedream? lists the options; the prompt stands below"
            ) from error
        if given.output is not None and not given.output.isidentifier():
            raise UsageError(
                f"--output takes the name of a variable, got {given.output!r}; nothing was sent"
            )
        return given

    @property
    def _namespace(self) -> dict[str, Any]:
        shell: Any = self.shell
        namespace: dict[str, Any] = shell.user_ns
        return namespace

    def _expanded(self, text: str) -> str:
        """Put variables of the notebook into a prompt; a name that is not one stays as written.

        Raises:
            RequestError: One is almost the name of a variable.
        """
        mine = [name for name in self._namespace if not name.startswith("_")]

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            if name in self._namespace:
                return str(self._namespace[name])
            close = get_close_matches(name, mine, 1, _ALIKE)
            if close:
                meant = match[0].replace(name, close[0])
                raise RequestError(
                    f"prompt has {match[0]}, and there is no variable {name}; did you mean "
                    f"{meant}? Nothing was sent",
                    field="prompt",
                    value=text,
                )
            return match[0]

        return _NAME.sub(value, text)

    def _image(self, text: str) -> Any:
        """Return a variable of the notebook, or else the path or URL that the text is."""
        name = text.strip("{}$")
        return self._namespace.get(name, text) if name.isidentifier() else text


def _size(text: str | None) -> Any:
    """Return a size as `Request` takes it; ``2048x1536`` is a width and a height."""
    match = re.fullmatch(r"(\d+)\s*[x×,]\s*(\d+)", text or "")
    if match and min(int(match[1]), int(match[2])) > 21:  # 4x3 is a ratio
        return int(match[1]), int(match[2])
    return text


def _budget(words: str) -> Any:
    from seedream_widgets.api import budget

    amount, _, per = words.replace(" per ", " ").partition(" ")
    if amount in ("day", "month", "session"):
        return budget(per=amount)
    per = per.strip() or "session"
    if not amount:
        return budget()
    if amount.lower() == "none":
        return budget(None, per=per)
    try:
        usd = float(amount.removeprefix("$"))
    except ValueError as error:
        raise RequestError(
            f"%seedream budget takes an amount in US dollars or none, got {words!r:.40}",
            field="usd",
            value=words,
        ) from error
    return budget(usd, per=per)


def complete(shell: Any, event: Any) -> list[str]:
    """Offer options, and their values, after ``%%seedream``; commands after ``%seedream``."""
    line: str = event.line
    if not line.lstrip().startswith("%%"):
        _, *said = line.split()
        after = said[0] if said and (len(said) > 1 or line.endswith(" ")) else ""
        return list(_WORDS.get(after, ()) if after else COMMANDS)
    before = line.split()
    last = before[-1] if line.endswith(" ") else before[-2] if len(before) > 1 else ""
    if last == "--model":
        return list(MODELS)
    if last == "--size":
        return [*dict.fromkeys(ratio for ratio, _ in SIZES), "auto"]
    return [*_OPTIONS, "-o"]


def load(shell: Any) -> None:
    """Register the magics and their completion; ``%load_ext seedream_widgets`` calls it."""
    shell.register_magics(SeedreamMagics(shell))
    shell.set_hook("complete_command", complete, str_key="%%seedream")
    shell.set_hook("complete_command", complete, str_key="%seedream")
