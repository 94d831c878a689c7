"""The land under the satellite: parcels with their rows, hedges, woods, trees, tracks, water, and the air above it all.

Every picture has its own season, soil, sun, haze and scale. A painter of `satellite` starts from `countryside`, builds
on it, and ends with `seen_from_above`. Left out: relief displacement, rows that follow the shape of a parcel.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from transferlab.data.worlds.fields import Canvas, circle, mix, turn

# Bare soils, crops and meadows as they look from above; every picture draws its own few.
LAND = [
    (0.62, 0.54, 0.38), (0.47, 0.35, 0.25), (0.60, 0.40, 0.29), (0.73, 0.66, 0.48), (0.36, 0.46, 0.23),
    (0.24, 0.36, 0.18), (0.45, 0.52, 0.30), (0.55, 0.58, 0.36), (0.64, 0.61, 0.36), (0.40, 0.40, 0.34),
    (0.52, 0.47, 0.42), (0.30, 0.34, 0.22),
]  # fmt: skip
WATER = [
    (0.10, 0.22, 0.30),
    (0.16, 0.32, 0.36),
    (0.24, 0.34, 0.28),
    (0.38, 0.36, 0.28),
    (0.12, 0.26, 0.42),
    (0.30, 0.42, 0.44),
]


@dataclass
class Ground:
    """A landscape under way: its colours so far, where its sun stands, and the palette of its season."""

    colours: Tensor  # (N, 3, H, W)
    sun: Tensor  # (N, 1, 1) direction of the light in radians
    palette: Tensor  # (N, 4, 3)
    trees: Tensor  # (N, 3) the green of its trees

    def shadow(self, length: Tensor | float) -> tuple[Tensor, Tensor]:
        """How far a shadow of this `length` falls, along x and y; add it to a shape's coordinates."""
        return self.sun.cos() * length, self.sun.sin() * length


def countryside(canvas: Canvas) -> Ground:
    """Parcels with rows, hedges and woods: what every class lies in."""
    sun = canvas.uniform(0, math.tau)
    palette = canvas.choose(LAND, 4) * canvas.uniform(0.85, 1.15, 4, 1)
    trees = canvas.choose([(0.16, 0.26, 0.13), (0.22, 0.30, 0.14), (0.27, 0.30, 0.18), (0.14, 0.22, 0.16)])
    u, v = turn(canvas.across, canvas.down, canvas.uniform(0, math.tau))
    bend = canvas.uniform(0.0, 0.05)
    u, v = u.addcmul_(canvas.noise(3), bend), v.addcmul_(canvas.noise(3), bend)
    owner, edge, across = parcels(canvas, u, v, levels=4)
    mixture = canvas.uniform(0, 1, 16, 4) ** 6
    tones = (mixture / mixture.sum(-1, keepdim=True)) @ palette * canvas.uniform(0.85, 1.15, 16, 1)  # (N, 16, 3)
    colours = (
        tones.transpose(1, 2)
        .gather(2, owner.flatten(1)[:, None].expand(-1, 3, -1))
        .view(canvas.count, 3, *owner.shape[1:])
    )
    rows = (across * canvas.uniform(35, 70)).sin_() * canvas.uniform(-0.08, 0.10, 16).gather(1, owner.flatten(1)).view(
        owner.shape
    )
    colours.mul_(rows.add_(1).add_(canvas.noise(5, octaves=3), alpha=0.09).unsqueeze(1))
    verge = canvas.cover(edge - canvas.uniform(0.005, 0.03)) * canvas.uniform(0.0, 0.9)
    colours = mix(colours, torch.where(canvas.chance(0.5, 1) > 0, trees * 1.2, palette[:, 0] * 1.35), verge)
    ground = Ground(colours, sun, palette, trees)
    add_woods(canvas, ground, canvas.noise(2.4, octaves=2) - canvas.uniform(0.9, 2.6))
    return ground


def parcels(canvas: Canvas, u: Tensor, v: Tensor, levels: int) -> tuple[Tensor, Tensor, Tensor]:
    """Cut the land in two, again and again: each pixel's parcel, distance to the border and place across the rows."""
    owner = torch.zeros_like(u, dtype=torch.int32)
    edge, across, turned = torch.full((), 9.0), u, v - u
    offset = torch.arange(canvas.count, dtype=torch.int32)[:, None, None]
    low, high = torch.full((canvas.count, 1, 2), -1.3), torch.full((canvas.count, 1, 2), 1.3)
    for _ in range(levels):
        extent = high - low
        axis = (
            extent[..., 1] * canvas.uniform(0.7, 1.4, extent.shape[1]) > extent[..., 0]
        ).long()  # mostly the longer side
        share = canvas.uniform(0.3, 0.7, extent.shape[1])
        cut = (low + extent * share[..., None]).gather(2, axis[..., None])[..., 0]  # (N, parcels)
        index = (offset * extent.shape[1] + owner).flatten()
        vertical, here = (table.flatten().index_select(0, index).view(u.shape) for table in (axis.float(), cut))
        across = torch.addcmul(u, turned, vertical)
        side = across - here
        edge = torch.minimum(edge, side.abs())
        owner = owner.mul_(2).add_(side.sign_().clamp_(min=0).int())
        chosen = torch.nn.functional.one_hot(axis, 2).bool()
        upper = torch.where(chosen, cut[..., None], high)  # the halves below the cut end at it, those above begin there
        lower = torch.where(chosen, cut[..., None], low)
        low = torch.stack([low, lower], 2).flatten(1, 2)
        high = torch.stack([upper, high], 2).flatten(1, 2)
    return owner.long(), edge, across


