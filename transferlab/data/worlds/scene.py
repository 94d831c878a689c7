"""The stage on which things are drawn: a backdrop, light and shadow, beads, something in front, and a camera.

A scene is described by factors (what, which hue, which way up, where, how large, how many beads), and the picture
follows from them and from seeded chance. Colours belong to no kind: every thing may have every hue. Left out:
perspective, reflections of one thing in another, more than one thing a picture.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import torch
from torch import Generator, Tensor

from transferlab.data.worlds.fields import CHUNK, Canvas, box, circle, mix, turn
from transferlab.data.worlds.shapes import Part, oval

HUES = {
    "red": 0.0,
    "orange": 0.075,
    "yellow": 0.145,
    "green": 0.32,
    "turquoise": 0.48,
    "blue": 0.60,
    "violet": 0.74,
    "pink": 0.90,
}
GROUNDS = [
    (0.80, 0.76, 0.68), (0.62, 0.55, 0.46), (0.45, 0.42, 0.40), (0.70, 0.72, 0.74), (0.34, 0.38, 0.44),
    (0.56, 0.62, 0.58), (0.86, 0.84, 0.80), (0.50, 0.40, 0.32), (0.28, 0.27, 0.28), (0.66, 0.60, 0.64),
    (0.42, 0.48, 0.40), (0.74, 0.66, 0.56),
]  # fmt: skip
MOST_BEADS = 8
Kind = Callable[[Canvas, Tensor, Tensor], list[Part]]


@dataclass(frozen=True)
class Factors:
    """What each picture shows, `(N,)` each: all that a question can be asked about."""

    kind: Tensor  # position in the table of kinds
    hue: Tensor  # turns of the colour wheel, 0 is red
    angle: Tensor  # radians clockwise from upright
    x: Tensor  # the middle of the thing, -1 to 1
    y: Tensor
    scale: Tensor  # half its width; a picture is 2 wide
    beads: Tensor  # 0 to 8

    def at(self, index: Tensor) -> "Factors":
        return Factors(*(getattr(self, field.name)[index] for field in fields(self)))


def draw(kinds: Mapping[str, Kind], factors: Factors, generator: Generator, size: int = 64) -> tuple[Tensor, Tensor]:
    """One picture for each row of `factors`, and where the thing can be seen in it.

        >>> images, masks = draw(nature.KINDS, factors, torch.Generator().manual_seed(0), size=64)

    Returned are uint8 `(N, 3, size, size)` and bool `(N, size, size)`. The pictures depend on the factors and their
    order, on the size and on the generator's state, and on nothing else.
    """
    images = torch.empty(len(factors.kind), 3, size, size, dtype=torch.uint8)
    masks = torch.empty(len(factors.kind), size, size, dtype=torch.bool)
    for number, kind in enumerate(kinds.values()):
        for index in (factors.kind == number).nonzero()[:, 0].split(CHUNK):
            if len(index):
                colours, visible = picture(Canvas(len(index), size, generator), kind, factors.at(index))
                images[index] = (colours.clamp(0, 1) * 255).round().to(torch.uint8)
                masks[index] = visible > 0.5
    return images, masks


def picture(canvas: Canvas, kind: Kind, factors: Factors) -> tuple[Tensor, Tensor]:
    """Colours `(N, 3, H, W)` from 0 to 1 of one chunk of scenes, and the share of each pixel that the thing fills."""
    sun = canvas.uniform(0, math.tau)
    colours, tone = backdrop(canvas)
    x, y, scale = (value[:, None, None] for value in (factors.x, factors.y, factors.scale))
    u, v = turn(canvas.x - x, canvas.y - y, factors.angle[:, None, None])
    u, v = u / scale * (canvas.chance(0.5) * 2 - 1), v / scale  # half of them seen in a mirror
    palette = thing_colours(canvas, factors.hue)
    height = tone * 0.06
    visible = torch.zeros_like(height)
    for level, part in enumerate(kind(canvas, u, v)):
        cover = canvas.cover(part.distance * scale)
        rise = (part.distance * (-1 / part.bevel)).clamp_(0, 1)
        dome = (rise * (2 - rise) + 1e-4).sqrt_() * part.bevel + 0.03 * level
        height = torch.lerp(height, dome * scale, cover)
        colours = mix(colours, palette[part.colour], cover)
        visible = torch.maximum(visible, cover)
    tone = (1 + tone) * (1 - canvas.uniform(0.25, 0.55) * shadow(canvas, visible, sun))
    tone = torch.lerp(tone, 1 + surface(canvas, u, v), visible)
    colours, height, tone, hidden = in_front(canvas, colours, height, tone, factors)
    relief = canvas.light(height, sun, 1.6)
    light = tone * (0.97 + canvas.uniform(0.45, 0.85) * relief)
    shine = canvas.uniform(0.0, 0.8) * (relief - 0.35).clamp(min=0)
    colours, light, beads = with_beads(canvas, colours, light, factors, sun)
    return photograph(canvas, colours, light, shine), visible * (1 - hidden) * (1 - beads)


def backdrop(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A textured ground with a few flat scraps on it: colours `(N, 3, H, W)`, and its grain about 0, `(N, H, W)`."""
    first, second = canvas.choose(GROUNDS), canvas.choose(GROUNDS)
    u, v = turn(canvas.x, canvas.y, canvas.uniform(0, math.tau))
    cloudy = canvas.noise(2.5, octaves=3)
    share = (0.5 + u * canvas.uniform(-0.5, 0.5) + cloudy * canvas.uniform(0.05, 0.30)).clamp(0, 1)
    pattern = canvas.uniform(0, 1)
    rate, bend = canvas.uniform(8, 26), cloudy * canvas.uniform(0, 0.06)
    stripes = ((v + bend) * rate).sin_()
    weave = torch.where(
        pattern < 0.45, stripes, stripes * (u * rate).sin_() * (pattern < 0.6)
    )  # stripes, checks or neither
    share = (share + weave * canvas.uniform(0.0, 0.30)).clamp_(0, 1)
    colours = mix(first[..., None, None].expand(-1, -1, canvas.size, canvas.size), second, share)
    fine = canvas.noise(22) * canvas.uniform(0.01, 0.08)
    for _ in range(2):  # scraps of paper, planks, rulers: no discs, which would be taken for beads
        a, b = turn(
            canvas.x - canvas.uniform(-1.1, 1.1), canvas.y - canvas.uniform(-1.1, 1.1), canvas.uniform(0, math.tau)
        )
        scrap = box(a + b * canvas.uniform(-0.4, 0.4), b, canvas.uniform(0.15, 0.8), canvas.uniform(0.06, 0.3)) + 9 * (
            1 - canvas.chance(0.6)
        )
        cover = canvas.cover(scrap)
        tone = thing_tone(canvas, canvas.uniform(0, 1, 1)[:, 0], (0.05, 0.5), (0.3, 0.9))
        colours = mix(colours, tone, cover * canvas.uniform(0.4, 0.95))
        fine = fine + cover * 0.15
    edge = canvas.uniform(-0.3, 0.9) + 9 * (1 - canvas.chance(0.3))  # a table against a wall, in some pictures
    colours = mix(colours, canvas.choose(GROUNDS) * canvas.uniform(0.7, 1.1, 1), canvas.cover(edge - canvas.y))
    return colours, fine


