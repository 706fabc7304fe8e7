from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seedream_widgets.batch.manifest import check_name
from seedream_widgets.errors import RequestError, ResultError
from seedream_widgets.files import NAME_BYTES, file_name, library_folder, put_in_place, user_path
from seedream_widgets.library import Library
from seedream_widgets.library.steps import FolderSteps

ROOT = Path(__file__).parents[1]
NO_HOME = """
import pwd
def nobody(_):
    raise KeyError("getpwuid(): uid not found: 54321")
pwd.getpwuid = nobody
"""
ASCII_ONLY = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}


def child(code: str, cwd: Path, **env: str) -> str:
    """Run code in a bare environment, as a container or a batch job has it."""
    python = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", f"exec({code!a})"],
        env={**python, **env},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_seedream_home_is_the_library(monkeypatch, tmp_path):
    monkeypatch.setenv("SEEDREAM_HOME", str(tmp_path / "home"))
    assert library_folder() == tmp_path / "home"


def test_a_tilde_is_the_users_home(monkeypatch):
    monkeypatch.setenv("SEEDREAM_HOME", "~/pictures")
    assert library_folder() == Path.home() / "pictures"


def test_otherwise_it_is_the_users_data_folder(monkeypatch):
    monkeypatch.delenv("SEEDREAM_HOME")
    assert library_folder().name == "seedream_widgets"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("लाल लोमड़ी बर्फ में", "लाल-लोमड़ी-बर्फ-में"),
        ("สุนัขจิ้งจอกสีแดง", "สุนัขจิ้งจอกสีแดง"),
        ("שָׁלוֹם, עולם", "שָׁלוֹם-עולם"),
        ("روباهی می‌خواهد", "روباهی-می‌خواهد"),  # a joiner inside a word stays
        ("क्‍ष‍ , x", "क्‍ष-x"),  # and goes at its end
        ("cafe\u0301", "caf\u00e9"),
        ("❤️ fox 1️⃣", "fox-1"),
        ("👩🏽‍🚀 fox", "fox"),
        ("a\ud83d fox", "a-fox"),
        ("İstanbul", "i̇stanbul"),
        ("\u0301\u0301", "seedream"),
        ("", "seedream"),
        ("x" * 39 + "e\u0323\u0301\u0323", "x" * 39),  # a letter keeps all its marks, or goes
        ("CON", "_con"),
        ("lpt1", "_lpt1"),
        ("conway", "conway"),
    ],
)
def test_names_keep_words_of_every_script_whole(text, name):
    assert file_name(text) == name


def test_a_device_of_windows_is_none_before_any_suffix_either():
    assert file_name("aux", ".tar.gz") == "_aux.tar.gz"
    assert file_name("aux", "-1.png") == "aux-1.png"


def test_no_name_ends_with_a_dot():
    assert file_name("fox", "-abc. .") == "fox-abc"


@pytest.mark.parametrize(
    "text", ["狐" * 200, "𠀀" * 200, "fox " * 100, "ก็" * 99, "e" + "\u0301" * 999]
)
@pytest.mark.parametrize("ending", ["", "-1.png", "-" + "0" * 128, "-" + "9" * 5000])
def test_a_name_fits_the_strictest_file_system(tmp_path, text, ending):
    name = file_name(text, ending)
    assert len(name.encode()) <= NAME_BYTES
    (tmp_path / name).touch()
    assert [each.name for each in tmp_path.iterdir()] == [name]


NAMES = """
from seedream_widgets.files import file_name
names = ["Füchse im Schnee", "雪の fox", "雪の中の赤い狐", "लोमड़ी"]
print(*[file_name(name, "-1.png") for name in names], sep="\\n")
"""


@pytest.mark.slow
def test_names_are_ascii_where_the_file_system_takes_nothing_else(tmp_path):
    names = child(NAMES, tmp_path, **ASCII_ONLY).splitlines()
    assert names == ["fuchse-im-schnee-1.png", "fox-1.png", "seedream-1.png", "seedream-1.png"]


