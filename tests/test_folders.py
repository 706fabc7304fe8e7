"""Where files go."""

from __future__ import annotations

from pathlib import Path

from seedream_widgets.folders import results_folder


def test_the_environment_decides(tmp_path):
    assert results_folder() == tmp_path / "results"


def test_a_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("SEEDREAM_HOME", "~/pictures")
    assert results_folder() == Path.home() / "pictures" / "results"


def test_else_the_users_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SEEDREAM_HOME", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = results_folder()
    assert folder.parts[-2:] == ("seedream_widgets", "results")
    assert folder.is_absolute()
    assert not folder.exists()
