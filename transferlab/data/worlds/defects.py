"""Surface defects: eight kinds of damage on brushed, turned, cast and painted surfaces, as a camera inspects them.

A surface is a height field with a colour; a lamp from one side lights its slopes, and a glossy band is bent by them,
which is how a dent shows without any colour of its own. The kinds are those of hot-rolled steel and coating inspection
(compare Song and Yan, "A noise robust method based on completed local binary patterns for hot-rolled steel strip
surface defects", 2013). Every picture shows a defect; machining marks, seams, rivets, scuffs and dust are clutter. Left
out: sound surfaces.
"""

import math

import torch
from torch import Generator, Tensor

from transferlab.data.worlds.fields import Canvas, box, circle, mix, paint, segment, turn

METALS = [
    (0.62, 0.64, 0.67), (0.50, 0.52, 0.55), (0.70, 0.69, 0.66), (0.72, 0.60, 0.38), (0.70, 0.48, 0.36),
    (0.42, 0.44, 0.48), (0.56, 0.58, 0.66), (0.60, 0.56, 0.50),
]  # fmt: skip
PAINTS = [
    (0.16, 0.32, 0.56), (0.62, 0.16, 0.14), (0.20, 0.42, 0.30), (0.78, 0.58, 0.14), (0.74, 0.74, 0.72),
    (0.34, 0.36, 0.40), (0.70, 0.36, 0.12), (0.40, 0.54, 0.60), (0.55, 0.50, 0.38),
]  # fmt: skip


