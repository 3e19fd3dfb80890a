"""The made-up chest: measures of one body, and the shapes that they give on a film.

Image coordinates: x and y run from -1 to 1, left to right and top to bottom; the patient's
right side is on the left. Every length is in these units (half the film's side, about
175 mm). Measures are chosen by eye to resemble a radiograph; they are no source of facts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Plane = NDArray[np.float32]
"""Shape (SIZE, SIZE), dtype float32."""

Point = tuple[float, float]

SIZE = 384
RIGHT, LEFT = 0, 1
"""The patient's sides, as indices."""

_SUPERSAMPLING = 2
_AXIS = np.linspace(-1.0, 1.0, SIZE, dtype=np.float32)
X, Y = np.meshgrid(_AXIS, _AXIS)
X.flags.writeable = Y.flags.writeable = False


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Measures of one body on one film.

    Attributes
    ----------
    half_width : float
        Inner half width of the rib cage at its base.
    apex, base : float
        Height of the lung tops and of the right diaphragm's dome.
    side_drop : (float, float)
        How much lower than `base` each dome stands, right and left.
    doming : float
        1 for a normal curve, towards 0 for a flat diaphragm.
    heart : float
        Scale of the heart.
    narrowing : float
        Scale of the heart's width alone.
    shift : float
        Midline structures' offset, positive towards the patient's left.
    bulk : float
        Thickness of the soft tissue.
    breasts : float
        Depth of the breast shadows, 0 for none.
    rib_slope : float
        How far a posterior rib falls on its way to the side.
    clavicle : float
        Height of the clavicles' inner ends.
    scapulae : float
        How much of the shoulder blades lies over the lungs.
    vessels : float
        Strength of the vascular markings.
    lucency : float
        How dark aerated lung is.
    child : bool
    """

    half_width: float = 0.8
    apex: float = -0.76
    base: float = 0.42
    side_drop: tuple[float, float] = (0.0, 0.05)
    doming: float = 1.0
    heart: float = 1.0
    narrowing: float = 1.0
    shift: float = 0.0
    bulk: float = 1.0
    breasts: float = 0.0
    rib_slope: float = 0.2
    clavicle: float = -0.56
    scapulae: float = 0.15
    vessels: float = 1.0
    lucency: float = 1.0
    child: bool = False


@dataclass(slots=True)
class Scene:
    """One film before exposure; findings draw into it.

    Attributes
    ----------
    anatomy : Anatomy
    heart : ndarray
        Silhouette of heart and great vessels, 0 to 1.
    floors : list of ndarray
        Height of the right and the left hemidiaphragm, the same in every row.
    air : list of ndarray
        Depth of air in the right and the left lung, 0 to 1.
    filled : ndarray
        Share of the air that is replaced by water density, 0 to 1.
    density : ndarray
        Attenuation added by everything that is drawn.
    vessels : ndarray
        Vascular markings, 0 to 1.
    lucency : ndarray
        Factor on the darkness of air.
    """

    anatomy: Anatomy
    heart: Plane
    floors: list[Plane]
    air: list[Plane]
    vessels: Plane
    filled: Plane = field(default_factory=lambda: np.zeros((SIZE, SIZE), np.float32))
    density: Plane = field(default_factory=lambda: np.zeros((SIZE, SIZE), np.float32))
    lucency: Plane = field(default_factory=lambda: np.ones((SIZE, SIZE), np.float32))

    @property
    def lungs(self) -> Plane:
        """Depth of air of both lungs."""
        return self.air[RIGHT] + self.air[LEFT]

    def fill(self, share: Plane) -> None:
        """Replace a share of the air by water density, on top of what is filled already."""
        kept = (1.0 - self.filled) * (1.0 - np.clip(share, 0.0, 1.0))
        self.filled = np.asarray(1.0 - kept, dtype=np.float32)


def sign(side: int) -> float:
    """-1 on the patient's right (image left), 1 on the left."""
    return -1.0 if side == RIGHT else 1.0


def step(distance: Plane, softness: float) -> Plane:
    """Go from 0 (outside, negative distance) to 1 (inside) over a soft edge."""
    return np.asarray(0.5 + 0.5 * np.tanh(distance / (2.0 * softness)), dtype=np.float32)


def ellipse(centre: Point, axes: Point, degrees: float = 0.0) -> Plane:
    """Signed distance to an ellipse, positive inside (exact at the centre and the edge)."""
    angle = math.radians(degrees)
    u, v = X - centre[0], Y - centre[1]
    along = (u * math.cos(angle) + v * math.sin(angle)) / axes[0]
    across = (-u * math.sin(angle) + v * math.cos(angle)) / axes[1]
    radius = np.sqrt(along * along + across * across)
    return np.asarray((1.0 - radius) * min(axes), dtype=np.float32)


