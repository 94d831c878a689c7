"""Tissue-like pictures: eight patterns of cells as a pathologist's stained section shows them.

Colours come from physics: haematoxylin (blue, in nuclei) and eosin (pink, in proteins) are amounts of dye, and light
weakens exponentially with each (Beer and Lambert; stain vectors after Ruifrok and Johnston, "Quantification of
histochemical staining by color deconvolution", 2001). How strongly a slide is stained differs from picture to picture,
as between laboratories. These are drawings of patterns; they carry no diagnosis. Left out: magnification changes, other
stains.
"""

import math

import torch
from torch import Generator, Tensor

from transferlab.data.worlds.fields import Canvas, Nearest, circle, ellipse, paint, turn

HAEMATOXYLIN = (0.92, 1.02, 0.42)  # optical density of one unit of dye in red, green, blue
EOSIN = (0.10, 0.62, 0.34)
STRAY = 12  # places for stray lymphocytes in a slide


class Slide:
    """How much of each dye lies at each point of a section, `(N, H, W)` each."""

    def __init__(self, canvas: Canvas) -> None:
        """Loose connective tissue: eosin fibres, a few thin nuclei between them, in some slides stray lymphocytes."""
        self.canvas = canvas
        self.chromatin = canvas.noise(26)
        direction = canvas.uniform(0, math.tau)
        fibres = self.streaks(direction, canvas.noise(4, 26) * 0.16 + canvas.noise(3, 12) * 0.12)
        self.eosin = fibres.add_(canvas.uniform(0.45, 0.8)).add_(canvas.noise(3) * 0.06).clamp_(min=0.05)
        self.blue = (canvas.noise(5) * 0.03).clamp_(min=0).add_(0.05)
        x, y = canvas.scatter(canvas.uniform(0.36, 0.55), 0.4, 6)
        angle = direction[:, 0] + canvas.normal(36 + STRAY) * 0.25
        length = torch.cat([canvas.uniform(0.06, 0.10, 36), canvas.uniform(0.038, 0.05, STRAY)], 1)
        width = torch.cat([canvas.uniform(0.014, 0.02, 36), length[:, 36:]], 1)
        strength = torch.where(torch.arange(36 + STRAY) < 36, 0.9, 1.2)
        x, y = torch.cat([x, stray(canvas)], 1), torch.cat([y, canvas.uniform(-1, 1, STRAY)], 1)
        self.add_nuclei(x, y, length, width, angle, strength)

    def streaks(self, direction: Tensor, texture: Tensor) -> Tensor:
        """A `texture` `(N, H, W)` laid along `direction`, gently bent."""
        canvas = self.canvas
        u, v = turn(canvas.across * 0.7, canvas.down * 0.7, direction)
        return canvas.sample(texture, u, v.add_(canvas.noise(2) * 0.06))

    def cover(self, cover: Tensor, eosin: Tensor | float, blue: Tensor | float) -> None:
        """Replace both dyes where `cover` `(N, H, W)` is 1."""
        self.eosin = torch.lerp(self.eosin, torch.as_tensor(eosin), cover)
        self.blue = torch.lerp(self.blue, torch.as_tensor(blue), cover)

    def add_nuclei(
        self,
        x: Tensor,
        y: Tensor,
        length: Tensor,
        width: Tensor,
        angle: Tensor,
        strength: Tensor | float,
        vesicular: float = 0.0,
    ) -> Nearest:
        """Oval nuclei `(N, K)` of half `length` and half `width`; `vesicular` ones are pale within, dark at the rim."""
        canvas = self.canvas

        def shape(dx: Tensor, dy: Tensor, length: Tensor, width: Tensor, angle: Tensor) -> Tensor:
            return ellipse(*turn(dx, dy, angle), length, width)

        nuclei = canvas.stamp(
            x, y, float(torch.maximum(length, width).max()) + canvas.pixel, shape, length, width, angle
        )
        chromatin = (self.chromatin * (0.10 + 0.16 * vesicular)).add_(1)
        if vesicular:
            chromatin.add_((nuclei.distance * (vesicular / 0.035)).clamp_(-vesicular, 0))
        tone = nuclei.pick(canvas.uniform(0.75, 1.2, x.shape[1]) * strength)
        self.cover(canvas.cover(nuclei.distance), self.eosin * 0.6, tone.mul_(chromatin).clamp_(min=0.1))
        return nuclei

    def develop(self) -> Tensor:
        """Send light through the section: colours `(N, 3, H, W)` from 0 to 1."""
        canvas = self.canvas
        away = canvas.across**2 + canvas.down**2  # tears start at the edge of the section
        tear = canvas.noise(2.2, octaves=2).sub_(canvas.uniform(1.4, 4.5)).add_(away, alpha=1.3).sub_(1.04)
        tear = canvas.cover(tear.mul_(0.2), 0.03)
        fold, _ = turn(canvas.across, canvas.down, canvas.uniform(0, math.tau))
        fold = canvas.cover((fold - canvas.uniform(-3.5, 3.5)).abs_() - 0.05, 0.1)
        thickness = canvas.noise(1.6).mul_(0.05).add_(canvas.uniform(0.8, 1.2)).add_(fold, alpha=0.8).mul_(tear)
        dyes = torch.stack([self.blue * thickness, self.eosin * thickness], 1).flatten(2)  # (N, 2, H · W)
        vectors = torch.tensor([HAEMATOXYLIN, EOSIN]) * (1 + canvas.normal(2, 3) * 0.14)  # (N, 2, 3)
        vectors = vectors * torch.cat(
            [canvas.uniform(0.7, 1.5), canvas.uniform(0.45, 1.5)], 1
        )  # each laboratory's strengths
        light = (-(vectors.transpose(1, 2) @ dyes)).exp_().view(canvas.count, 3, canvas.size, canvas.size)
        lamp = canvas.uniform(0.86, 0.99) * (1 + canvas.uniform(-0.04, 0.03, 3)[..., None])  # (N, 3, 1)
        away = away * (canvas.uniform(0, 0.10) / -2) + 1  # the corners are darker
        return light.mul_(lamp[..., None]).mul_(away.add_(canvas.grain() * 0.012).unsqueeze(1))


