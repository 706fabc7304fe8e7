"""The tree of errors, and what each carries."""

from __future__ import annotations

import copy
import inspect
import pickle
import re

import pytest

from seedream_widgets import errors

CLASSES = {
    name: value
    for name, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, Exception) and not issubclass(value, Warning)
}


def test_the_tree_in_the_docstring_is_the_real_one():
    drawn, path = {}, []
    for line in errors.__doc__.splitlines():
        if match := re.match(r"( *)([A-Z]\w+(?:Error|Cancelled|Timeout))\b", line):
            path[len(match[1]) // 2 :] = [match[2]]
            drawn[match[2]] = path[-2] if len(path) > 1 else None
    assert drawn.pop("SeedreamError") is None
    assert drawn == {
        name: value.__bases__[0].__name__
        for name, value in CLASSES.items()
        if name != "SeedreamError"
    }


@pytest.mark.parametrize(
    ("error", "builtin"),
    [("RequestError", ValueError), ("ImageInputError", ValueError), ("JobTimeout", TimeoutError)],
)
def test_builtin_bases(error, builtin):
    assert issubclass(CLASSES[error], builtin)


@pytest.mark.parametrize("again", [copy.copy, lambda e: pickle.loads(pickle.dumps(e))])
@pytest.mark.parametrize(
    "error",
    [
        errors.RequestError("wrong", field="seed", value=-1),
        errors.ImageInputError("no image", value="x"),
        errors.CredentialsError("no key", status_code=401),
        errors.ContentRejectedError(
            "refused",
            status_code=422,
            request_id="r1",
            error_type="content_policy_violation",
            billing="maybe",
            field="prompt",
            details=({"loc": ["body"]},),
        ),
        errors.JobCancelled("stopped", billing="no"),
        errors.JobTimeout("late"),
        errors.MissingPackageError("a table", "pandas", "pandas"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_a_process_border(error, again):
    other = again(error)
    assert type(other) is type(error)
    assert (str(other), vars(other)) == (str(error), vars(error))


@pytest.mark.parametrize(
    "file",
    [
        errors.__file__,
        "/home/a/.local/lib/python3.11/site-packages/zmq/socket.py",
        "zmq/backend/cython/_zmq.py",
        "<frozen runpy>",
    ],
    ids=["ours", "a user's packages", "compiled", "frozen"],
)
def test_an_error_names_the_users_line_and_no_packages(file):
    inner = {}
    exec(compile("def fail():\n    raise error", file, "exec"), inner)
    error = inner["error"] = errors.BackendError("away")
    try:
        inner["fail"]()
    except errors.BackendError:
        shown = error._render_traceback_()
    assert shown[0] == "BackendError: away"
    assert shown[1].startswith(f"  {__file__}, line ")
    assert shown[2:] == ['    inner["fail"]()']


def test_defaults():
    assert vars(errors.BackendError("x")) == {
        "status_code": None, "request_id": None, "error_type": None,
        "billing": "no", "field": None, "details": (),
    }  # fmt: skip
    assert errors.JobCancelled("x").billing == "maybe"
    assert errors.ImageInputError("x").field == "images"
