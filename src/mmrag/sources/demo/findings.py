"""The fourteen findings, each drawn as its textbook sign.

What each one looks like follows the Fleischner Society's glossary of terms for thoracic
imaging (Hansell et al., Radiology 2008;246:697); how strongly is chosen by eye.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mmrag.sources.demo.anatomy import (
    LEFT,
    RIGHT,
    Anatomy,
    Plane,
    Point,
    Scene,
    Sketch,
    X,
    Y,
    clouds,
    ellipse,
    sign,
    step,
    wall,
    wall_distance,
)

Rng = np.random.Generator


def reshape(anatomy: Anatomy, finding: str, side: int, severity: float) -> Anatomy:
    """Change the body where a finding does: size of the heart, height of the diaphragm.

    Parameters
    ----------
    anatomy : Anatomy
    finding : str
        One of the fourteen.
    side : int
        `RIGHT` or `LEFT`, for findings that have one.
    severity : float
        0 to 1.
    """
    drop = list(anatomy.side_drop)
    if finding == "Cardiomegaly":
        return replace(
            anatomy,
            heart=anatomy.heart * 1.08,
            narrowing=anatomy.narrowing * (1.35 + 0.2 * severity),
        )
    if finding == "Emphysema":
        return replace(
            anatomy,
            base=anatomy.base + 0.12 + 0.08 * severity,
            doming=0.25,
            narrowing=anatomy.narrowing * 0.72,
            lucency=anatomy.lucency * 1.05,
            vessels=anatomy.vessels * 0.5,
            rib_slope=anatomy.rib_slope * 0.6,
        )
    if finding == "Atelectasis":
        drop[side] -= 0.10 + 0.08 * severity
        return replace(
            anatomy,
            side_drop=(drop[0], drop[1]),
            shift=anatomy.shift + sign(side) * (0.02 + 0.03 * severity),
        )
    if finding == "Fibrosis":
        return replace(anatomy, base=anatomy.base - 0.06 - 0.06 * severity)
    if finding == "Edema":
        return replace(anatomy, heart=anatomy.heart * 1.06, vessels=anatomy.vessels * 1.35)
    if finding == "Pneumothorax":
        return replace(anatomy, shift=anatomy.shift - sign(side) * 0.05 * severity)
    return anatomy


def draw(scene: Scene, finding: str, side: int, severity: float, rng: Rng) -> None:
    """Draw a finding into a scene.

    Parameters
    ----------
    scene : Scene
        Changed in place.
    finding : str
        One of the fourteen.
    side : int
        `RIGHT` or `LEFT`, for findings that have one.
    severity : float
        0 to 1.
    rng : numpy.random.Generator
    """
    # An enlarged heart is all in `reshape`.
    if finding != "Cardiomegaly":
        _DRAWN[finding](scene, _Case(side, severity, rng))


@dataclass(frozen=True, slots=True)
class _Case:
    side: int
    severity: float
    rng: Rng

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))


def _place(scene: Scene, side: int, outward: float, height: float) -> Point:
    """Find a point in a lung by its share of the way to the wall and of the way down."""
    anatomy = scene.anatomy
    floor = anatomy.base + anatomy.side_drop[side]
    y = anatomy.apex + height * (floor - anatomy.apex)
    reach = float(wall(anatomy, np.array([y], np.float32))[0])
    return sign(side) * (0.16 + outward * (reach - 0.16)), y


def _blotch(rng: Rng, centre: Point, axes: Point, rough: float) -> Plane:
    """Draw an opacity with an irregular edge, 0 to 1."""
    outline = ellipse(centre, axes) + rough * min(axes) * clouds(rng, 10)
    return step(outline, 0.16 * min(axes))


def _atelectasis(scene: Scene, case: _Case) -> None:
    plates = Sketch(0.009)
    for number in range(2 + round(2 * case.severity)):
        x, y = _place(scene, case.side, case.between(0.35, 0.6), 0.90 - 0.10 * number)
        half, tilt = case.between(0.14, 0.24), float(case.rng.normal(0.0, 0.05))
        plates.line([(x - half, y + tilt), (x + half, y - tilt)], 0.024, 0.95)
    scene.density += 0.28 * plates.plane() * np.minimum(scene.lungs * 2.0, 1.0)
    wedge = step(0.16 - (scene.floors[case.side] - Y), 0.05) * step(
        0.42 - sign(case.side) * X, 0.05
    )
    scene.fill(0.55 * case.severity * wedge * (sign(case.side) * X > 0))


def _consolidation(scene: Scene, case: _Case) -> None:
    if case.rng.random() < 0.5:
        # Upper lobe, sharply bounded below by the fissure.
        x, y = _place(scene, case.side, 0.55, 0.22)
        _, fissure = _place(scene, case.side, 0.5, 0.45)
        lobe = step(ellipse((x, y), (0.42, 0.36)), 0.05) * step(fissure - Y, 0.006)
    else:
        x, y = _place(scene, case.side, 0.5, 0.82)
        lobe = _blotch(case.rng, (x, y), (0.34, 0.28), 0.12)
    share = (0.72 + 0.25 * case.severity) * lobe * (sign(case.side) * X > 0)
    scene.fill(share * (1.0 - 0.4 * _bronchogram(scene, case.side, (x, y), case.rng)))


def _bronchogram(scene: Scene, side: int, centre: Point, rng: Rng) -> Plane:
    tubes = Sketch(0.006)
    hilum = (sign(side) * 0.2, scene.anatomy.base - 0.40)
    for _ in range(4):
        end = (centre[0] + float(rng.normal(0, 0.09)), centre[1] + float(rng.normal(0, 0.09)))
        middle = ((hilum[0] + end[0]) / 2 + float(rng.normal(0, 0.02)), (hilum[1] + end[1]) / 2)
        tubes.line([hilum, middle, end], 0.016, 1.0)
    return tubes.plane()


def _edema(scene: Scene, case: _Case) -> None:
    wings = np.zeros_like(scene.filled)
    for each in (RIGHT, LEFT):
        centre = (sign(each) * 0.34, scene.anatomy.base - 0.36)
        wings += step(ellipse(centre, (0.30, 0.42)) + 0.03 * clouds(case.rng, 12), 0.09)
    scene.fill((0.38 + 0.32 * case.severity) * wings * (1.0 + 0.22 * clouds(case.rng, 32)))
    lines = Sketch(0.005)
    for each in (RIGHT, LEFT):
        for number in range(9):
            x, y = _place(scene, each, 0.97, 0.68 + 0.035 * number)
            lines.line([(x, y), (x - sign(each) * 0.09, y + 0.004)], 0.007, 1.0)
    scene.density += 0.20 * lines.plane() * np.minimum(scene.lungs * 2.0, 1.0)


def _effusion(scene: Scene, case: _Case) -> None:
    anatomy = scene.anatomy
    across = sign(case.side) * X
    level = anatomy.base + anatomy.side_drop[case.side] + 0.02 - 0.30 * case.severity
    reach = np.clip((across - 0.14) / (anatomy.half_width - 0.14), 0.0, 1.0)
    # The meniscus climbs steeply along the chest wall and a little along the mediastinum.
    surface = level - (0.20 + 0.12 * case.severity) * reach**3 - 0.04 * (1.0 - reach) ** 4
    fluid = step(Y - surface, 0.018) * (across > 0.0)
    scene.fill(0.97 * fluid)
    # As bright as the abdomen below, so that the diaphragm disappears.
    above = 1.0 - step(Y - anatomy.base - 0.12, 0.06)
    here = step(wall_distance(anatomy, case.side), 0.01) * step(across - 0.15, 0.05)
    scene.density += 0.30 * fluid * above * here


def _emphysema(scene: Scene, case: _Case) -> None:
    rims = Sketch(0.005)
    for each in (RIGHT, LEFT):
        for _ in range(1 + round(2 * case.severity)):
            x, y = _place(scene, each, case.between(0.4, 0.75), case.between(0.12, 0.4))
            radius = case.between(0.06, 0.13)
            inside = step(ellipse((x, y), (radius, radius * 1.1)), 0.008)
            scene.lucency *= 1.0 + 0.10 * inside
            scene.vessels *= 1.0 - 0.85 * inside
            turns = np.linspace(0.0, math.tau, 40)
            circle = [
                (x + radius * math.cos(float(t)), y + 1.1 * radius * math.sin(float(t)))
                for t in turns
            ]
            rims.line(circle, 0.008, 0.9)
    scene.density += 0.10 * rims.plane() * np.minimum(scene.lungs * 2.0, 1.0)


def _fibrosis(scene: Scene, case: _Case) -> None:
    anatomy = scene.anatomy
    # Strongest at the bases and along the wall, as in usual interstitial pneumonia.
    low = np.clip((Y - (anatomy.base - 0.75)) / 0.6, 0.0, 1.0)
    near_wall = np.maximum(
        np.exp(-np.maximum(wall_distance(anatomy, RIGHT), 0) / 0.22) * (X < 0),
        np.exp(-np.maximum(wall_distance(anatomy, LEFT), 0) / 0.22) * (X > 0),
    )
    where = np.clip(0.25 * low + low * near_wall + 0.25 * near_wall, 0.0, 1.0)
    net = np.exp(-((clouds(case.rng, 64, 1) / 0.30) ** 2)) + 0.7 * np.exp(
        -((clouds(case.rng, 36, 1) / 0.2) ** 2)
    )
    scene.fill((0.42 + 0.25 * case.severity) * where * net)
    scene.fill(0.22 * where)


def _hernia(scene: Scene, case: _Case) -> None:
    radius = 0.13 + 0.05 * case.severity
    centre = (0.05 + 0.06 * case.severity, scene.anatomy.base - 0.08)
    pouch = step(ellipse(centre, (radius * 1.15, radius)), 0.006)
    scene.fill(0.95 * pouch)
    level = centre[1] - 0.1 * radius
    gas = pouch * step(level - Y, 0.004) * step(ellipse(centre, (radius, radius * 0.86)), 0.006)
    scene.density += 0.22 * pouch - 0.52 * gas


def _infiltration(scene: Scene, case: _Case) -> None:
    shadow = np.zeros_like(scene.filled)
    for _ in range(5):
        x, y = _place(scene, case.side, case.between(0.2, 0.75), case.between(0.5, 0.9))
        shadow = np.maximum(shadow, _blotch(case.rng, (x, y), (0.12, 0.10), 0.35))
    scene.fill((0.32 + 0.2 * case.severity) * shadow * (1.0 + 0.25 * clouds(case.rng, 36)))


def _mass(scene: Scene, case: _Case) -> None:
    # A mass is larger than 3 cm: here 4 to 6 cm across.
    radius = 0.115 + 0.055 * case.severity
    centre = _place(scene, case.side, case.between(0.4, 0.65), case.between(0.25, 0.65))
    outline = ellipse(centre, (radius, radius * case.between(0.85, 1.1)), 30.0)
    scene.fill(0.80 * step(outline + 0.008 * clouds(case.rng, 24), 0.010))


def _nodule(scene: Scene, case: _Case) -> None:
    for _ in range(1 + int(case.rng.random() < case.severity)):
        # At most 3 cm: here 1 to 2 cm across.
        radius = case.between(0.036, 0.056)
        centre = _place(scene, case.side, case.between(0.45, 0.8), case.between(0.25, 0.7))
        scene.fill(0.70 * step(ellipse(centre, (radius, radius)), 0.006))


def _pleural_thickening(scene: Scene, case: _Case) -> None:
    inside = wall_distance(scene.anatomy, case.side) * (sign(case.side) * X > 0)
    width = (0.05 + 0.035 * case.severity) * (1.0 + 0.35 * clouds(case.rng, 8))
    band = step(width - inside, 0.008) * (inside > 0)
    scene.fill(0.85 * band)
    scene.density += 0.06 * band


def _pneumonia(scene: Scene, case: _Case) -> None:
    height = case.between(0.6, 0.85)
    x, y = _place(scene, case.side, 0.5, height)
    patch = _blotch(
        case.rng, (x, y), (0.25 + 0.07 * case.severity, 0.21 + 0.05 * case.severity), 0.30
    )
    satellite = _blotch(case.rng, (x + 0.12 * sign(case.side), y - 0.2), (0.1, 0.09), 0.4)
    share = (0.58 + 0.28 * case.severity) * patch + 0.35 * satellite
    share *= (1.0 + 0.12 * clouds(case.rng, 28)) * (sign(case.side) * X > 0)
    scene.fill(share * (1.0 - 0.35 * _bronchogram(scene, case.side, (x, y), case.rng)))


def _pneumothorax(scene: Scene, case: _Case) -> None:
    gap = 0.10 + 0.16 * case.severity
    # The lung retracts most from the apex; what it leaves is air without vessels.
    retraction = gap * (1.25 - 0.55 * np.clip((Y - scene.anatomy.apex) / 1.1, 0.0, 1.0))
    inside = wall_distance(scene.anatomy, case.side) - retraction
    here = sign(case.side) * X > 0
    empty = step(-inside, 0.004) * here
    scene.vessels *= 1.0 - empty
    scene.lucency *= 1.0 + 0.22 * empty
    scene.fill((0.10 + 0.20 * case.severity) * (1.0 - empty) * here)
    line = np.exp(-((inside / 0.007) ** 2)) * here * np.minimum(scene.lungs * 3.0, 1.0)
    scene.density += 0.20 * line


_DRAWN: dict[str, Callable[[Scene, _Case], None]] = {
    "Atelectasis": _atelectasis,
    "Consolidation": _consolidation,
    "Edema": _edema,
    "Effusion": _effusion,
    "Emphysema": _emphysema,
    "Fibrosis": _fibrosis,
    "Hernia": _hernia,
    "Infiltration": _infiltration,
    "Mass": _mass,
    "Nodule": _nodule,
    "Pleural_Thickening": _pleural_thickening,
    "Pneumonia": _pneumonia,
    "Pneumothorax": _pneumothorax,
}