GENERATE = """
import seedream_widgets as sd
result = sd.generate("雪の中の赤い狐", image_size=(1024, 1024), seed=3)
assert result.note is None, ascii(result.note)
assert result.files[0].path.is_file()
(saved,) = result.save("out")
assert saved.is_file()
print(len(sd.library.search("雪")), ascii(sd.library.search()[0].prompt[0]), saved)
"""


@pytest.mark.slow
def test_a_result_is_kept_and_saved_under_a_locale_without_utf_8(tmp_path):
    said = child(GENERATE, tmp_path, SEEDREAM_HOME=str(tmp_path / "home"), **ASCII_ONLY)
    assert said == r"1 '\u96ea' out/seedream-3-1.jpg"


KEEP = """
import seedream_widgets as sd
result = sd.generate("雪の中の赤い狐", image_size=(1024, 1024), seed=3)
sd.library.favourite(result)
print(result.cached, len(sd.library.search("雪", favourite=True)), len(sd.library.search()))
"""


@pytest.mark.parametrize("index", ["kept", "anew"])
def test_what_is_kept_under_one_locale_is_found_under_another(tmp_path, index):
    home = {"SEEDREAM_HOME": str(tmp_path / "home")}
    caches = [{"XDG_CACHE_HOME": str(tmp_path / each)} for each in ("a", "b", "c")]
    if index == "kept":
        caches = caches[:1] * 3
    assert child(KEEP, tmp_path, LC_ALL="C.UTF-8", **home, **caches[0]) == "False 1 1"
    assert child(KEEP, tmp_path, **ASCII_ONLY, **home, **caches[1]) == "True 1 1"
    assert child(KEEP, tmp_path, LC_ALL="C.UTF-8", **home, **caches[2]) == "True 1 1"
    (day,) = (tmp_path / "home" / "results").iterdir()
    assert [each.name[:7] for each in day.iterdir()] == ["雪の中の赤い狐"]


HOMELESS = f"""{NO_HOME}
import seedream_widgets as sd
for call in (sd.Studio, sd.Client, lambda: sd.generate("a fox"), lambda: sd.library):
    try:
        call()
    except sd.RequestError as error:
        assert "SEEDREAM_HOME" in str(error), error
    else:
        raise AssertionError(call)
"""


@pytest.mark.slow
def test_without_a_home_the_error_names_seedream_home(tmp_path):
    child(HOMELESS, tmp_path)


HOUSED = f"""{NO_HOME}
import seedream_widgets as sd
first = sd.generate("a fox", image_size=(1024, 1024), seed=3)
again = sd.generate("a fox", image_size=(1024, 1024), seed=3)
assert not first.cached and again.cached and not first.note and not again.note
assert len(sd.library.search("fox")) == 1
assert "sd.Client(library=" not in first.as_code()
assert "sd.Client(library=" in sd.Client(library="other").submit(sd.Request("b")).result().as_code()
sd.Studio()
"""


@pytest.mark.slow
def test_without_a_home_seedream_home_is_enough(tmp_path):
    child(HOUSED, tmp_path, SEEDREAM_HOME=str(tmp_path / "lib"))
    days = [path.name for path in (tmp_path / "lib" / "results").iterdir()]
    assert len(days) == 1


DELETED = """
import os
import seedream_widgets as sd
result = sd.generate("a fox", image_size=(1024, 1024), seed=3)
os.makedirs("gone")
os.chdir("gone")
os.rmdir("../gone")
calls = {
    "library": lambda: sd.Client(library="pictures"),
    "target": lambda: result.save("fox.png"),
    "file": lambda: sd.read_receipt("fox.png"),
    "images": lambda: sd.edit("fox.png", "at night"),
}
for field, call in calls.items():
    try:
        call()
    except sd.RequestError as error:
        assert error.field == field, (field, error.field)
        assert "working folder was deleted" in str(error), error
    else:
        raise AssertionError(field)
assert sd.generate("another fox", image_size=(1024, 1024)).note is None
"""