class Surface:
    """A plate under a lamp: its height, its colour, how much it shines and where its lamp stands."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.heading = canvas.uniform(0, math.tau)  # the direction of brushing or rolling
        self.lamp = canvas.uniform(0, math.tau)
        kind = canvas.uniform(0, 1)
        painted, cast = (kind < 0.28).float(), ((kind >= 0.28) & (kind < 0.52)).float()
        turned = (kind >= 0.88).float()  # concentric marks of a lathe
        brushed = 1 - painted - cast
        self.painted = painted
        self.along, self.across = turn(canvas.across, canvas.down, self.heading)
        centre = circle(self.across - canvas.uniform(-1.5, 1.5), self.along - canvas.uniform(1.0, 2.0), 0.0)
        round_along = torch.atan2(self.across, self.along + 1.5)
        u = self.along * (1 - turned) + round_along * turned
        v = self.across * (1 - turned) + (centre - 1.5) * turned
        lines = canvas.sample(canvas.noise(3, 64) * 0.7 + canvas.noise(2, 20) * 0.5, u * 0.7, v * 0.7)
        rough = canvas.noise(24) * 0.6 + canvas.noise(10, octaves=2) * 0.7
        peel = canvas.noise(16) + canvas.noise(8)
        depth = canvas.uniform(0.4, 1.3)
        self.height = depth * (brushed * lines * 0.004 + cast * rough * 0.012 + painted * peel * 0.0025)
        tone = brushed * lines * 0.07 + cast * rough * 0.045 + canvas.noise(3) * 0.03
        metal = canvas.choose(METALS) * canvas.uniform(0.65, 1.15, 1)
        colour = torch.where(painted[:, 0] > 0, canvas.choose(PAINTS) * canvas.uniform(0.75, 1.2, 1), metal)
        self.bare = torch.where(
            painted[:, 0] > 0, canvas.choose([(0.72, 0.72, 0.72), (0.50, 0.47, 0.44), (0.60, 0.40, 0.32)]), metal * 1.35
        )
        self.colours = colour[..., None, None] * (1 + tone).unsqueeze(1)
        self.shine = brushed * 0.32 + cast * 0.10 + painted * 0.34
        self.broad = brushed * canvas.uniform(0.35, 0.8) + cast * 0.9 + painted * canvas.uniform(0.12, 0.4)
        self.add_clutter()

    def tint(self, cover: Tensor, colour: Tensor) -> None:
        """Lay a colour, `(N, 3)` or `(N, 3, H, W)`, over the surface."""
        self.colours = mix(self.colours, colour, cover)

    def darken(self, amount: Tensor) -> None:
        """Take away a share of the light, `(N, H, W)`; negative amounts brighten."""
        self.colours = self.colours * (1 - amount).unsqueeze(1)

    def add_clutter(self) -> None:
        """Seams, rivets, scuffs and dust, each in some of the pictures: they belong to no class."""
        canvas = self.canvas
        _, v = turn(canvas.across, canvas.down, canvas.uniform(0, math.tau))
        seam = (v - canvas.uniform(-0.9, 0.9)).abs() - 0.022
        self.height = self.height - canvas.cover(seam, 0.03) * 0.03 * canvas.chance(0.22)
        rivet = circle(
            canvas.across - canvas.uniform(-0.95, 0.95),
            canvas.down - canvas.uniform(-0.95, 0.95),
            canvas.uniform(0.09, 0.13),
        )
        there = canvas.chance(0.25)
        self.height = self.height + (-rivet).clamp(0, 0.05) * 0.8 * there
        shade = canvas.cover(rivet.abs() - 0.012).mul_(0.4 * there)
        for _ in range(2):  # faint scuffs, shorter and paler than any scratch
            u, v = turn(
                canvas.across - canvas.uniform(-0.9, 0.9),
                canvas.down - canvas.uniform(-0.9, 0.9),
                canvas.uniform(0, math.tau),
            )
            scuff = canvas.cover(box(u, v, canvas.uniform(0.05, 0.2), 0.006), 0.03)
            shade.addcmul_(scuff, canvas.uniform(-0.12, 0.12) * canvas.chance(0.5))
        self.darken(shade.addcmul_(canvas.specks(0.0013), canvas.uniform(-0.4, 0.5)))

    def photograph(self) -> Tensor:
        """Light the surface: colours `(N, 3, H, W)` from 0 to 1."""
        canvas = self.canvas
        relief = canvas.light(self.height, self.lamp)
        where, _ = turn(canvas.across, canvas.down, self.lamp)
        band = ((where + relief * 1.1 + canvas.uniform(-0.8, 0.8)) / self.broad) ** 2
        gloss = (-band).exp() * self.shine
        falloff = 1 - where * canvas.uniform(0.0, 0.22)
        # A plate's edge against a dark background, in some pictures.
        edge, _ = turn(canvas.across, canvas.down, canvas.uniform(0, math.tau))
        beyond = canvas.cover(canvas.uniform(0.78, 2.8) - edge, 0.01)
        strength = canvas.uniform(0.75, 1.15)
        lit = strength * falloff * (0.78 + relief * canvas.uniform(0.7, 1.1))
        white = torch.tensor([1.0, 0.98, 0.95]).view(1, 3, 1, 1)
        gloss = gloss.mul_(strength)  # a little of it takes the surface's colour
        colours = (self.colours * (lit + gloss * 0.45).unsqueeze(1)).add_(white * gloss.unsqueeze(1), alpha=0.55)
        colours = mix(colours, canvas.choose([(0.07, 0.07, 0.08), (0.14, 0.13, 0.12), (0.30, 0.31, 0.33)]), beyond)
        colours = colours * (1 + canvas.uniform(-0.05, 0.05, 3)[..., None, None])
        colours = colours.div_((colours * 0.25).add_(0.83))  # the camera's shoulder keeps bright metal from burning out
        return colours.add_((canvas.grain() * canvas.uniform(0.005, 0.02)).unsqueeze(1))


def thin(canvas: Canvas, distance: Tensor, width: Tensor | float) -> Tensor:
    """Evidence for a line: everything within its half width, or within one pixel where it is finer than that."""
    return canvas.cover(distance - torch.as_tensor(width).clamp(min=canvas.pixel))


def scratch(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """One to four long, smooth grooves that cut through the surface to the bright metal or the primer."""
    surface = Surface(canvas)
    evidence = torch.zeros_like(surface.height)
    lead = canvas.uniform(0, math.tau)
    together = canvas.chance(0.5)  # strokes of one slip run in parallel
    for stroke in range(4):
        there = canvas.chance(0.45) if stroke else torch.ones(canvas.count, 1, 1)
        angle = lead + canvas.normal() * torch.where(together > 0, 0.05, 0.9)
        u, v = turn(canvas.across - canvas.uniform(-0.35, 0.35), canvas.down - canvas.uniform(-0.35, 0.35), angle)
        v = v - canvas.uniform(-0.22, 0.22) * u * u
        length = canvas.uniform(0.4, 1.1)
        taper = (1 - (u / length) ** 2).clamp(min=0)
        width = canvas.uniform(0.014, 0.034) * taper
        distance = torch.maximum(v.abs() - width, u.abs() - length)
        line = canvas.cover(distance) * there * taper.sqrt()
        surface.tint(line * canvas.uniform(0.55, 0.95), surface.bare * canvas.uniform(0.9, 1.3, 1))
        lip = (v.abs() - width - 0.03).mul_(40).square_().neg_().exp_().mul_(taper.sign()).mul_(there)
        surface.height = surface.height - line * 0.025 + lip * 0.006
        evidence = torch.maximum(evidence, thin(canvas, torch.maximum(v.abs(), u.abs() - length * 0.95), width) * there)
    return surface.photograph(), evidence


def crack(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A dark, jagged line that forks, wide where it began and hair-fine at its tips."""
    surface = Surface(canvas)
    count = 9
    length, start = canvas.uniform(1.3, 2.2, 1), canvas.uniform(0, math.tau)
    along = (torch.linspace(-0.5, 0.5, count) + canvas.uniform(-0.025, 0.025, count)) * length
    across = canvas.normal(count).cumsum(1) * 0.07 + canvas.normal(count) * 0.045
    across = across - across.mean(1, keepdim=True)
    wide = canvas.uniform(0.022, 0.04)
    u, v = turn(canvas.across - canvas.uniform(-0.2, 0.2), canvas.down - canvas.uniform(-0.2, 0.2), start)
    v = v + canvas.noise(12) * 0.012

    def point(values: Tensor, index: int) -> Tensor:
        return values[:, index, None, None]

    open_crack, nearest = torch.full((), 9.0), torch.full((), 9.0)
    for piece in range(count - 1):
        ends = [(point(along, piece + step), point(across, piece + step)) for step in (0, 1)]
        distance, share = segment(u, v, *ends)
        width = wide * (1 - ((piece + share) / (count - 1)) ** 2 * 0.75)
        open_crack, nearest = torch.minimum(open_crack, distance - width), torch.minimum(nearest, distance)
    for fork in (2, 4, 6):  # a branch leaves at a knee and bends once
        there = (1 - canvas.chance(0.75)) * 9
        tip = (point(along, fork), point(across, fork))
        angle = canvas.uniform(0.4, 1.1) * (canvas.chance(0.5) * 2 - 1)
        for piece in range(2):
            step = canvas.uniform(0.15, 0.32)
            end = (tip[0] + step * angle.cos(), tip[1] + step * angle.sin())
            distance, share = segment(u, v, tip, end)
            width = wide * (0.65 - 0.3 * (piece + share))
            open_crack = torch.minimum(open_crack, distance - width + there)
            nearest = torch.minimum(nearest, distance + there)
            tip, angle = end, angle + canvas.uniform(-0.7, 0.7)
    line = canvas.cover(open_crack)
    surface.height = surface.height - canvas.cover(open_crack, 0.04) * 0.02
    surface.darken(line * canvas.uniform(0.7, 0.92))
    surface.darken(canvas.cover(open_crack - 0.03, 0.08) * 0.12)
    return surface.photograph(), torch.maximum(thin(canvas, nearest, 0.0), line)


