"""What is installed, and what is in the bundle: pinned, whole, known, and running no scripts."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYTHON = (ROOT / "requirements-dev.txt", ROOT / "tests" / "hosts" / "colab-requirements.txt")
NODE = (ROOT / "js", ROOT / "tests" / "hosts" / "web")
LICENCES = ("MIT", "Apache", "BSD", "ISC", "PSF", "Mozilla Public License 2.0", "MPL-2.0", "0BSD")
# Its metadata names none; its repository is under Apache-2.0.
UNNAMED = {"fal-client"}


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: path.name)
def test_every_python_package_is_pinned(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 30
    for line in lines:
        required = Requirement(line)
        assert required.url is None
        assert [each.operator for each in required.specifier] == ["=="], line
        assert "*" not in str(required.specifier)


@cache
def runtime() -> dict[str, Any]:
    """Return the metadata of what a user installs, by name."""
    found: dict[str, Any] = {}
    pending = ["seedream-widgets"]
    while pending:
        name = canonicalize_name(pending.pop())
        if name not in found:
            found[name] = distribution(name)
            needs = [Requirement(each) for each in found[name].requires or ()]
            pending += [
                each.name
                for each in needs
                if each.marker is None or each.marker.evaluate({"extra": ""})
            ]
    del found["seedream-widgets"]
    return found


def test_what_users_get_is_among_the_pinned() -> None:
    pinned = {
        canonicalize_name(Requirement(line).name) for line in PYTHON[0].read_text().splitlines()
    }
    assert {"httpx", "pillow"} <= runtime().keys() <= pinned


def test_its_licences_let_anybody_use_it() -> None:
    for name, installed in runtime().items():
        about = installed.metadata
        named = [about.get("License-Expression"), (about.get("License") or "")[:60]]
        named += [each for each in about.get_all("Classifier", []) if each.startswith("License")]
        known = any(licence in each for each in named if each for licence in LICENCES)
        assert known or name in UNNAMED, (name, named)


def locked(folder: Path) -> dict[str, dict[str, Any]]:
    lock = json.loads((folder / "package-lock.json").read_text())
    packages: dict[str, dict[str, Any]] = lock["packages"]
    assert lock["lockfileVersion"] == 3
    return {name: package for name, package in packages.items() if name}


@pytest.mark.parametrize("folder", NODE, ids=lambda folder: folder.name)
def test_every_node_package_is_pinned_and_whole_and_runs_nothing(folder: Path) -> None:
    asked = json.loads((folder / "package.json").read_text())
    assert not {"preinstall", "install", "postinstall", "prepare"} & asked["scripts"].keys()
    versions = {**asked.get("dependencies", {}), **asked["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values()), versions
    assert "ignore-scripts=true" in (folder / ".npmrc").read_text().splitlines()
    packages = locked(folder)
    assert len(packages) > 100
    for name, package in packages.items():
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", package["integrity"]), name
        assert not {"resolved", "link"} & package.keys(), name


@pytest.mark.slow
def test_the_bundle_is_preact_and_ours(tmp_path: Path) -> None:
    js, meta = NODE[0], tmp_path / "meta.json"
    command = [js / "node_modules" / ".bin" / "esbuild", "src/index.tsx", "src/styles/index.css"]
    options = ["--bundle", "--format=esm", "--log-level=warning", "--inject:preact"]
    places = [f"--metafile={meta}", f"--outdir={tmp_path / 'out'}"]
    subprocess.run([*command, *options, *places], cwd=js, check=True, timeout=200)
    built = json.loads(meta.read_text())
    others = {path for path in built["inputs"] if not path.startswith("src/")}
    packages = {"/".join(path.split("/")[:2]) for path in others}
    assert packages == {"node_modules/preact"}
    outputs = built["outputs"].values()
    assert [each for output in outputs for each in output["imports"] if each.get("external")] == []
    shipped = {name for name, package in locked(js).items() if not package.get("dev")}
    assert shipped == packages  # `make audit` asks for what is no devDependency
    assert locked(js)["node_modules/preact"]["license"] == "MIT"
