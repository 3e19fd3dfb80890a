"""The public names, and the errors that the docstring draws."""

from __future__ import annotations

import inspect
import subprocess
import sys

import mmrag
from mmrag import errors


def test_every_public_name_is_there_and_sorted() -> None:
    assert mmrag.__all__ == sorted(mmrag.__all__)
    assert all(hasattr(mmrag, name) for name in mmrag.__all__)


def test_every_error_is_public_and_drawn_in_the_tree() -> None:
    drawn = {word.strip("│├└─ ") for word in (errors.__doc__ or "").split()}
    classes = {
        name
        for name, member in inspect.getmembers(errors, inspect.isclass)
        if issubclass(member, Exception)
    }
    assert classes <= drawn
    assert classes == set(errors.__all__)
    assert classes <= set(mmrag.__all__)


def test_exit_codes_follow_the_tree() -> None:
    for name in errors.__all__:
        error = getattr(errors, name)
        expected = (
            2
            if issubclass(error, errors.InputError)
            else 3
            if issubclass(error, errors.OutsideError)
            else 1
        )
        assert error.exit_code == expected, name


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, mmrag, mmrag.cli; "
        "heavy = {'torch', 'transformers', 'fastapi', 'uvicorn', 'openvino', 'onnxruntime'}; "
        "heavy &= set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
