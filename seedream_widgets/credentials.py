"""The fal key: where it is looked for, and how it is kept out of sight."""

from __future__ import annotations

import logging
import os
import re
import sys
from typing import Any, NoReturn

from seedream_widgets.errors import CredentialsError, running_shell

KEYS_PAGE = "https://fal.ai/dashboard/keys"
_LONGEST = 512
_AROUND = " \t\r\n\v\f\u00a0\u200b\ufeff"
"""White space, and the byte order mark that Windows editors put at the start of a file."""
_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019"}
_BEFORE = re.compile(r"\A(?:(?:export\s+|%env\s+)?FAL_KEY\s*=|Key\s+(?=\S))")
_log = logging.getLogger(__name__)
# A key typed by hand has to outlive the call that asked for it, for this process alone:
# in os.environ child processes would inherit it, and on disk it would stay.
_typed: Key | None = None


class Key:
    """A fal key that no repr, format, copy or pickle shows; equal by value."""

    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_value", value)

    @property
    def value(self) -> str:
        """The key itself, for the Authorization header alone."""
        return self._value

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Key can't be changed; make a new one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Key can't be changed; make a new one")

    def __repr__(self) -> str:
        return "<Key ***>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Key, self._value))

    def __copy__(self) -> Key:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Key:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Key can't be pickled: it would be readable in the file")


def find_key(key: str | Key | None = None, *, colab: bool = True) -> Key | None:
    """Return the fal key, or ``None`` where there is none.

    The first of: the argument, `login`, ``FAL_KEY``, ``FAL_KEY_ID`` with ``FAL_KEY_SECRET``,
    Colab's secret ``FAL_KEY``. Each call searches again.

    Args:
        key: The key itself, if known.
        colab: Whether to ask Colab, which blocks until the page answers: only from a cell.

    Raises:
        CredentialsError: The key found is malformed, or the argument is blank.
    """
    if isinstance(key, Key):
        return key
    if key is not None:
        return _read(key, "key") or _refuse_blank()
    return _typed or _from_environment() or (_from_colab() if colab else None)


def login(key: str | None = None) -> None:
    """Ask for the fal key with a hidden prompt and keep it until Python ends or `logout`.

    Nothing is written to disk or to the environment.

    Args:
        key: The key itself, where no prompt is possible. Your notebook then holds it.

    Raises:
        CredentialsError: The key is malformed, or can't be typed without being shown.
    """
    global _typed
    _typed = _read(_ask() if key is None else key, "key") or _refuse_blank()


def logout() -> None:
    """Forget the key given to `login`."""
    global _typed
    _typed = None


def _ask() -> str:
    import warnings
    from getpass import GetPassWarning, getpass

    try:
        with warnings.catch_warnings():
            # Without a terminal getpass would warn, then show what is typed.
            warnings.simplefilter("error", GetPassWarning)
            return getpass("fal key (hidden): ")
    except (GetPassWarning, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise CredentialsError(
            "the key can't be asked for without showing it here; set FAL_KEY before Python "
            "starts, or pass key="
        ) from error


def _refuse_blank() -> NoReturn:
    raise CredentialsError(
        f"key is blank; leave it out to use FAL_KEY, or copy one from {KEYS_PAGE}"
    )


def _from_environment() -> Key | None:
    if key := _read(os.environ.get("FAL_KEY", ""), "FAL_KEY"):
        return key
    name = _read(os.environ.get("FAL_KEY_ID", ""), "FAL_KEY_ID")
    secret = _read(os.environ.get("FAL_KEY_SECRET", ""), "FAL_KEY_SECRET")
    return Key(f"{name.value}:{secret.value}") if name and secret else None


def _from_colab() -> Key | None:
    # A script started from a Colab notebook can import google.colab but has nobody to ask.
    if "google.colab" not in sys.modules or "google.colab" not in str(running_shell()):
        return None
    try:
        from google.colab import userdata  # type: ignore[import-not-found, unused-ignore]

        found = userdata.get("FAL_KEY")
    except Exception as error:  # its own types, for a secret that is missing, denied or unanswered
        if type(error).__name__ != "SecretNotFoundError":
            _log.warning(
                "Colab's secret FAL_KEY is not open to this notebook (%s); press the key in "
                "Colab's sidebar, switch on its notebook access, then run this cell again",
                type(error).__name__,
            )
        return None
    return _read(found, "Colab's secret FAL_KEY") if isinstance(found, str) else None


def _unquoted(text: str) -> str:
    """Return a key without what ``%env``, ``--env-file`` or an editor leaves around it.

    A whole line of an ``.env`` file and the value of an Authorization header are accepted, too.
    """
    text = _BEFORE.sub("", text.strip(_AROUND)).strip(_AROUND)
    while len(text) > 1 and text[0] in _QUOTES and text[-1] == _QUOTES[text[0]]:
        text = text[1:-1].strip(_AROUND)
    return text


def _read(text: object, source: str) -> Key | None:
    """Return a stripped and checked key; ``None`` for a blank one."""
    if not isinstance(text, str):
        raise CredentialsError(f"{source} takes text, got {type(text).__name__}; give a str")
    text = _unquoted(text)
    if not text:
        return None
    if len(text) > _LONGEST or any(c in _QUOTES or not "!" <= c <= "~" for c in text):
        raise CredentialsError(
            f"{source} holds a space, a line break, a quote or another character that no fal key "
            f"has; copy it again from {KEYS_PAGE}"
        )
    return Key(text)
