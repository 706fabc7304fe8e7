"""A batch and a library as data: typed tables, Parquet, image folders that others read."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import textwrap
import zipfile
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import seedream_widgets as sd
from seedream_widgets.batch.batch import make
from seedream_widgets.files import in_place_of
from seedream_widgets.jobs.client import Client
from seedream_widgets.library.table import COLUMNS
from seedream_widgets.testing import ScriptedBackend
from tests.image_files import encoded, noise
from tests.values.test_result import make as result_of

FOXES = {"prompt": "a {colour} fox", "colour": ["red", "<b>blue</b>"], "seed": [1, 2]}


@pytest.fixture
def client(tmp_path) -> Client:
    return Client(ScriptedBackend("fal"), library=tmp_path / "library")


@pytest.fixture
def batch(client):
    return make(client, **FOXES).run(progress=False)


def test_a_table_has_typed_columns_and_the_axes_first(batch, client):
    client.library.favourite(client.library[0])
    client.library.rate(client.library[0], 5)
    table = batch.to_pandas()
    assert list(table.columns) == ["colour", *COLUMNS]
    told = {name: str(kind) for name, kind in table.dtypes.items() if name in COLUMNS}
    assert told == {**COLUMNS, "cost": "object"}
    assert list(table["colour"]) == ["red", "red", "<b>blue</b>", "<b>blue</b>"]
    assert {type(cost) for cost in table["cost"]} == {Decimal}
    assert (table["favourite"].sum(), table["rating"].max()) == (1, 5)
    assert table["sha256"].str.len().eq(64).all()
    assert (table["total_seconds"] >= table["fetch_seconds"]).all()


def test_pandas_makes_a_row_of_each_result_in_a_list(tmp_path):
    one = result_of(tmp_path / "1", encoded(noise(8, 6), "PNG"), seed=1)
    two = result_of(tmp_path / "2", *[encoded(noise(8, 6), "PNG")] * 2, num_images=2, seed=2)
    table = pd.DataFrame([one, two])
    assert table["request_id"].tolist() == [one.request_id, two.request_id]
    assert table["seed"].tolist() == [one.seed, two.seed]
    assert [len(files) for files in table["files"]] == [1, 2]
    assert not [name for name in table.columns if name.startswith("_")]
    table["result"] = [one, two]
    table.loc[0, "result"] = two  # one value, though it has two pictures
    assert table["result"].tolist() == [two, two]


def test_a_library_is_a_table_newest_first(batch, client):
    table = client.library.to_pandas()
    assert list(table.columns) == list(COLUMNS)
    assert list(table["request_id"]) == [entry.request_id for entry in client.library]
    assert table["created"].is_monotonic_decreasing
    (client.library[0].folder / "receipt.json").write_text("{")
    assert len(client.library.to_pandas()) >= 3


def test_in_a_notebook_a_table_shows_its_pictures_and_escapes_the_rest(batch):
    table = batch.to_pandas()
    html = table._repr_html_()
    assert html.count("<img") == 4
    assert "<b>blue" not in html
    assert "&lt;b&gt;blue" in html
    assert table[table["colour"] == "red"]._repr_html_().count("<img") == 2
    assert "<img" not in table[["seed"]]._repr_html_()
    assert pickle.loads(pickle.dumps(table)).equals(table)


def test_a_long_table_shows_its_ends(batch):
    table = pd.concat([batch.to_pandas()] * 10, ignore_index=True)
    html = table._repr_html_()
    assert html.count("<img") == 20
    assert "40 rows ×" in html


def test_it_goes_through_parquet_with_exact_costs(batch, tmp_path):
    table = batch.to_arrow()
    assert table.schema.field("cost").type == pa.decimal128(18, 6)
    parquet.write_table(table, tmp_path / "foxes.parquet")
    again = parquet.read_table(tmp_path / "foxes.parquet")
    assert again.equals(table)
    assert again["cost"].to_pylist() == [Decimal("0.03")] * 4
    assert again["created"].type == pa.timestamp("us", "UTC")


LOAD = """
import sys, datasets
folder = sys.argv[1]
for loaded in (
    datasets.load_dataset(folder),
    datasets.load_dataset("imagefolder", data_dir=folder),
    datasets.load_dataset("imagefolder", data_files=folder + "/train/*"),
):
    rows = loaded["train"]
    told = [(row["image"].size, row["prompt"], row["colour"]) for row in rows]
    print(told)
"""


@pytest.mark.slow
def test_other_programs_read_an_image_folder_by_its_name_and_by_its_files(batch, tmp_path):
    folder = batch.export(tmp_path / "out", format="imagefolder")
    env = {**os.environ, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LOAD), str(folder)],
        capture_output=True, text=True, env=env, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    by_name, by_folder, by_files = done.stdout.splitlines()
    assert by_name == by_folder == by_files
    size = batch[0].result.files[0].width, batch[0].result.files[0].height
    assert f"({size}, 'a red fox', 'red')" in by_name


def test_a_zip_holds_pictures_and_receipts(batch, tmp_path):
    path = batch.export(tmp_path / "foxes.zip", format="zip")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        receipts = [json.loads(archive.read(name)) for name in names if name.endswith(".json")]
    assert len(receipts) == 4 == len(names) / 2
    assert not list(tmp_path.glob("*.part"))


def test_two_that_write_one_file_at_once_do_not_hurt_each_other(batch, tmp_path):
    path = tmp_path / "foxes.zip"
    with in_place_of(path) as others:
        others.write_bytes(b"half of another one")
        batch.export(path, format="zip")
        assert others.read_bytes() == b"half of another one"
    assert path.read_bytes() == b"half of another one"
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize(
    ("module", "work", "words"),
    [
        ("pandas", "to_pandas", r"a DataFrame needs pandas, .*\[pandas\]"),
        ("pyarrow", "to_arrow", r"an Arrow table needs pyarrow, .*\[pandas\]"),
    ],
)
def test_a_missing_package_is_told_with_its_extra(batch, monkeypatch, module, work, words):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(sd.MissingPackageError, match=words):
        getattr(batch, work)()


def test_a_failed_cell_has_a_row_with_its_error(client):
    client.backend.errors["submit"] = sd.BackendError("fal is away", billing="no")
    table = make(client, **FOXES).run(progress=False).to_pandas()
    assert list(table["error"]) == ["fal is away"] * 4
    assert table["path"].isna().all()
    assert "<img" not in table._repr_html_()
    parquet.write_table(make(client, **FOXES).to_arrow(), io.BytesIO())
