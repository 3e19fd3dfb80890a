"""Ranking methods, each one function of its own; a new one is added to `METHODS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmrag.evaluation.methods.base import Evidence, Method, Scores
from mmrag.evaluation.methods.bm25 import bm25
from mmrag.evaluation.methods.chance import chance
from mmrag.evaluation.methods.label_filter import label_filter, label_filter_then_pixels
from mmrag.evaluation.methods.less_evidence import (
    hard_plain_sum,
    own_label_only,
    unequal_terms,
    with_neighbours,
    without_cross_pixels,
    without_history,
)
from mmrag.evaluation.methods.other_fusion import centred_fusion, soft_label_fusion
from mmrag.evaluation.methods.plain import label_text_only, pixels_only, plain_fusion
from mmrag.evaluation.methods.product import product

__all__ = ["LABEL_ONLY", "METHODS", "PRODUCT", "Evidence", "Method", "Scores"]

PRODUCT = "mmrag"
"""What `mmrag search` does; the others are compared with it."""

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "random": chance,
        "label filter": label_filter,
        "label filter, then pixels": label_filter_then_pixels,
        "BM25 of descriptions": bm25,
        "label text only": label_text_only,
        "pixels only": pixels_only,
        "plain fusion .7/.3": plain_fusion,
        "plain fusion, centred": centred_fusion,
        "soft-label fusion": soft_label_fusion,
        "evidence, hard plain sum": hard_plain_sum,
        "evidence, own label only": own_label_only,
        "evidence without cross pixels": without_cross_pixels,
        "evidence, unequal terms": unequal_terms,
        "evidence without history": without_history,
        "evidence + neighbours": with_neighbours,
        PRODUCT: product,
    }
)
"""By the name that the report prints, in its order."""

LABEL_ONLY = ("label filter", "BM25 of descriptions", "label text only")
"""Methods that see labels alone: false labels must bring them down to chance."""
