"""What drawn things are made of: parts with an outline, a colour and a thickness, in a thing's own coordinates.

A thing fills the square from -1 to 1; u runs to its right, v down to its foot. Outlines are signed distances, negative
inside, as in Inigo Quilez, "2D distance functions"; away from the outline some of them are approximate, which a soft
edge of one pixel does not show. Left out: perspective; the light falls on the thickness that `Part.bevel` gives.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from transferlab.data.worlds.fields import circle, ellipse, segment, turn

Number = Tensor | float
Point = tuple[Number, Number]


@dataclass(frozen=True)
class Part:
    """One piece of a thing, `(N, H, W)`: painted over the parts before it.

    `colour` is a role that every thing has: "main", "second", "dark" or "light". `bevel` is how wide the rounded rim
    is.
    """

    distance: Tensor
    colour: str
    bevel: float = 0.15


def union(first: Tensor, second: Tensor, blend: float = 0.1) -> Tensor:
    """Both shapes with a smooth joint (Quilez' polynomial smooth minimum)."""
    share = (0.5 + (second - first) / (2 * blend)).clamp(0, 1)
    return second + (first - second) * share - blend * share * (1 - share)


def convex(u: Tensor, v: Tensor, *points: Point) -> Tensor:
    """A convex polygon, its corners listed clockwise as seen (v runs downwards)."""
    distance = torch.full((), -9.0)
    for (u1, v1), (u2, v2) in zip(points, points[1:] + points[:1], strict=True):
        along_u, along_v = torch.as_tensor(u2 - u1), torch.as_tensor(v2 - v1)
        length = (along_u**2 + along_v**2).sqrt() + 1e-6
        distance = torch.maximum(distance, ((u - u1) * along_v - (v - v1) * along_u) / length)
    return distance


def stroke(u: Tensor, v: Tensor, *points: Point, width: Number, tip: Number | None = None) -> Tensor:
    """A line through points with round ends, half as wide as `width`; each piece grows or shrinks to `tip`."""
    distance = torch.full((), 9.0)
    for start, end in pairwise(points):
        ends = [(torch.as_tensor(a), torch.as_tensor(b)) for a, b in (start, end)]
        away, share = segment(u, v, *ends)
        distance = torch.minimum(distance, away - width - (0 if tip is None else (tip - width) * share))
    return distance


def ring(u: Tensor, v: Tensor, radius: Number, width: Number) -> Tensor:
    """A circle's line, half as wide as `width`."""
    return circle(u, v, radius).abs() - width


def oval(u: Tensor, v: Tensor, centre: Point, radii: Point, angle: Number = 0.0) -> Tensor:
    """An ellipse anywhere, turned by `angle` radians."""
    a, b = turn(u - centre[0], v - centre[1], torch.as_tensor(angle))
    return ellipse(a, b, *radii)


def block(u: Tensor, v: Tensor, centre: Point, half: Point, corner: float = 0.05) -> Tensor:
    """A box with rounded corners."""
    a, b = (u - centre[0]).abs() - half[0] + corner, (v - centre[1]).abs() - half[1] + corner
    outside = (a.clamp(min=0) ** 2 + b.clamp(min=0) ** 2).sqrt()
    return outside + torch.maximum(a, b).clamp(max=0) - corner


def disc(u: Tensor, v: Tensor, centre: Point, radius: Number) -> Tensor:
    return circle(u - centre[0], v - centre[1], radius)


def star(u: Tensor, v: Tensor, points: int, outer: Number, inner: Number) -> Tensor:
    """A star with straight sides, one point up."""
    radius = circle(u, v, 0.0)
    fold = math.tau / points
    angle = torch.atan2(u, -v)
    angle = (angle - (angle / fold).round() * fold).abs()
    x, y = radius * angle.cos() - outer, radius * angle.sin()
    to_x, to_y = torch.as_tensor(inner * math.cos(fold / 2) - outer), torch.as_tensor(inner * math.sin(fold / 2))
    return (x * to_y - y * to_x) / (to_x**2 + to_y**2).sqrt()