@pytest.mark.slow
def test_a_deleted_working_folder_is_named_and_keeps_no_absolute_path_from_working(tmp_path):
    child(DELETED, tmp_path, SEEDREAM_HOME=str(tmp_path / "home"))


def test_a_tilde_without_a_home_is_an_error_with_the_path(monkeypatch):
    with pytest.raises(RequestError, match=r"target is '~nobody-of-that-name/out'.*absolute"):
        user_path("~nobody-of-that-name/out", "target")


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_a_character_that_no_path_can_have_is_told(name, tmp_path):
    with pytest.raises(RequestError, match=r"target is .+ which holds a character"):
        user_path(name, "target")
    with pytest.raises(RequestError, match="no path can have here; remove it"):
        Library(tmp_path / name)
    assert user_path("a\udcffb", "target").name == "a\udcffb"  # bytes that are no UTF-8


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_a_name_that_no_file_can_have_is_in_no_library(name, tmp_path):
    library = Library(tmp_path)
    with pytest.raises(ResultError, match="no result"):
        library.get(name)
    with pytest.raises(RequestError, match="name of a batch takes"):
        check_name(name)


WITHOUT_SQLITE3 = """
import sys
sys.modules["sqlite3"] = sys.modules["_sqlite3"] = None
import logging
logging.disable(logging.WARNING)
import seedream_widgets as sd
result = sd.generate("a fox", image_size=(1024, 1024), seed=3)
assert result.note is None and result.files[0].path.is_file()
sd.Studio()
for call in (lambda: len(sd.library.search()), lambda: sd.library.get(result.request_id)):
    try:
        call()
    except sd.SeedreamError as error:
        assert "no sqlite3" in str(error) and sys.argv[-1] in str(error), error
    else:
        raise AssertionError(call)
"""


def test_without_sqlite3_results_are_kept_and_a_search_says_why_not(tmp_path):
    home = str(tmp_path / "home")
    code = WITHOUT_SQLITE3.replace("sys.argv[-1]", repr(home))
    child(code, tmp_path, SEEDREAM_HOME=home)


@pytest.mark.parametrize(("times", "number"), [(2, 32), (4, 5), (1, 33)])
def test_a_rename_that_windows_refuses_for_a_moment_is_tried_again(
    tmp_path, monkeypatch, times, number
):
    left, rename = [None] * times, os.replace

    def refusing(part, path):
        if left:
            left.pop()
            error = PermissionError(13, "in use by another process")
            error.winerror = number
            raise error
        rename(part, path)

    monkeypatch.setattr(os, "replace", refusing)  # only Windows itself would refuse it
    (tmp_path / "part").write_text("fox")
    put_in_place(tmp_path / "part", tmp_path / "whole")
    assert (tmp_path / "whole").read_text() == "fox"


@pytest.mark.parametrize("how", ["delete", "read"])
def test_an_entry_that_another_process_has_open_on_windows_is_waited_for(
    tmp_path, monkeypatch, how
):
    call = {"delete": "unlink", "read": "open"}[how]
    left, real = [None] * 3, getattr(os, call)

    def refusing(path, *more, **named):
        if left and str(path).endswith("entry"):
            left.pop()
            error = PermissionError(13, "in use by another process")
            error.winerror = 32
            raise error
        return real(path, *more, **named)

    steps = FolderSteps(tmp_path)
    steps.create("journal/entry", b"fox")
    monkeypatch.setattr(os, call, refusing)  # only Windows itself would refuse it
    if how == "delete":
        assert steps.delete("journal/entry")
        assert not steps.delete("journal/entry")
    else:
        assert steps.read("journal/entry", 100).data == b"fox"
    assert not left


def test_a_rename_that_is_refused_for_good_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        put_in_place(tmp_path / "none", tmp_path / "whole")
