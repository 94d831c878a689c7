"""Eight things that the source world does not hold, as parts: what the target "objects" asks for. See `shapes`.

Each has a top and a foot and looks different from all eight sides, so that its orientation can be asked.
"""

import torch
from torch import Tensor

from transferlab.data.worlds.fields import Canvas, circle
from transferlab.data.worlds.shapes import Part, block, convex, disc, oval, ring, stroke, union


def anchor(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A ring, a stock, a shank and two arms with flukes."""
    side, reach = u.abs(), canvas.uniform(0.58, 0.72)
    arms = torch.maximum(ring(u, v - 0.15, reach, 0.10), 0.15 - v + side * 0.25)
    fluke = convex(side, v, (reach - 0.02, -0.12), (reach + 0.22, 0.28), (reach - 0.24, 0.28))
    shank = block(u, v, (0.0, 0.12), (0.085, 0.76), 0.03)
    stock = block(u, v, (0.0, canvas.uniform(-0.48, -0.36)), (canvas.uniform(0.34, 0.48), 0.08), 0.06)
    iron = torch.minimum(torch.minimum(arms, shank), fluke)
    return [Part(ring(u, v + 0.80, 0.13, 0.06), "dark", 0.06), Part(iron, "main", 0.09), Part(stock, "second", 0.08)]


def bird(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """Perched: a round breast, a head with a beak, a folded wing, a tail, two legs."""
    plump = canvas.uniform(0.36, 0.46)
    body = union(oval(u, v, (-0.05, 0.15), (0.56, plump), -0.35), disc(u, v, (-0.42, -0.42), 0.29), 0.12)
    tail = convex(u, v, (0.30, -0.05), (0.98, canvas.uniform(-0.35, 0.0)), (0.92, 0.18), (0.30, 0.25))
    beak = convex(u, v, (-0.64, -0.50), (-0.62, -0.30), (-0.98, canvas.uniform(-0.42, -0.32)))
    wing = oval(u, v, (0.12, 0.10), (0.42, 0.22), canvas.uniform(-0.35, -0.05))
    legs = torch.minimum(
        stroke(u, v, (-0.10, 0.50), (-0.14, 0.95), width=0.04), stroke(u, v, (0.12, 0.50), (0.10, 0.95), width=0.04)
    )
    return [
        Part(legs, "dark", 0.04), Part(tail, "second", 0.08), Part(beak, "light", 0.06), Part(body, "main", 0.3),
        Part(wing, "second", 0.12), Part(disc(u, v, (-0.48, -0.48), 0.065), "dark", 0.05),
    ]  # fmt: skip


def fir_tree(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """Three tiers of branches that grow wider downwards, on a trunk."""
    wide = canvas.uniform(0.60, 0.78)
    tiers = [
        Part(convex(u, v, (0.0, top), (wide * share, foot), (-wide * share, foot)), colour, 0.15)
        for top, foot, share, colour in (
            (-0.25, 0.72, 1.0, "main"),
            (-0.62, 0.28, 0.8, "second"),
            (-0.98, -0.18, 0.58, "main"),
        )
    ]
    return [Part(block(u, v, (0.0, 0.82), (0.12, 0.17), 0.02), "dark", 0.05), *tiers]


def guitar(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A waisted body with a hole, a long neck and a head with pegs."""
    body = union(
        disc(u, v, (0.0, 0.55), canvas.uniform(0.38, 0.44)), disc(u, v, (0.0, 0.08), canvas.uniform(0.27, 0.32)), 0.08
    )
    neck = block(u, v, (0.0, -0.40), (0.075, 0.55), 0.02)
    head = convex(u, v, (-0.15, -0.98), (0.15, -0.98), (0.10, -0.72), (-0.10, -0.72))
    strings = torch.maximum((u.abs() - 0.035).abs() - 0.012, (v - 0.05).abs() - 0.62)
    return [
        Part(body, "main", 0.15), Part(disc(u, v, (0.0, 0.22), 0.14), "dark", 0.04), Part(neck, "second", 0.06),
        Part(head, "dark", 0.06), Part(strings, "light", 0.02),
        Part(block(u, v, (0.0, 0.66), (0.17, 0.05), 0.02), "dark", 0.04),
    ]  # fmt: skip


def magnifier(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A lens in a frame, with a collar and a handle."""
    radius = canvas.uniform(0.44, 0.54)
    lens = (u, v + 0.40)
    handle = stroke(u, v, (0.0, 0.35), (0.0, 0.88), width=0.10, tip=0.13)
    return [
        Part(handle, "second", 0.1), Part(block(u, v, (0.0, 0.24), (0.08, 0.16), 0.02), "dark", 0.05),
        Part(circle(*lens, radius), "light", 0.5), Part(ring(*lens, radius, 0.08), "main", 0.08),
    ]  # fmt: skip


def snail(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A coiled shell on a creeping foot, a raised head with two feelers."""
    x, y = u + 0.12, v + 0.10
    radius, angle = circle(x, y, 0.0), torch.atan2(y, x)
    shell = circle(x, y, canvas.uniform(0.50, 0.60))
    coil = (radius * canvas.uniform(15, 20) + angle).sin() * 0.06 - 0.005
    foot = stroke(u, v, (-0.85, 0.62), (0.35, 0.58), (0.68, 0.10), width=0.15)
    feelers = torch.minimum(
        stroke(u, v, (0.66, 0.0), (0.56, -0.42), width=0.035), stroke(u, v, (0.72, 0.0), (0.86, -0.38), width=0.035)
    )
    feelers = torch.minimum(feelers, torch.minimum(disc(u, v, (0.56, -0.44), 0.06), disc(u, v, (0.86, -0.40), 0.06)))
    return [
        Part(feelers, "dark", 0.04), Part(torch.maximum(foot, v - 0.75), "light", 0.15), Part(shell, "main", 0.4),
        Part(torch.maximum(coil, shell + 0.03), "second", 0.06),
    ]  # fmt: skip


def teapot(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A round belly with a spout, a handle, a lid and a knob."""
    belly = oval(u, v, (0.0, 0.22), (0.58, canvas.uniform(0.46, 0.56)))
    spout = stroke(u, v, (0.40, 0.35), (0.72, 0.10), (0.93, canvas.uniform(-0.35, -0.15)), width=0.13, tip=0.08)
    handle = ring(u + 0.62, v - 0.15, canvas.uniform(0.25, 0.31), 0.07)
    lid = torch.maximum(oval(u, v, (0.0, -0.22), (0.36, 0.20)), v + 0.18)
    return [
        Part(torch.minimum(handle, spout), "main", 0.08), Part(belly, "main", 0.35), Part(lid, "second", 0.12),
        Part(disc(u, v, (0.0, -0.50), 0.12), "dark", 0.1),
        Part(torch.maximum(belly, (v - 0.25).abs() - 0.08), "second", 0.3),
    ]  # fmt: skip


def wine_glass(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A bowl half full, a stem and a foot."""
    wide, top = canvas.uniform(0.40, 0.55), -0.88
    bowl = torch.maximum(oval(u, v, (0.0, -0.55), (wide, 0.62)), top - v)
    wine = torch.maximum(bowl + 0.05, canvas.uniform(-0.65, -0.35) - v)
    stem = block(u, v, (0.0, 0.45), (0.055, 0.45), 0.02)
    return [
        Part(stem, "dark", 0.05), Part(oval(u, v, (0.0, 0.88), (0.42, 0.10)), "second", 0.08), Part(bowl, "light", 0.2),
        Part(wine, "main", 0.25),
    ]  # fmt: skip


KINDS = {
    "anchor": anchor, "bird": bird, "fir tree": fir_tree, "guitar": guitar, "magnifier": magnifier, "snail": snail,
    "teapot": teapot, "wine glass": wine_glass,
}  # fmt: skip
