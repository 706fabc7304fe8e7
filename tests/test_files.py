from __future__ import annotations

from pathlib import Path

from seedream_widgets.files import library_folder


def test_seedream_home_is_the_library(monkeypatch, tmp_path):
    monkeypatch.setenv("SEEDREAM_HOME", str(tmp_path / "home"))
    assert library_folder() == tmp_path / "home"


def test_a_tilde_is_the_users_home(monkeypatch):
    monkeypatch.setenv("SEEDREAM_HOME", "~/pictures")
    assert library_folder() == Path.home() / "pictures"


def test_otherwise_it_is_the_users_data_folder(monkeypatch):
    monkeypatch.delenv("SEEDREAM_HOME")
    assert library_folder().name == "seedream_widgets"
