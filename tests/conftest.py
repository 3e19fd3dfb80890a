"""What every test may lean on."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real development data; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(
            f"real data absent: {SHARED.parent.name}/{SHARED.name} is not beside the project"
        )
    return SHARED
