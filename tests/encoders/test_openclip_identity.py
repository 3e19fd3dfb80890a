from __future__ import annotations

from dataclasses import replace

import pytest

from mmrag.encoders import openclip_identity
from mmrag.encoders.framing import Framing
from mmrag.encoders.openclip_identity import Identity

FRAMING = Framing.of(224, {})
IDENTITY = Identity("biomedclip", 512, 256, FRAMING, "w" * 64, "t" * 64)


def test_whatever_changes_vectors_changes_the_fingerprint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [
        IDENTITY.fingerprint("fp32"),
        IDENTITY.fingerprint("bf16"),
        IDENTITY.fingerprint("int8", "calibration 1"),
        IDENTITY.fingerprint("int8", "calibration 2"),
        replace(IDENTITY, weights="v" * 64).fingerprint("fp32"),
        replace(IDENTITY, tokenizer="u" * 64).fingerprint("fp32"),
        replace(IDENTITY, context=77).fingerprint("fp32"),
        replace(IDENTITY, framing=replace(FRAMING, mean=(0.5, 0.5, 0.5))).fingerprint("fp32"),
        replace(IDENTITY, framing=replace(FRAMING, resize_mode="squash")).fingerprint("fp32"),
    ]
    monkeypatch.setattr(openclip_identity, "anchor_prompts", lambda: {"Mass": (("a",), ("b",))})
    names.append(IDENTITY.fingerprint("fp32"))
    assert len(set(names)) == len(names)


def test_is_the_same_every_time() -> None:
    assert IDENTITY.fingerprint("fp32") == replace(IDENTITY).fingerprint("fp32")