def add_woods(canvas: Canvas, ground: Ground, inside: Tensor) -> None:
    """Cover the land with tree crowns where `inside` is above 0, with their shadow at the edge."""
    crowns = canvas.noise(22)
    crown_light = canvas.light(crowns, ground.sun, 0.035).mul_(1.1).add_(canvas.noise(6), alpha=0.1).add_(1.02)
    wood = (inside * 6).add_(crowns, alpha=0.8).add_(0.5).clamp_(0, 1)
    ground.colours = ground.colours * (inside * -1.4 + 0.7).clamp_(0.62, 1).unsqueeze(1)
    ground.colours = mix(ground.colours, ground.trees[..., None, None] * crown_light.unsqueeze(1), wood)


def add_trees(canvas: Canvas, ground: Ground, x: Tensor, y: Tensor, radius: Tensor) -> Tensor:
    """Single trees at `x`, `y` `(N, K)` with crowns of `radius` `(N, K)`; returns where they are, 0 to 1."""
    reach = float(radius.max()) + 2 * canvas.pixel
    trees = canvas.stamp(x, y, reach, circle, radius)
    cast = 0.8 * radius
    x_shadow, y_shadow = x - ground.sun[:, 0].cos() * cast, y - ground.sun[:, 0].sin() * cast
    shade = canvas.stamp(x_shadow, y_shadow, reach, circle, radius)
    ground.colours = ground.colours * canvas.cover(shade.distance).mul_(-0.5).add_(1).unsqueeze(1)
    cover = canvas.cover(trees.distance)
    dome = canvas.light(trees.distance, ground.sun + math.pi).mul_(0.45).add_(1.05)
    tone = trees.pick(canvas.uniform(0.75, 1.3, x.shape[1])).mul_(dome)
    ground.colours = mix(ground.colours, ground.trees[..., None, None] * tone.unsqueeze(1), cover)
    return cover


def scattered_trees(canvas: Canvas, count: int = 14) -> tuple[Tensor, Tensor, Tensor]:
    """A few trees anywhere, in some pictures none: `x`, `y` and radius, `(N, K)` each."""
    present = canvas.chance(0.5, count) * canvas.chance(0.7, 1)
    x = torch.where(present > 0, canvas.uniform(-1.1, 1.1, count), 9.0)
    return x, canvas.uniform(-1.1, 1.1, count), canvas.uniform(0.03, 0.07, count)


def add_track(canvas: Canvas, ground: Ground, share: float = 0.4) -> None:
    """A farm track across the picture in a `share` of the pictures: clutter that belongs to no class."""
    u, v = turn(canvas.across, canvas.down, canvas.uniform(0, math.tau))
    course = (
        v
        - canvas.uniform(-0.8, 0.8)
        - (u * canvas.uniform(1, 3) + canvas.uniform(0, 6)).sin() * canvas.uniform(0, 0.15)
    )
    cover = canvas.cover(course.abs() - canvas.uniform(0.015, 0.035)) * canvas.chance(share)
    ground.colours = mix(
        ground.colours, canvas.choose([(0.72, 0.67, 0.58), (0.55, 0.54, 0.54), (0.66, 0.57, 0.44)]), cover
    )


def water_colours(canvas: Canvas, ground: Ground, ripple: float = 0.04) -> Tensor:
    """The colour of open water, `(N, 3, H, W)`, with ripples lit by the sun and a drift of sediment."""
    colour = canvas.choose(WATER) * canvas.uniform(0.75, 1.35, 1)
    waves = (canvas.noise(14, 26) * ripple).add_(canvas.noise(3, octaves=2), alpha=0.07).add_(1)
    waves.add_(canvas.specks(0.005), alpha=0.3)
    return colour[..., None, None] * waves.unsqueeze(1)


def seen_from_above(canvas: Canvas, ground: Ground) -> Tensor:
    """What the air and the sensor do: cloud and its shadow, haze, the sun's strength, colour cast, blur and noise."""
    colours = ground.colours
    cloud = canvas.noise(2.2, octaves=3).sub_(canvas.uniform(1.3, 3.5)).clamp_(0, 1).mul_(0.8)
    cast_x, cast_y = ground.shadow(0.35)
    shadow = canvas.sample(cloud, canvas.across + cast_x, canvas.down + cast_y)
    exposure = (1 - 0.45 * shadow) * canvas.uniform(0.75, 1.25)
    colours = (colours * exposure.unsqueeze(1)).mul_(1 + canvas.uniform(-0.06, 0.06, 3)[..., None, None])
    colours = colours.div_(
        (colours * 0.3125).clamp_(min=0).add_(0.76)
    )  # the sensor's shoulder: bright fields keep their hue
    haze = (canvas.noise(1.4) * 0.02).add_(canvas.uniform(0, 1) ** 3 * 0.40).clamp_(0, 1)
    colours = mix(colours, torch.tensor([[0.74, 0.77, 0.80]]), haze)
    colours = mix(colours, torch.tensor([[0.95, 0.95, 0.96]]), cloud)
    return colours.add_((canvas.grain() * canvas.uniform(0.004, 0.018)).unsqueeze(1))
