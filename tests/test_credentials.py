from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from seedream_widgets.credentials import Key, find_key, login, logout
from seedream_widgets.errors import CredentialsError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FAL_KEY", "FAL_KEY_ID", "FAL_KEY_SECRET"):
        monkeypatch.delenv(name, raising=False)
    logout()


def test_a_key_is_never_shown() -> None:
    key = Key("id:secret")
    shown = f"{key} {key!r} {key!s} {[key]} %s" % key
    assert "secret" not in shown
    assert not hasattr(key, "__dict__")
    assert key.value == "id:secret"


def test_a_key_is_a_frozen_value() -> None:
    key = Key("id:secret")
    assert key == Key("id:secret")
    assert key != Key("other")
    assert key != "id:secret"
    assert len({key, Key("id:secret")}) == 1
    assert copy.deepcopy(key) is copy.copy(key) is key
    with pytest.raises(AttributeError, match="can't be changed"):
        key._value = "x"
    with pytest.raises(AttributeError, match="can't be changed"):
        del key._value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_key_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(Key("id:secret"), protocol)


def test_order(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_key() is None
    monkeypatch.setenv("FAL_KEY_ID", "id")
    assert find_key() is None
    monkeypatch.setenv("FAL_KEY_SECRET", " secret\n")
    assert find_key() == Key("id:secret")
    monkeypatch.setenv("FAL_KEY", " \n")
    assert find_key() == Key("id:secret")
    monkeypatch.setenv("FAL_KEY", "environment\n")
    assert find_key() == Key("environment")
    login("typed")
    assert find_key() == Key("typed")
    assert find_key(" given ") == Key("given")
    assert find_key(Key("given")) == Key("given")
    logout()
    assert find_key() == Key("environment")


@pytest.mark.parametrize(
    "given",
    ['"id:secret"', "'id:secret'", "“id:secret”", "`id:secret`", "\"'id:secret'\"\r\n",
     "\ufeffid:secret", " ' id:secret ' "],
)  # fmt: skip
def test_quotes_around_a_key_are_none_of_it(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_key(given) == Key("id:secret")
    monkeypatch.setenv("FAL_KEY", given)
    assert find_key() == Key("id:secret")
    monkeypatch.delenv("FAL_KEY")
    monkeypatch.setenv("FAL_KEY_ID", given.replace(":secret", ""))
    monkeypatch.setenv("FAL_KEY_SECRET", given.replace("id:", ""))
    assert find_key() == Key("id:secret")


@pytest.mark.parametrize(
    "given",
    [
        "FAL_KEY=id:secret",
        'export FAL_KEY="id:secret"',
        "%env FAL_KEY = id:secret",
        "Key id:secret",
    ],
)
def test_a_whole_line_that_sets_the_key_is_understood(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAL_KEY", given)
    assert find_key() == Key("id:secret")


def test_quotes_around_nothing_are_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAL_KEY", '""')
    assert find_key() is None


@pytest.mark.parametrize(
    "bad", ["two words", "line\nbreak", "näh", "a\x00b", "x" * 600, "“half", "a'b", '"a" "b"']
)
def test_what_can_be_no_key_is_refused_and_not_shown(
    bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAL_KEY", bad) if "\0" not in bad else None
    for ask in (lambda: find_key(bad), lambda: login(bad)):
        with pytest.raises(CredentialsError, match="no fal key has") as caught:
            ask()
        assert bad not in str(caught.value)
        assert caught.value.__cause__ is None
    if "\0" not in bad:
        with pytest.raises(CredentialsError, match=r"^FAL_KEY holds"):
            find_key()


def test_a_blank_or_foreign_argument_is_refused() -> None:
    with pytest.raises(CredentialsError, match="key is blank"):
        find_key("  ")
    with pytest.raises(CredentialsError, match="key is blank"):
        login("")
    with pytest.raises(CredentialsError, match="takes text, got int"):
        find_key(7)  # type: ignore[arg-type]


def test_login_asks_with_a_hidden_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: " typed\n")
    login()
    assert find_key() == Key("typed")


@pytest.mark.slow
def test_login_never_shows_what_is_typed() -> None:
    code = (
        "import seedream_widgets.credentials as c\ntry: c.login()\nexcept Exception as e: print(e)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        input="visible\n", capture_output=True, text=True, start_new_session=True, check=True,
    )  # fmt: skip
    assert "can't be asked for without showing it" in done.stdout


COLAB = """
    import builtins, os, sys
    from IPython.core.interactiveshell import InteractiveShell
    import google.colab
    class Shell(InteractiveShell):
        def __str__(self): return "<google.colab._shell.Shell object>"
    from seedream_widgets.credentials import find_key
    assert find_key() is None, "a script has nobody to ask"
    Shell.instance()
    class SecretNotFoundError(Exception): pass
    class NotebookAccessError(Exception): pass
    answers = [SecretNotFoundError(), NotebookAccessError("a secret"), "", " colab\\n"]
    google.colab.userdata.get = lambda name: give(name)
    def give(name):
        assert name == "FAL_KEY"
        answer = answers.pop(0)
        if isinstance(answer, Exception): raise answer
        return answer
    assert [find_key() for _ in range(3)] == [None] * 3
    assert find_key().value == "colab"
    os.environ["FAL_KEY"] = "environment"
    assert find_key().value == "environment"
"""


@pytest.mark.slow
def test_the_secret_of_colab_is_asked_for_each_time(tmp_path: Path) -> None:
    package = tmp_path / "google" / "colab"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from google.colab import userdata\n")
    (package / "userdata.py").write_text("def get(name): raise KeyError(name)\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{textwrap.dedent(COLAB)}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("FAL_KEY is not open to this notebook (NotebookAccessError)") == 1
    assert "SecretNotFoundError" not in done.stderr
    assert "a secret" not in done.stderr
