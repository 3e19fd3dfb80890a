"""Settings from the environment."""

from __future__ import annotations

import pytest

from mmrag.settings import Settings


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MMRAG_HOME", "MMRAG_DSN", "MMRAG_ENCODER"):
        monkeypatch.delenv(name, raising=False)
    unset = Settings()
    for name in ("MMRAG_HOME", "MMRAG_DSN", "MMRAG_ENCODER"):
        monkeypatch.setenv(name, "")
    assert Settings() == unset
