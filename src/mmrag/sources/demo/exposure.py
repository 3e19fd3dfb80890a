"""From a scene to a film: bones, soft tissue, noise, and the burnt-in words."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mmrag.sources.demo.anatomy import (
    LEFT,
    RIGHT,
    SIZE,
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
)

WATERMARK = "MADE UP"

_AIR_GAIN = 0.68
_TISSUE = 1.08


def expose(scene: Scene, view: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Make the film of a scene.

    Parameters
    ----------
    scene : Scene
    view : {"PA", "AP"}
        Burnt in beside `WATERMARK`.
    rng : numpy.random.Generator
        For texture and noise.

    Returns
    -------
    ndarray
        Shape (SIZE, SIZE), dtype uint8.
    """
    anatomy = scene.anatomy
    aerated = scene.lungs * (1.0 - scene.filled)
    body = _body(anatomy)
    attenuation = _TISSUE * anatomy.bulk**0.5 * body
    attenuation -= _AIR_GAIN * anatomy.lucency * scene.lucency * aerated
    attenuation += 0.42 * scene.vessels * aerated
    attenuation += 0.035 * clouds(rng, 24) * aerated
    attenuation += _midline(scene) + _bones(anatomy) * body + scene.density
    attenuation += _soft_parts(scene) * body + 0.03 * clouds(rng, 4) * body
    grey = 255.0 * _film_curve(attenuation)
    grey += rng.standard_normal((SIZE, SIZE)).astype(np.float32) * (2.0 + 2.5 * (grey > 8))
    film = np.clip(grey, 0, 255).astype(np.uint8)
    return _burn_in(film, view)


def _film_curve(attenuation: Plane) -> Plane:
    # An S-shaped response, as of film: contrast in the lungs, a shoulder in the abdomen.
    exposure = np.clip((attenuation + 0.02) / 1.75, 0.0, 2.0)
    return np.asarray(1.0 - np.exp(-((1.75 * exposure) ** 1.35)), dtype=np.float32)


def _body(anatomy: Anatomy) -> Plane:
    """Thickness of soft tissue: an ellipse across, thin at the shoulders, thick below."""
    shoulder = np.clip((Y + 1.0) / 0.38, 0.0, 1.0) ** 0.55
    waist = 0.10 * np.clip((Y + 0.35) / 0.5, 0.0, 1.0)
    width = 0.26 + (anatomy.half_width + 0.14 * anatomy.bulk) * shoulder - waist - 0.08 * shoulder
    profile = np.sqrt(np.maximum(1.0 - (X / width) ** 2, 0.0))
    height = 0.62 + 0.28 * np.clip((Y + 0.9) / 0.7, 0.0, 1.0)
    height += 0.34 * step(Y - anatomy.base - 0.12, 0.06)
    return np.asarray(profile * height, dtype=np.float32)


def _midline(scene: Scene) -> Plane:
    """Heart, mediastinum, spine and the air of the trachea."""
    anatomy = scene.anatomy
    dx = anatomy.shift
    above = step(anatomy.base + 0.12 - Y, 0.02)
    plane = 0.20 * scene.heart * above
    spine = step(0.085 - np.abs(X - dx * 0.3), 0.012)
    discs = 0.5 + 0.5 * np.cos((Y + 0.03) * math.tau / 0.135)
    plane += spine * (0.16 + 0.09 * (discs > 0.22) - 0.05 * (1 - discs))
    pedicles = np.exp(-(((np.abs(X - dx * 0.3) - 0.055) / 0.016) ** 2)) * (discs > 0.7)
    plane += 0.07 * pedicles
    carina = anatomy.base - 0.62
    trachea = step(0.045 - np.abs(X - dx), 0.008) * step(carina - Y, 0.02)
    plane -= 0.24 * trachea
    bronchi = Sketch(0.013)
    bronchi.line([(dx, carina - 0.02), (dx - 0.14, carina + 0.14)], 0.05, 1.0)
    bronchi.line([(dx, carina - 0.02), (dx + 0.17, carina + 0.13)], 0.045, 1.0)
    plane -= 0.14 * bronchi.plane()
    return np.asarray(plane, dtype=np.float32)