def island(canvas: Canvas, low: float, high: float, rough: float) -> Tensor:
    """Signed distance to a patch with an irregular border, of a radius between `low` and `high`."""
    x, y = canvas.across - canvas.uniform(-0.35, 0.35), canvas.down - canvas.uniform(-0.35, 0.35)
    return circle(x, y, canvas.uniform(low, high)) + canvas.noise(2.6, octaves=3) * rough


def crazing(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A net of hair-fine cracks that closes around small plates."""
    surface = Surface(canvas)
    patch = island(canvas, 0.6, 0.95, 0.12)
    _, _, nearest, second = canvas.cells(canvas.uniform(0.25, 0.34), 0.33, 11)
    gap = second - nearest.distance + canvas.noise(14) * 0.018
    inside = canvas.cover(patch, 0.2)
    line = canvas.cover(gap - canvas.uniform(0.02, 0.045)) * inside * (0.8 + canvas.noise(6) * 0.3).clamp(0, 1)
    surface.darken(nearest.pick(canvas.uniform(-0.06, 0.06, 121)) * inside)
    surface.height = surface.height - line * 0.014 + nearest.pick(canvas.uniform(-0.01, 0.01, 121)) * inside * 0.3
    surface.darken(line * canvas.uniform(0.5, 0.8))
    return surface.photograph(), canvas.cover(patch)


def pitting(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Many small round holes of very different sizes, each lit on one wall and dark on the other."""
    surface = Surface(canvas)
    count = 48
    patch_x, patch_y, spread = (
        canvas.uniform(-0.35, 0.35, 1),
        canvas.uniform(-0.35, 0.35, 1),
        canvas.uniform(0.3, 0.6, 1),
    )
    x, y = patch_x + canvas.normal(count) * spread, patch_y + canvas.normal(count) * spread
    x = torch.where(torch.arange(count) < canvas.uniform(14, count, 1), x, 9.0)
    size = 0.026 + 0.075 * canvas.uniform(0, 1, count) ** 3
    pits = canvas.stamp(x, y, 0.16, circle, size)
    ragged = pits.distance + canvas.noise(20) * 0.008
    hole = canvas.cover(ragged)
    depth = (-ragged / 0.05).clamp(0, 1)
    surface.height = (
        surface.height - depth * canvas.uniform(0.03, 0.055) + canvas.cover(ragged.abs() - 0.02, 0.02) * 0.006
    )
    surface.darken(hole * (0.25 + 0.4 * depth) * canvas.uniform(0.6, 1.2))
    rust = canvas.cover(ragged - 0.03, 0.1) * canvas.chance(0.4) * 0.5
    surface.tint(rust, torch.tensor([[0.42, 0.24, 0.13]]))
    return surface.photograph(), hole


def inclusion(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Slivers of slag rolled out along the sheet: dark, sharp-ended, with a pale smear around them."""
    surface = Surface(canvas)
    count = 9
    cluster = canvas.uniform(0.2, 0.5, 1)
    x = canvas.uniform(-0.3, 0.3, 1) + canvas.normal(count) * cluster
    y = canvas.uniform(-0.3, 0.3, 1) + canvas.normal(count) * cluster
    there = torch.arange(count) < canvas.uniform(2.5, count + 0.5, 1)
    x = torch.where(there, x.clamp(-0.9, 0.9), 9.0)
    length, width = canvas.uniform(0.13, 0.42, count), canvas.uniform(0.028, 0.06, count)
    lean = surface.heading[:, 0] + canvas.normal(count) * 0.05

    def sliver(dx: Tensor, dy: Tensor, lean: Tensor, length: Tensor, width: Tensor) -> Tensor:
        a, b = turn(dx, dy, lean)
        point = (1 - (a / length).abs()).clamp(min=0)
        return torch.maximum(b.abs() - width * point**0.7, a.abs() - length)

    slivers = canvas.stamp(x, y.clamp(-0.9, 0.9), 0.46, sliver, lean, length, width)
    ragged = slivers.distance + canvas.sample(canvas.noise(8, 30), surface.along * 0.7, surface.across * 0.7) * 0.010
    body = canvas.cover(ragged)
    smear = canvas.cover(ragged - 0.03, 0.06) * (1 - body)
    surface.darken(-smear * canvas.uniform(0.1, 0.3))
    slag = canvas.choose([(0.16, 0.15, 0.15), (0.26, 0.22, 0.18), (0.12, 0.13, 0.16), (0.34, 0.30, 0.27)])
    surface.tint(body * canvas.uniform(0.75, 0.95), slag[..., None, None] * (1 + canvas.noise(22) * 0.25).unsqueeze(1))
    surface.height = surface.height + body * canvas.uniform(-0.008, 0.008)
    return surface.photograph(), body


def rolled_in_scale(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Flakes of oxide pressed into the sheet: ragged patches drawn out along the rolling, rough within."""
    surface = Surface(canvas)
    u, v = surface.along * 0.7, surface.across * 0.7 + canvas.noise(3) * 0.02
    flaky = canvas.sample(canvas.noise(3, 7, octaves=3), u, v)
    patch = island(canvas, 0.5, 0.9, 0.1)
    level = flaky - canvas.uniform(-0.2, 0.4) - patch.clamp(min=-0.2) * 4
    scale = (level * 5 + 0.5).clamp(0, 1)
    crumbs = canvas.noise(28) * 0.7 + canvas.noise(14) * 0.5
    oxide = canvas.choose(
        [(0.30, 0.30, 0.33), (0.24, 0.20, 0.19), (0.38, 0.30, 0.26), (0.52, 0.52, 0.55), (0.45, 0.36, 0.28)]
    )
    surface.tint(scale * canvas.uniform(0.45, 0.85), oxide[..., None, None] * (1 + crumbs * 0.22).unsqueeze(1))
    surface.height = surface.height + scale * (0.02 + crumbs * 0.010)
    return surface.photograph(), scale


def stain(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A dried puddle: no depth, a tide line at its edge, sometimes rings of colour or a run."""
    surface = Surface(canvas)
    patch = island(canvas, 0.3, 0.65, 0.07)
    for _ in range(2):
        other = circle(
            canvas.across - canvas.uniform(-0.5, 0.5),
            canvas.down - canvas.uniform(-0.5, 0.5),
            canvas.uniform(0.1, 0.35),
        )
        other = other + (1 - canvas.chance(0.5)) * 9
        blend = (0.5 + (other - patch) / 0.2).clamp(0, 1)  # a smooth union: drops that flowed together
        patch = other + (patch - other) * blend - 0.1 * blend * (1 - blend)
    inside = canvas.cover(patch, 0.02)
    dirt = canvas.choose(
        [
            (0.36, 0.28, 0.18),
            (0.22, 0.22, 0.24),
            (0.50, 0.40, 0.24),
            (0.80, 0.80, 0.78),
            (0.25, 0.32, 0.38),
            (0.42, 0.22, 0.14),
        ]
    )
    alike = (dirt - surface.colours.mean((2, 3))).abs().sum(1, keepdim=True) < 0.45
    dirt = torch.where(alike, dirt * 0.4, dirt)  # a stain of the surface's own colour would not be seen
    strength = canvas.uniform(0.28, 0.55)
    surface.tint(inside * strength * (0.8 + canvas.noise(5, octaves=2) * 0.2), dirt)
    rings = torch.stack([(patch * canvas.uniform(16, 30) + shift).sin() for shift in (0.0, 1.6, 3.2)], 1) * 0.11
    surface.colours = surface.colours * (1 + rings * (inside * canvas.chance(0.45)).unsqueeze(1))
    tide = (-(((patch + 0.025) / 0.03) ** 2)).exp() + 0.5 * (-(((patch + canvas.uniform(0.1, 0.2)) / 0.03) ** 2)).exp()
    surface.tint((tide * canvas.uniform(0.4, 0.8)).clamp(0, 1), dirt * 0.75)
    return surface.photograph(), inside


def dent(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """One or two smooth hollows without any colour of their own: only light and reflections bend."""
    surface = Surface(canvas)
    evidence = torch.zeros_like(surface.height)
    for number in range(2):
        there = canvas.chance(0.35) if number else torch.ones(canvas.count, 1, 1)
        u, v = turn(
            canvas.across - canvas.uniform(-0.5, 0.5),
            canvas.down - canvas.uniform(-0.5, 0.5),
            canvas.uniform(0, math.tau),
        )
        size, squeeze = canvas.uniform(0.17, 0.36), canvas.uniform(0.5, 1.0)
        r = ((u / size) ** 2 + (v / (size * squeeze)) ** 2).sqrt()
        bowl = (-(r**2.5) * 0.8).exp()
        rim = (-(((r - 1.7) / 0.4) ** 2)).exp()
        surface.height = surface.height - (bowl * canvas.uniform(0.6, 1.1) - rim * 0.12) * size * there
        evidence = torch.maximum(evidence, canvas.cover((r - 1.45) * size) * there)
    return surface.photograph(), evidence


PAINTERS = {
    "scratch": scratch,
    "crack": crack,
    "crazing": crazing,
    "pitting": pitting,
    "inclusion": inclusion,
    "rolled-in scale": rolled_in_scale,
    "stain": stain,
    "dent": dent,
}
CLASSES: tuple[str, ...] = tuple(PAINTERS)


def draw(labels: Tensor, generator: Generator, size: int = 64) -> tuple[Tensor, Tensor]:
    """Pictures of damaged surfaces of the classes in `labels`, and where the damage lies.

        >>> images, masks = draw(torch.arange(8), torch.Generator().manual_seed(0))

    `labels` are positions in `CLASSES`, `(N,)`; returned are uint8 `(N, 3, size, size)` and bool `(N, size, size)`.
    Lines finer than a pixel have masks two pixels wide. Raises ValueError for a label that is no class.
    """
    return paint(PAINTERS, labels, generator, size)