def thing_tone(canvas: Canvas, hue: Tensor, saturation: tuple[float, float], value: tuple[float, float]) -> Tensor:
    """RGB `(N, 3)` of hues `(N,)`, with saturation and value drawn from their ranges (the hexcone of Smith 1978)."""
    strong, bright = canvas.uniform(*saturation, 1), canvas.uniform(*value, 1)
    sector = (hue[:, None] * 6 + torch.tensor([5.0, 3.0, 1.0])) % 6
    return bright * (1 - strong * torch.minimum(sector, 4 - sector).clamp(0, 1))


def thing_colours(canvas: Canvas, hue: Tensor) -> dict[str, Tensor]:
    """The four colours of each thing, `(N, 3)`: its own hue, another one, a dark and a light one."""
    return {
        "main": thing_tone(canvas, hue, (0.65, 0.95), (0.62, 0.98)),
        "second": thing_tone(canvas, canvas.uniform(0, 1, 1)[:, 0], (0.15, 0.65), (0.40, 0.95)),
        "dark": thing_tone(canvas, canvas.uniform(0, 1, 1)[:, 0], (0.05, 0.5), (0.12, 0.34)),
        "light": thing_tone(canvas, canvas.uniform(0, 1, 1)[:, 0], (0.02, 0.22), (0.80, 1.0)),
    }


def surface(canvas: Canvas, u: Tensor, v: Tensor) -> Tensor:
    """What things are made of: grain, and in some pictures brush strokes along them; about 0, `(N, H, W)`."""
    brushed = (
        (v * canvas.uniform(18, 40) + u * canvas.uniform(-6, 6)).sin() * canvas.uniform(0, 0.06) * canvas.chance(0.5)
    )
    return canvas.noise(16) * canvas.uniform(0.01, 0.07) + brushed


