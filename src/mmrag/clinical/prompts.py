"""Prompt ensembles whose difference is each finding's direction in a text space."""

from __future__ import annotations

from mmrag.clinical.findings import load_findings

NORMAL = "No Finding"
"""Name of the chest without findings, as the NIH table writes it."""


def anchor_prompts() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Collect the ensembles.

    Returns
    -------
    dict of str to (tuple of str, tuple of str)
        Positive and negative prompts of each finding, and of `NORMAL`: its negatives are
        the positives of all findings.
    """
    table = load_findings()
    ensembles = {name: (f.positive, f.negative) for name, f in table.findings.items()}
    abnormal = tuple(prompt for positive, _ in ensembles.values() for prompt in positive)
    return ensembles | {NORMAL: (table.normal_prompts, abnormal)}