def island(canvas: Canvas, low: float, high: float, rough: float = 0.12) -> Tensor:
    """Signed distance to a patch of tissue with a wavy border, of a radius between `low` and `high`."""
    x, y = canvas.across - canvas.uniform(-0.3, 0.3), canvas.down - canvas.uniform(-0.3, 0.3)
    return circle(x, y, canvas.uniform(low, high)) + canvas.noise(2.6, octaves=2) * rough


def only_inside(canvas: Canvas, distance: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """`x` of those points `(N, K)` that lie where `distance` `(N, H, W)` is below 0; the others are sent away to 9."""
    column = ((x + 1) / canvas.pixel).long().clamp(0, canvas.size - 1)
    row = ((y + 1) / canvas.pixel).long().clamp(0, canvas.size - 1)
    here = distance.flatten(1).gather(1, row * canvas.size + column)
    return torch.where(here < 0, x, 9.0)


def stray(canvas: Canvas) -> Tensor:
    """Where along x a few stray lymphocytes lie in some slides: clutter that belongs to no class."""
    return torch.where(canvas.chance(0.6, STRAY) * canvas.chance(0.6, 1) > 0, canvas.uniform(-1, 1, STRAY), 9.0)


def gland(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Rings of tall cells around an open lumen, their nuclei standing in a row at the outer side."""
    slide = Slide(canvas)
    evidence = torch.zeros(canvas.count, canvas.size, canvas.size)
    several = canvas.chance(0.5, 1)
    streak, ragged, depths = canvas.noise(20) * 0.06, canvas.noise(9) * 0.018, canvas.noise(4, octaves=2) * 0.2
    nuclei: list[tuple[Tensor, ...]] = []
    for number in range(3):
        away = canvas.uniform(0.62, 0.78, 1) * several
        bearing = canvas.uniform(0, 0.6, 1) + number * math.tau / 3
        x, y = (
            away * bearing.cos() + canvas.uniform(-0.12, 0.12, 1),
            away * bearing.sin() + canvas.uniform(-0.12, 0.12, 1),
        )
        if number:
            x = torch.where(several > 0, x, 9.0)
        base = torch.where(several > 0, canvas.uniform(0.34, 0.48, 1), canvas.uniform(0.5, 0.78, 1))
        waves = canvas.uniform(0, 0.16, 2), canvas.uniform(0, math.tau, 2)
        thick = canvas.uniform(0.17, 0.24, 1)

        def outline(angle: Tensor, base: Tensor = base, waves: tuple[Tensor, Tensor] = waves) -> Tensor:
            size, phase = (value.view(canvas.count, 2, *[1] * (angle.dim() - 1)) for value in waves)
            return base.view(-1, *[1] * (angle.dim() - 1)) * (
                1 + size[:, 0] * (2 * angle + phase[:, 0]).cos() + size[:, 1] * 0.6 * (3 * angle + phase[:, 1]).cos()
            )

        dx, dy = canvas.across - x[..., None], canvas.down - y[..., None]
        distance = circle(dx, dy, outline(torch.atan2(dy, dx)))
        depth = thick[..., None] + ragged
        rim = canvas.cover(distance.abs() - 0.012)
        body = canvas.cover(distance)
        slide.cover(body, 0.55 + streak + canvas.uniform(-0.15, 0.15), 0.12)
        slide.cover(rim * 0.8, 0.95, 0.1)
        lumen = canvas.cover(distance + depth, 0.02)
        mucus = (depths + canvas.uniform(-0.15, 0.35)).clamp_(min=0.0)
        slide.cover(lumen, mucus, mucus * canvas.uniform(0, 0.5))
        count = 30
        step = torch.arange(count) * math.tau / count + canvas.uniform(-0.05, 0.05, count)
        radius = outline(step) - thick * canvas.uniform(0.26, 0.42, count)
        nucleus_x = x + radius * step.cos()
        long = canvas.uniform(0.05, 0.07, count)
        wide = (base * math.tau / count * 0.42).clamp(max=0.042).expand(-1, count)
        nuclei.append((nucleus_x, y + radius * step.sin(), long, wide, step))
        evidence = torch.maximum(evidence, body)
    x, y, long, wide, step = (torch.cat(parts, 1) for parts in zip(*nuclei, strict=True))
    slide.add_nuclei(x, y, long, wide, step, 1.05, 0.25)
    return slide.develop(), evidence


def lymphocytes(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A dense crowd of small, round, dark nuclei with hardly any cytoplasm."""
    slide = Slide(canvas)
    patch = island(canvas, 0.5, 0.95)
    slide.cover(canvas.cover(patch, 0.1) * 0.7, 0.3, 0.15)
    x, y = canvas.scatter(canvas.uniform(0.115, 0.15), 0.33, 21)
    x = only_inside(canvas, patch + canvas.grain() * 0.08, x, y)
    radius = canvas.uniform(0.042, 0.056, 441)
    slide.add_nuclei(x, y, radius, radius * canvas.uniform(0.85, 1, 441), canvas.uniform(0, 3, 441), 1.15)
    return slide.develop(), canvas.cover(patch)


def spindle_cells(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Long thin nuclei that stream side by side in a bundle."""
    slide = Slide(canvas)
    patch = island(canvas, 0.6, 0.95)
    direction = canvas.uniform(0, math.tau)
    sway = canvas.uniform(-0.9, 0.9)
    u, v = turn(canvas.across, canvas.down, direction)
    bent = v + sway * 0.5 * u * u
    stream = canvas.sample(canvas.noise(5, 30), u * 0.7, bent * 0.6)
    slide.cover(canvas.cover(patch, 0.15), (0.7 + stream * 0.25).clamp(min=0.1), 0.12)
    rows, each = 17, 10
    line = (torch.arange(rows) - 8).repeat_interleave(each) * canvas.uniform(0.11, 0.16, 1)
    along = (torch.arange(each) - 4.5).repeat(rows) * canvas.uniform(0.24, 0.32, 1) + canvas.uniform(
        -0.13, 0.13, rows * each
    )
    across = line + canvas.uniform(-0.035, 0.035, rows * each) - sway[:, 0] * 0.5 * along**2
    x, y = turn(along, across, -direction[:, 0])
    x = only_inside(canvas, patch, x, y)
    angle = direction[:, 0] - (sway[:, 0] * along).atan() + canvas.normal(rows * each) * 0.08
    length = canvas.uniform(0.09, 0.135, rows * each)
    slide.add_nuclei(x, y, length, canvas.uniform(0.02, 0.032, rows * each), angle, 1.0, 0.15)
    return slide.develop(), canvas.cover(patch)


def mitosis(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A sheet of large pale nuclei; one to three cells divide: a dark plate, two plates or a clump in a clear cell."""
    slide = Slide(canvas)
    x, y, nearest, second = canvas.cells(canvas.uniform(0.34, 0.46), 0.26, 7)
    border = canvas.cover((second - nearest.distance) - 0.02, 0.03)
    tone = canvas.uniform(0.35, 0.75) + nearest.pick(canvas.uniform(-0.1, 0.1, 49)) + canvas.noise(14) * 0.05
    slide.cover(torch.ones_like(border), (tone + border * 0.3).clamp(min=0.1), 0.16 + border * 0.05)
    middle = (x**2 + y**2).argsort(1)[:, :5]
    dividing = torch.zeros(canvas.count, 49)
    dividing.scatter_(1, middle, torch.cat([torch.ones(canvas.count, 1), canvas.chance(0.22, 4)], 1))
    at_rest = torch.where(dividing > 0, 9.0, x)
    length = canvas.uniform(0.10, 0.14, 49)
    slide.add_nuclei(at_rest, y, length, length * canvas.uniform(0.7, 0.95, 49), canvas.uniform(0, 3.1, 49), 0.75, 0.55)
    speck = torch.full_like(x, 0.026)
    spots = canvas.stamp(
        at_rest + canvas.uniform(-0.04, 0.04, 49), y + canvas.uniform(-0.04, 0.04, 49), 0.08, circle, speck
    )
    slide.cover(canvas.cover(spots.distance), slide.eosin, 0.95)
    there = torch.where(dividing > 0, x, 9.0)
    cell = canvas.stamp(there, y, 0.24, circle, torch.full_like(x, 0.175))
    halo = canvas.cover(cell.distance + canvas.noise(8) * 0.012, 0.02)
    slide.cover(halo, 0.22 + canvas.noise(12) * 0.04, 0.04)
    angle, kind = canvas.uniform(0, 3.1, 49), canvas.uniform(0, 3, 49)
    gap = torch.where(kind < 1, 0.0, canvas.uniform(0.06, 0.09, 49))
    plate = torch.where(kind < 2, 0.105, 0.07)

    def figure(dx: Tensor, dy: Tensor, angle: Tensor, apart: Tensor, plate: Tensor, wide: Tensor) -> Tensor:
        a, b = turn(dx, dy, angle)
        return ellipse(a, b.abs() - apart, plate, wide)

    wide, apart = torch.where(kind < 2, 0.036, 0.062), torch.where(kind < 2, gap, 0.0)
    chromosomes = canvas.stamp(there, y, 0.22, figure, angle, apart, plate, wide)
    ragged = chromosomes.distance + canvas.noise(20) * 0.016
    dark = canvas.cover(ragged)
    slide.cover(dark, 0.3, 1.75 + canvas.noise(24) * 0.15)
    return slide.develop(), torch.maximum(halo, dark)


def adipose(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Large empty cells with thin walls, their nuclei pressed against the side."""
    slide = Slide(canvas)
    patch = island(canvas, 0.55, 1.05)
    spacing = canvas.uniform(0.34, 0.52)
    x, y, nearest, second = canvas.cells(spacing, 0.30, 7)
    gap = second - nearest.distance
    belongs = nearest.pick((only_inside(canvas, patch, x, y) < 9).float())
    gap = canvas.blur(gap, 0.025)  # rounds the corners
    wall = canvas.uniform(0.03, 0.065)
    slide.cover(belongs * canvas.cover(-gap), 0.8 + canvas.noise(14) * 0.08, 0.08)
    empty = canvas.cover(wall - gap + canvas.noise(6) * 0.006) * belongs
    slide.cover(empty, canvas.uniform(0.0, 0.12) + canvas.noise(3) * 0.015, 0.0)
    bearing = canvas.uniform(0, math.tau, 49)
    reach = spacing[:, 0] * 0.47
    rim_x = only_inside(canvas, patch, x + reach * bearing.cos(), y + reach * bearing.sin())
    rim_x = torch.where(canvas.chance(0.6, 49) > 0, rim_x, 9.0)
    length = canvas.uniform(0.05, 0.08, 49)
    slide.add_nuclei(rim_x, y + reach * bearing.sin(), length, length * 0.36, bearing + math.pi / 2, 1.1)
    return slide.develop(), empty


def squamous(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A pavement of polygonal cells that flatten towards the surface, each with a small central nucleus."""
    slide = Slide(canvas)
    heading = canvas.uniform(0, math.tau)
    u, v = turn(canvas.across, canvas.down, heading)
    lift, wave, phase, swing = (
        canvas.uniform(-0.6, -0.1),
        canvas.uniform(2, 4),
        canvas.uniform(0, 6),
        canvas.uniform(0.02, 0.10),
    )
    base = v + lift - (u * wave + phase).sin() * swing
    inside = canvas.cover(base, 0.02)
    spacing, shrink = canvas.uniform(0.26, 0.36, 1), canvas.uniform(0.80, 0.93, 1)
    rows, each = 8, 9
    row = torch.arange(rows).repeat_interleave(each)
    high = shrink**row  # how tall the cells of each row are, as a share of those at the base
    along = (torch.arange(each).repeat(rows) - 4 + (row % 2) * 0.5 + canvas.uniform(-0.25, 0.25, rows * each)) * spacing
    up = 0.12 + (1 - high) / (1 - shrink) * spacing * 0.85 + canvas.uniform(-0.12, 0.12, rows * each) * spacing
    foot = (along * wave[:, 0] + phase[:, 0]).sin() * swing[:, 0] - lift[:, 0]
    x, y = turn(along, foot - up, -heading[:, 0])

    def stretched(dx: Tensor, dy: Tensor, flat: Tensor) -> Tensor:
        a, b = turn(dx, dy, heading)
        return a.mul_(a).add_((b * flat).square_())

    lift_off = (1 + (base + 0.12) * ((1 - shrink) / (spacing * 0.85))[..., None]).clamp_(min=0.02)
    level = lift_off.log_().div_(shrink.log()[..., None])  # in which row a pixel lies
    place = u / spacing[..., None] + 4 - (level.round() % 2) * 0.5
    nearest, second = canvas.pavement(place, level, x, y, each, stretched, 1 / high)
    border = canvas.cover(second - nearest.distance - canvas.uniform(0.03, 0.05), 0.02)
    rise = (-base / 1.2).clamp(0, 1)  # 0 at the base, 1 at the surface
    bright = (
        canvas.uniform(0.5, 0.95) + nearest.pick(canvas.uniform(-0.12, 0.12, rows * each)) + canvas.noise(16) * 0.05
    )
    contrast = torch.where(canvas.chance(0.5) > 0, 0.45, -0.35)  # borders darker or paler than the cells
    slide.cover(inside, (bright + border * contrast + rise * 0.3).clamp(min=0.1), 0.14 * (1 - rise))
    x = torch.where(
        row < canvas.uniform(4, 8, 1), only_inside(canvas, base + 0.1, x, y), 9.0
    )  # the surface has lost its nuclei
    length = canvas.uniform(0.05, 0.068, rows * each)
    lean = heading[:, 0] + canvas.normal(rows * each) * 0.15
    slide.add_nuclei(x, y, length, length * high.sqrt() * canvas.uniform(0.7, 0.95, rows * each), lean, 1.0, 0.25)
    crowd = 36  # the basal layer: small nuclei side by side
    along = (torch.arange(crowd) - 17.5) * 0.082 + canvas.uniform(-0.015, 0.015, crowd)
    foot = (along * wave[:, 0] + phase[:, 0]).sin() * swing[:, 0] - lift[:, 0]
    x, y = turn(along, foot - 0.05, -heading[:, 0])
    slide.add_nuclei(
        x, y, canvas.uniform(0.05, 0.065, crowd), torch.full_like(x, 0.032), heading[:, 0] + math.pi / 2 + 0 * x, 1.1
    )
    return slide.develop(), inside


def necrosis(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A dead area: smudged, granular, with ghosts of cells and a dust of broken nuclei; living cells around it."""
    slide = Slide(canvas)
    x, y = canvas.scatter(canvas.uniform(0.19, 0.25), 0.3, 13)
    patch = island(canvas, 0.5, 0.85, 0.16)
    living = only_inside(canvas, 0.04 - patch, x, y)
    radius = canvas.uniform(0.06, 0.08, 169)
    slide.add_nuclei(living, y, radius, radius * canvas.uniform(0.7, 1, 169), canvas.uniform(0, 3, 169), 0.9, 0.35)
    granular = canvas.noise(28) * 0.16 + canvas.noise(7, octaves=2) * 0.18
    dead = canvas.cover(patch, 0.06)
    slide.cover(
        dead, (canvas.uniform(0.5, 1.0) + granular).clamp(min=0.05), (0.08 + canvas.noise(4) * 0.06).clamp(min=0)
    )
    ghosts = canvas.stamp(only_inside(canvas, patch, x, y), y, 0.13, circle, torch.full_like(x, 0.075))
    slide.cover(canvas.cover(ghosts.distance.abs() - 0.012, 0.02) * 0.35 * dead, 1.0, 0.25)
    dust_x, dust_y = canvas.uniform(-1, 1, 160), canvas.uniform(-1, 1, 160)
    size = 0.012 + 0.032 * canvas.uniform(0, 1, 160) ** 3
    crumbs = canvas.stamp(only_inside(canvas, patch + 0.05, dust_x, dust_y), dust_y, 0.08, circle, size)
    slide.cover(canvas.cover(crumbs.distance) * canvas.uniform(0.6, 1), slide.eosin * 0.5, 1.3)
    return slide.develop(), canvas.cover(patch)


def blood_vessel(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A muscular wall in rings around a channel with red blood cells."""
    slide = Slide(canvas)
    centre_x, centre_y, heading = canvas.uniform(-0.3, 0.3), canvas.uniform(-0.3, 0.3), canvas.uniform(0, math.tau)
    u, v = turn(canvas.across - centre_x, canvas.down - centre_y, heading)
    radius, squeeze, wall = canvas.uniform(0.32, 0.62), canvas.uniform(0.5, 0.95), canvas.uniform(0.10, 0.30)
    channel = ellipse(u, v, radius, radius * squeeze) + canvas.noise(4) * 0.015
    rings = (channel * canvas.uniform(45, 70) + canvas.noise(5) * 1.2).sin() * 0.16
    body = canvas.cover(channel - wall, 0.02)
    slide.cover(body, 0.9 + rings + canvas.noise(10) * 0.05, 0.12)

    def around(count: int, out: Tensor, length: Tensor, width: float) -> None:
        """Flat nuclei that lie along the ring at a distance `out` from the channel."""
        bearing = canvas.uniform(0, math.tau, count)
        half_u, half_v = radius[:, 0] + out, radius[:, 0] * squeeze[:, 0] + out
        x, y = turn(half_u * bearing.cos(), half_v * bearing.sin(), -heading[:, 0])
        along = torch.atan2(half_v * bearing.cos(), -half_u * bearing.sin()) + heading[:, 0]
        slide.add_nuclei(x + centre_x[:, 0], y + centre_y[:, 0], length, torch.full_like(length, width), along, 1.0)

    around(
        34, 0.04 + canvas.uniform(0, 1, 34) * (wall[:, 0] - 0.06).clamp(min=0.02), canvas.uniform(0.06, 0.09, 34), 0.018
    )
    plasma = canvas.cover(channel, 0.01)
    slide.cover(plasma, canvas.uniform(0.0, 0.35), 0.0)
    x, y = canvas.scatter(canvas.uniform(0.125, 0.17), 0.3, 13)
    x, y = x + centre_x[:, 0], y + centre_y[:, 0]
    filled = canvas.uniform(0, 1, 169) < canvas.uniform(0.5, 1.0, 1)
    x = torch.where(filled, only_inside(canvas, channel + 0.05, x, y), 9.0)
    cells = canvas.stamp(x, y, 0.1, circle, torch.full_like(x, 0.062))
    dimple = (1 + cells.distance / 0.062).clamp(0, 1)  # thinner in the middle
    slide.cover(canvas.cover(cells.distance), 1.15 + 0.6 * dimple, 0.04)
    around(20, canvas.uniform(-0.01, 0.01, 20), canvas.uniform(0.06, 0.085, 20), 0.020)  # the lining
    return slide.develop(), body


PAINTERS = {
    "gland": gland,
    "lymphocytes": lymphocytes,
    "spindle cells": spindle_cells,
    "mitosis": mitosis,
    "adipose": adipose,
    "squamous": squamous,
    "necrosis": necrosis,
    "blood vessel": blood_vessel,
}
CLASSES: tuple[str, ...] = tuple(PAINTERS)


def draw(labels: Tensor, generator: Generator, size: int = 64) -> tuple[Tensor, Tensor]:
    """Tissue-like pictures of the classes in `labels`, and where their evidence lies.

        >>> images, masks = draw(torch.arange(8), torch.Generator().manual_seed(0))

    `labels` are positions in `CLASSES`, `(N,)`; returned are uint8 `(N, 3, size, size)` and bool `(N, size, size)`. The
    mask is the gland, the crowd, the bundle, the dividing cells, the empty cells, the pavement, the dead area, or the
    vessel with its wall. Raises ValueError for a label that is no class.
    """
    return paint(PAINTERS, labels, generator, size)