def shadow(canvas: Canvas, cover: Tensor, sun: Tensor) -> Tensor:
    """The soft shadow that `cover` throws away from the sun, 0 to 1."""
    length = canvas.uniform(0.06, 0.20)
    soft = canvas.blur(cover, 0.05)
    return canvas.sample(soft, canvas.x + sun.cos() * length, canvas.y + sun.sin() * length)


def in_front(
    canvas: Canvas, colours: Tensor, height: Tensor, tone: Tensor, factors: Factors
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A leaf that hides the rim of some things; also returns where it does, `(N, H, W)`."""
    bearing, scale = canvas.uniform(0, math.tau), factors.scale[:, None, None]
    x = factors.x[:, None, None] + scale * bearing.cos() * 1.05
    y = factors.y[:, None, None] + scale * bearing.sin() * 1.05
    size = (canvas.uniform(0.3, 0.5), canvas.uniform(0.10, 0.2))
    blade = oval(canvas.x - x, canvas.y - y, (0.0, 0.0), size, bearing + math.pi / 2 + canvas.normal() * 0.4)
    blade = blade + 9 * (1 - canvas.chance(0.3))
    cover = canvas.cover(blade)
    green = thing_tone(canvas, canvas.uniform(0.15, 0.45, 1)[:, 0], (0.2, 0.7), (0.25, 0.6))
    tone = torch.lerp(tone * (1 - 0.3 * canvas.cover(blade - 0.03, 0.06)), torch.ones(()).expand_as(tone), cover)
    height = torch.lerp(height, 0.06 + (-blade / 0.1).clamp(0, 1) * 0.06, cover)
    return mix(colours, green, cover), height, tone, cover


def with_beads(
    canvas: Canvas, colours: Tensor, light: Tensor, factors: Factors, sun: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Glass beads beside the thing, none of them hidden; also returns where they lie, `(N, H, W)`."""
    line = torch.linspace(-0.8, 0.8, 5)
    grid_y, grid_x = (plane.flatten()[None] for plane in torch.meshgrid(line, line, indexing="ij"))
    x = grid_x + canvas.uniform(-0.07, 0.07, 25)
    y = grid_y + canvas.uniform(-0.07, 0.07, 25)
    near = circle(x - factors.x[:, None], y - factors.y[:, None], factors.scale[:, None] + 0.10)
    near[:, -1] = -1.0  # the lower right corner belongs to the tag of `shortcut`
    order = (canvas.uniform(0, 1, 25) - near.clamp(max=0) * 100).argsort(1)[:, :MOST_BEADS]  # free places come first
    there = torch.arange(MOST_BEADS) < factors.beads[:, None]
    x, y = torch.where(there, x.gather(1, order), 9.0), y.gather(1, order)
    radius = canvas.uniform(0.080, 0.100, 1)
    beads = canvas.stamp(x, y, 0.14, lambda dx, dy: circle(dx, dy, radius[..., None, None]))
    cover = canvas.cover(beads.distance)
    rise = (-beads.distance / radius[..., None]).clamp_(0, 1)
    glint = ((canvas.x - beads.pick(x)) * sun.cos() + (canvas.y - beads.pick(y)) * sun.sin()) / radius[..., None]
    glass = thing_tone(canvas, canvas.uniform(0, 1, 1)[:, 0], (0.0, 0.35), (0.85, 1.0))
    light = light * (1 - 0.45 * canvas.cover(beads.distance - 0.01, 0.07))
    light = torch.lerp(light, 0.66 + 0.38 * rise + 0.30 * glint.clamp_(-1, 1), cover)
    return mix(colours, glass, cover), light, cover


def photograph(canvas: Canvas, colours: Tensor, light: Tensor, shine: Tensor) -> Tensor:
    """The light that the camera gets, and what it adds: exposure, a colour cast, a darker rim, grain."""
    rim = (canvas.x**2 + canvas.y**2) * canvas.uniform(0, 0.12)
    exposure = canvas.uniform(0.88, 1.20) * (1 - rim)
    cast = 1 + canvas.uniform(-0.06, 0.06, 3)[..., None, None]
    grain = canvas.grain() * canvas.uniform(0.004, 0.02) + shine
    return colours * cast * (light * exposure).unsqueeze(1) + grain.unsqueeze(1)
