"""Ten living and natural things, as parts: see `shapes`. Every picture varies their proportions."""

import math

import torch
from torch import Tensor

from transferlab.data.worlds.fields import Canvas, circle
from transferlab.data.worlds.shapes import Part, block, convex, disc, oval, stroke, union


def apple(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """Two cheeks, a dimple, a stalk with a leaf."""
    wide = canvas.uniform(0.50, 0.60)
    body = union(disc(u, v, (-0.28, 0.18), wide), disc(u, v, (0.28, 0.18), wide), 0.06)
    lean = canvas.uniform(-0.15, 0.15)
    leaf = oval(u, v, (lean + 0.30, -0.68), (0.27, 0.12), canvas.uniform(-0.7, -0.1))
    stalk = stroke(u, v, (0.0, -0.25), (lean, -0.85), width=0.055)
    return [Part(body, "main", 0.5), Part(stalk, "dark", 0.05), Part(leaf, "second", 0.1)]


def butterfly(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """Four wings with spots, a thin body, two feelers."""
    side = u.abs()
    spread, droop = canvas.uniform(0.40, 0.50), canvas.uniform(0.2, 0.7)
    upper = oval(side, v, (spread, -0.30), (0.50, 0.34), -droop)
    lower = oval(side, v, (0.36, 0.38), (0.30, canvas.uniform(0.30, 0.46)), -0.5)
    spot = torch.minimum(
        disc(side, v, (spread + 0.15, -0.36), canvas.uniform(0.09, 0.17)), disc(side, v, (0.36, 0.42), 0.1)
    )
    body = oval(u, v, (0.0, 0.05), (0.09, 0.55))
    feeler = stroke(side, v, (0.03, -0.45), (0.22, -0.88), width=0.035)
    return [
        Part(lower, "second", 0.1), Part(upper, "main", 0.12), Part(spot, "light", 0.05),
        Part(torch.minimum(body, feeler), "dark", 0.08),
    ]  # fmt: skip


def cactus(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A ribbed column with two bent arms in a pot."""
    right, left = canvas.uniform(-0.15, 0.25), canvas.uniform(-0.2, 0.2)
    trunk = stroke(u, v, (0.0, 0.7), (0.0, -0.70), width=0.25)
    arms = torch.minimum(
        stroke(u, v, (0.0, right), (0.58, right), (0.58, right - canvas.uniform(0.3, 0.55)), width=0.14),
        stroke(u, v, (0.0, left), (-0.58, left), (-0.58, left - canvas.uniform(0.3, 0.55)), width=0.14),
    )
    plant = union(trunk, arms, 0.06)
    ribs = torch.maximum(((u * 7).sin().abs() - 0.25) * 0.14, plant + 0.05)
    pot = convex(u, v, (-0.45, 0.55), (0.45, 0.55), (0.32, 1.0), (-0.32, 1.0))
    return [Part(plant, "main", 0.22), Part(ribs, "dark", 0.05), Part(pot, "second", 0.1)]


def cloud(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """Puffs of different size on a flat base."""
    puffs = disc(u, v, (canvas.uniform(-0.15, 0.15), -0.12), canvas.uniform(0.42, 0.52))
    for at in (-0.50, 0.50):
        puffs = union(puffs, disc(u, v, (at, canvas.uniform(0.05, 0.18)), canvas.uniform(0.30, 0.40)), 0.05)
    for at in (-0.26, 0.28):
        puffs = union(puffs, disc(u, v, (at, canvas.uniform(-0.2, 0.0)), 0.32), 0.04)
    base = block(u, v, (0.0, 0.32), (0.78, 0.18), 0.17)
    whole = union(torch.maximum(puffs, v - 0.48), base, 0.05)
    return [Part(whole, "main", 0.35)]


def fish(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A body with a tail, fins, a gill and an eye."""
    tall = canvas.uniform(0.32, 0.48)
    body = oval(u, v, (-0.15, 0.0), (0.70, tall))
    tail = convex(u, v, (0.35, 0.0), (0.95, -0.42), (0.80, 0.0))
    tail = torch.minimum(tail, convex(u, v, (0.35, 0.0), (0.80, 0.0), (0.95, 0.42)))
    back = convex(u, v, (-0.35, -tall * 0.8), (0.05, -tall - 0.30), (0.25, -tall * 0.7))
    belly = oval(u, v, (0.0, 0.12), (0.20, 0.09), 0.4)
    gill = torch.maximum((circle(u + 0.85, v, 0.45)).abs() - 0.03, body + 0.04)
    eye = (-0.58, -0.10)
    return [
        Part(torch.minimum(tail, back), "second", 0.1), Part(body, "main", 0.3), Part(gill, "dark", 0.05),
        Part(belly, "second", 0.05), Part(disc(u, v, eye, 0.10), "light", 0.1),
        Part(disc(u, v, eye, 0.05), "dark", 0.05),
    ]  # fmt: skip


def flower(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """Five to seven petals round a centre, on a stem with a leaf."""
    x, y = u, v + 0.30
    petals = 5 + (canvas.uniform(0, 3)).floor()
    radius, angle = circle(x, y, 0.0), torch.atan2(y, x) + canvas.uniform(0, math.tau)
    bloom = radius - 0.47 - 0.19 * (petals * angle).cos()
    bend = canvas.uniform(-0.2, 0.2)
    stem = stroke(u, v, (0.0, 0.0), (bend, 0.55), (bend * 1.4, 1.0), width=0.06)
    leaf = oval(u, v, (bend + 0.26, 0.62), (0.28, 0.11), canvas.uniform(-0.8, -0.2))
    return [
        Part(torch.minimum(stem, leaf), "second", 0.08), Part(bloom, "main", 0.2),
        Part(circle(x, y, canvas.uniform(0.17, 0.25)), "light", 0.2),
    ]  # fmt: skip


def leaf(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A pointed blade with a midrib, side veins and a stalk."""
    bulge = canvas.uniform(0.35, 0.75)
    radius = (0.85**2 + bulge**2) / (2 * bulge) / 1.1
    half = (radius**2 - 0.85**2).clamp(min=0).sqrt()
    blade = torch.maximum(circle(u - half, v + 0.1, radius), circle(u + half, v + 0.1, radius))
    veins = ((v + 0.1 + u.abs() * canvas.uniform(0.5, 0.9)) * 13).sin().abs() * 0.10 - 0.022
    rib = stroke(u, v, (0.0, -0.85), (0.0, 1.0), width=0.028, tip=0.05)
    return [Part(blade, "main", 0.18), Part(torch.maximum(veins, blade + 0.06), "dark", 0.05), Part(rib, "dark", 0.05)]


def moon(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A crescent, thin or fat, with a few craters."""
    bite = canvas.uniform(0.30, 0.55)
    crescent = torch.maximum(circle(u, v, 0.9), -disc(u, v, (bite, -0.12), canvas.uniform(0.66, 0.74)))
    craters = torch.minimum(disc(u, v, (-0.62, -0.15), 0.10), disc(u, v, (-0.45, 0.45), 0.13))
    craters = torch.minimum(craters, disc(u, v, (-0.05, 0.72), 0.07))
    return [Part(crescent, "main", 0.2), Part(torch.maximum(craters, crescent + 0.05), "second", 0.08)]


def mushroom(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A domed cap with spots on a stalk."""
    wide, edge = canvas.uniform(0.70, 0.90), canvas.uniform(-0.05, 0.15)
    stalk = union(block(u, v, (0.0, 0.50), (0.20, 0.45), 0.1), oval(u, v, (0.0, 0.85), (0.30, 0.14)), 0.1)
    cap = torch.maximum(oval(u, v, (0.0, edge), (wide, 0.85 + edge)), v - edge - 0.10 * (1 - (u / wide) ** 2))
    spots = torch.minimum(disc(u, v, (-0.30, edge - 0.36), 0.14), disc(u, v, (0.20, edge - 0.55), 0.12))
    spots = torch.minimum(
        torch.minimum(spots, disc(u, v, (0.44, edge - 0.18), 0.11)), disc(u, v, (-0.02, edge - 0.16), 0.10)
    )
    return [Part(stalk, "light", 0.15), Part(cap, "main", 0.35), Part(torch.maximum(spots, cap + 0.03), "second", 0.06)]


def heart(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """Two lobes and a point."""
    side, lobe = u.abs(), canvas.uniform(0.40, 0.47)
    lobes = disc(side, v, (0.40, -0.28), lobe)
    tip = canvas.uniform(0.75, 0.95)
    wedge = convex(side, v, (-0.9, -0.3), (0.40 + lobe * 0.92, -0.10), (0.0, tip), (-0.9, tip))
    return [Part(union(lobes, torch.maximum(wedge, -v - 0.35), 0.08), "main", 0.4)]


KINDS = {
    "apple": apple, "butterfly": butterfly, "cactus": cactus, "cloud": cloud, "fish": fish,
    "flower": flower, "heart": heart, "leaf": leaf, "moon": moon, "mushroom": mushroom,
}  # fmt: skip
