"""Whether heat maps point at the places that radiologists marked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.boxes import Box, mean_of_boxes, peak, read_boxes


def pointing(archive: Path, table: Path) -> dict[str, int]:
    """Count the boxes that hold the peak of their map, beside those that hold a centred guess.

    The guess is the place where most of the other patients' boxes of any finding lie: what a
    map would say that knows nothing of the film. No network was taught a box, and each map is
    of weights that never saw the film's patient, where there are such.

    Parameters
    ----------
    archive : pathlib.Path
        Written by `training.out_of_fold`.
    table : pathlib.Path
        ``BBox_List_2017.csv.gz``.

    Returns
    -------
    dict of str to int
        ``boxes``, ``apart`` (of patients whom the weights never saw); those that hold the
        ``peak``, the ``guess`` and the film's ``centre``.
    """
    boxes = read_boxes(table)
    of = {(box.film, box.finding): box for box in boxes}
    with np.load(archive, allow_pickle=False) as kept:
        films, findings = kept["boxed"].tolist(), kept["boxed_findings"].tolist()
        apart, maps = kept["boxed_apart"], kept["maps"]
    shown = [of[key] for key in zip(films, findings, strict=True)]
    return {
        "boxes": len(shown),
        "apart": int(apart.sum()),
        "peak": sum(box.holds(peak(heat)) for box, heat in zip(shown, maps, strict=True)),
        "centre": sum(box.holds((0.5, 0.5)) for box in shown),
        "guess": sum(box.holds(peak(mean_of_boxes(_others(boxes, box)))) for box in shown),
    }


def _others(boxes: list[Box], box: Box) -> list[Box]:
    patient = box.film.split("_")[0]
    return [other for other in boxes if other.film.split("_")[0] != patient]