class Sketch:
    """Lines and outlines drawn with the pencil, then softened.

    Parameters
    ----------
    blur : float
        Reach of the softening to either side; 0 for none.
    """

    def __init__(self, blur: float) -> None:
        self._blur = blur * SIZE / 2
        self._image = Image.new("L", (SIZE * _SUPERSAMPLING, SIZE * _SUPERSAMPLING))
        self._draw = ImageDraw.Draw(self._image)

    def line(self, points: list[Point], width: float, strength: float) -> None:
        """Draw a polyline of a width, with a strength of 0 to 1."""
        scale = SIZE * _SUPERSAMPLING / 2
        pixels = [((x + 1) * scale, (y + 1) * scale) for x, y in points]
        self._draw.line(
            pixels,
            fill=round(255 * min(strength, 1.0)),
            width=max(1, round(width * scale)),
            joint="curve",
        )

    def area(self, outline: list[Point], strength: float) -> None:
        """Fill an outline with a strength of 0 to 1."""
        scale = SIZE * _SUPERSAMPLING / 2
        pixels = [((x + 1) * scale, (y + 1) * scale) for x, y in outline]
        self._draw.polygon(pixels, fill=round(255 * min(strength, 1.0)))

    def plane(self) -> Plane:
        """Return what was drawn, 0 to 1."""
        image = self._image.reduce(_SUPERSAMPLING)
        if self._blur:
            image = image.filter(ImageFilter.BoxBlur(self._blur))
        return np.asarray(image, dtype=np.float32) / 255.0


def clouds(rng: np.random.Generator, cells: int, octaves: int = 3) -> Plane:
    """Smooth random texture of mean 0 and standard deviation 1.

    Parameters
    ----------
    rng : numpy.random.Generator
    cells : int
        Coarsest structure, in cells along a side.
    octaves : int
        How many times structure of half the size and half the strength is added.
    """
    finest = cells << (octaves - 1)
    total = np.zeros((finest, finest), np.float32)
    for octave in range(octaves):
        grid = rng.standard_normal((cells << octave, cells << octave)).astype(np.float32)
        total += 0.5**octave * _enlarged(grid, finest)
    texture = _enlarged(total, SIZE)
    normal: Plane = (texture - texture.mean()) / texture.std()
    return normal


def _enlarged(grid: Plane, side: int) -> Plane:
    if len(grid) == side:
        return grid
    return np.asarray(Image.fromarray(grid).resize((side, side), Image.Resampling.BICUBIC))


def wall(anatomy: Anatomy, y: Plane) -> Plane:
    """Distance of the rib cage's inner wall from the midline, at heights."""
    floor = anatomy.base + 0.35
    t = np.clip((y - anatomy.apex) / (floor - anatomy.apex), 0.0, 1.0)
    distance: Plane = 0.34 + (anatomy.half_width - 0.34) * np.sqrt(1.0 - (1.0 - t) ** 2.6)
    return distance


def draw_body(rng: np.random.Generator, age: float, sex: str) -> Anatomy:
    """Choose the measures of one person.

    Parameters
    ----------
    rng : numpy.random.Generator
    age : float
        In years; a child's chest is rounder, with level ribs and a larger heart.
    sex : {"F", "M"}
    """
    child = age < 12
    grown = Anatomy(
        half_width=float(rng.uniform(0.75, 0.85)),
        apex=float(rng.uniform(-0.82, -0.72)),
        base=float(rng.uniform(0.36, 0.48)),
        side_drop=(0.0, float(rng.uniform(0.02, 0.08))),
        heart=float(rng.uniform(0.92, 1.06)),
        bulk=float(rng.uniform(0.85, 1.2)),
        breasts=float(rng.uniform(0.06, 0.16)) if sex == "F" and age >= 14 else 0.0,
        rib_slope=float(rng.uniform(0.16, 0.26)),
        clavicle=float(rng.uniform(-0.6, -0.52)),
        vessels=float(rng.uniform(0.85, 1.15)),
        child=child,
    )
    if not child:
        return grown
    return replace(
        grown,
        half_width=grown.half_width - 0.04,
        base=grown.base - 0.12,
        apex=grown.apex + 0.08,
        heart=grown.heart * 1.08,
        bulk=grown.bulk * 0.8,
        rib_slope=grown.rib_slope * 0.5,
    )


def for_view(anatomy: Anatomy, view: str, rng: np.random.Generator) -> Anatomy:
    """Position a body: in AP the heart is magnified and the shoulder blades overlap.

    Parameters
    ----------
    anatomy : Anatomy
    view : {"PA", "AP"}
    rng : numpy.random.Generator
    """
    turned = replace(anatomy, shift=float(rng.normal(0.0, 0.015)))
    if view == "PA":
        return turned
    return replace(
        turned,
        heart=turned.heart * 1.12,
        base=turned.base - 0.08,
        clavicle=turned.clavicle - 0.08,
        scapulae=0.8,
        lucency=turned.lucency * 0.9,
    )


