from __future__ import annotations

import pytest

from mmrag.encoders.compact import CompactEncoder


@pytest.fixture(scope="session")
def compact() -> CompactEncoder:
    return CompactEncoder()