def _bones(anatomy: Anatomy) -> Plane:
    ribs, edges, front = Sketch(0.007), Sketch(0.0), Sketch(0.015)
    spacing = 0.118 if not anatomy.child else 0.105
    for side in (RIGHT, LEFT):
        for number in range(10):
            path = _posterior_rib(anatomy, side, number, spacing)
            half = 0.026
            ribs.line(path, 2 * half, 0.55)
            for offset in (-half, half):
                edges.line([(x, y + offset) for x, y in path], 0.007, 0.8 if offset > 0 else 0.6)
            if 1 <= number <= 6:
                front.line(_anterior_rib(anatomy, side, path[-1]), 0.056, 0.6)
        front.line(_rim(anatomy, side), 0.05, 0.9)
        _shoulder(anatomy, side, ribs, edges)
    plane: Plane = 0.25 * ribs.plane() + 0.17 * edges.plane() + 0.08 * front.plane()
    return plane


def _posterior_rib(anatomy: Anatomy, side: int, number: int, spacing: float) -> list[Point]:
    start = anatomy.apex + 0.10 + number * spacing
    fall = anatomy.rib_slope * (0.75 + 0.06 * number)
    t = np.linspace(0.0, 1.0, 16, dtype=np.float32)
    y = start - 0.05 * np.sin(math.pi * np.minimum(t * 1.4, 1.0)) + fall * t**2.2
    return _points(sign(side) * (0.07 + t * (wall(anatomy, y) - 0.055)), y)


def _anterior_rib(anatomy: Anatomy, side: int, outer: Point) -> list[Point]:
    width = abs(outer[0])
    t = np.linspace(0.0, 1.0, 12, dtype=np.float32)
    y = outer[1] + 0.03 + (0.10 + 0.7 * anatomy.rib_slope) * t**0.8
    return _points(sign(side) * (width - (width - 0.26) * t), y)


def _rim(anatomy: Anatomy, side: int) -> list[Point]:
    # Where the ribs turn forward, the beam runs along them.
    y = np.linspace(anatomy.apex + 0.15, anatomy.base + 0.40, 20, dtype=np.float32)
    return _points(sign(side) * (wall(anatomy, y) + 0.02), y)


def _points(x: NDArray[np.floating], y: NDArray[np.floating]) -> list[Point]:
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _shoulder(anatomy: Anatomy, side: int, ribs: Sketch, edges: Sketch) -> None:
    s, inner = sign(side), anatomy.clavicle
    clavicle = [
        (s * (0.06 + 0.80 * float(t)), inner - 0.14 * float(t) - 0.035 * math.sin(float(t) * 6.0))
        for t in np.linspace(0.0, 1.0, 20)
    ]
    ribs.line(clavicle, 0.055, 0.95)
    for offset in (-0.026, 0.026):
        edges.line([(x, y + offset) for x, y in clavicle], 0.008, 0.9)
    overlap = 0.14 * anatomy.scapulae
    edge = anatomy.half_width + 0.05 - overlap
    blade = [
        (s * (edge + 0.05), -0.58), (s * edge, -0.25), (s * (edge + 0.07), 0.08),
        (s * (edge + 0.22), -0.30), (s * (edge + 0.26), -0.58),
    ]  # fmt: skip
    ribs.area(blade, 0.5)
    edges.line([*blade[:3]], 0.010, 0.6)
    ribs.line([(s * 0.93, -0.62), (s * 1.1, -0.2)], 0.2, 0.9)


def _soft_parts(scene: Scene) -> Plane:
    anatomy = scene.anatomy
    plane = np.zeros((SIZE, SIZE), np.float32)
    for side in (RIGHT, LEFT):
        organs = step(Y - scene.floors[side], 0.02) * step(sign(side) * X, 0.05)
        plane += (0.16 if side == RIGHT else 0.09) * organs
        if anatomy.breasts:
            breast = ellipse((sign(side) * 0.44, anatomy.base - 0.12), (0.34, 0.34))
            lower = step(breast, 0.012) * np.clip((Y - anatomy.base + 0.5) / 0.45, 0, 1)
            plane += anatomy.breasts * lower
    bubble = (0.36, anatomy.base + anatomy.side_drop[LEFT] + 0.17)
    plane -= 0.28 * step(ellipse(bubble, (0.15, 0.065), 8.0), 0.012)
    return plane


def _burn_in(film: NDArray[np.uint8], view: str) -> NDArray[np.uint8]:
    image = Image.fromarray(film)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=14)
    draw.text((8, SIZE - 22), f"{WATERMARK}  {view}", fill=235, font=font, stroke_width=2,
              stroke_fill=10)  # fmt: skip
    draw.text((SIZE - 26, 10), "L", fill=245, font=font, stroke_width=1, stroke_fill=10)
    return np.asarray(image)