def build_scene(anatomy: Anatomy, rng: np.random.Generator) -> Scene:
    """Lay out heart, diaphragm, air and vessels of a healthy chest."""
    heart = _heart(anatomy)
    floors = [_diaphragm(anatomy, side) for side in (RIGHT, LEFT)]
    clear = 1.0 - 0.93 * heart
    air = [_air(anatomy, side, floors[side]) * clear for side in (RIGHT, LEFT)]
    return Scene(anatomy, heart, floors, air, _vessels(anatomy, rng))


def _diaphragm(anatomy: Anatomy, side: int) -> Plane:
    dome = anatomy.base + anatomy.side_drop[side]
    offset = (sign(side) * _AXIS - 0.34) / 0.42
    outer, inner = np.maximum(offset, 0.0), np.maximum(-offset, 0.0)
    row = dome + anatomy.doming * (0.24 * outer**2.2 + 0.10 * inner**2)
    height: Plane = np.broadcast_to(row.astype(np.float32), (SIZE, SIZE))
    return height


def wall_distance(anatomy: Anatomy, side: int) -> Plane:
    """Distance from the inner chest wall, positive inside."""
    sideways = wall(anatomy, _AXIS)[:, None] - sign(side) * X
    # Near the apex the wall is level, so the height below the lung's top counts instead.
    below = 1.2 * (Y - anatomy.apex)
    rounded: Plane = 0.5 * (sideways + below - np.sqrt((sideways - below) ** 2 + 0.012))
    return rounded


def _air(anatomy: Anatomy, side: int, floor: Plane) -> Plane:
    across = sign(side) * X
    t = np.clip((_AXIS - anatomy.apex) / 0.4, 0.0, 1.0)[:, None]
    inner = 0.34 - 0.20 * np.sqrt(1.0 - (1.0 - t) ** 2)
    medial = across - sign(side) * anatomy.shift - inner
    above = floor - Y
    recess = 0.12 * step(above + 0.10, 0.03)
    depth = _depth(wall_distance(anatomy, side), 0.055) * _depth(medial, 0.06)
    return np.asarray(depth * np.maximum(step(above, 0.006), recess), dtype=np.float32)


def _depth(distance: Plane, scale: float) -> Plane:
    return np.asarray(1.0 - np.exp(-np.maximum(distance, 0.0) / scale), dtype=np.float32)


def _heart(anatomy: Anatomy) -> Plane:
    scale, wide, dx = anatomy.heart, anatomy.heart * anatomy.narrowing, anatomy.shift
    low = anatomy.base - 0.13 * scale
    parts = (
        ellipse((0.14 * wide + dx, low + 0.02), (0.36 * wide, 0.21 * scale), 36.0),
        ellipse((-0.01 * wide + dx, low), (0.16 * wide, 0.26 * scale)),
        ellipse((0.07 + 0.02 * wide + dx, low - 0.20), (0.13 * wide, 0.26), -14.0),
        ellipse((0.075 + dx, low - 0.50), (0.085, 0.085)),
        ellipse((-0.02 + dx, low - 0.42), (0.105, 0.42)),
    )
    # The aortic knob is small in children.
    used = (*parts[:3], *parts[4:]) if anatomy.child else parts
    outline = used[0]
    for part in used[1:]:
        outline = np.maximum(outline, part)
    return step(outline, 0.006)


def _vessels(anatomy: Anatomy, rng: np.random.Generator) -> Plane:
    sketch = Sketch(0.007)
    for side in (RIGHT, LEFT):
        hilum = (sign(side) * 0.17 + anatomy.shift, anatomy.base - 0.42)
        for _ in range(13):
            heading = float(rng.uniform(-1.25, 1.35))
            _branch(sketch, rng, side, hilum, heading, width=0.020, strength=0.85)
    return sketch.plane() * anatomy.vessels


def _branch(
    sketch: Sketch,
    rng: np.random.Generator,
    side: int,
    start: Point,
    heading: float,
    width: float,
    strength: float,
) -> None:
    x, y = start
    while width > 0.0025 and strength > 0.12:
        heading += float(rng.normal(0.0, 0.16))
        length = float(rng.uniform(0.05, 0.09))
        end = (x + sign(side) * math.cos(heading) * length, y + math.sin(heading) * length)
        sketch.line([(x, y), end], width, strength)
        if rng.random() < 0.35 and width > 0.006:
            turn = float(rng.choice((-0.6, 0.6)))
            _branch(sketch, rng, side, end, heading + turn, width * 0.6, strength * 0.75)
        x, y = end
        width *= 0.82
        strength *= 0.87
