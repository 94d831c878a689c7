"""Twenty-two things that people make, as parts: see `shapes`. Every picture varies their proportions."""

import math

import torch
from torch import Tensor

from transferlab.data.worlds.fields import Canvas, circle
from transferlab.data.worlds.shapes import Part, block, convex, disc, oval, ring, star, stroke, union


def balloon(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A skin, a knot and a string that hangs in waves."""
    skin = oval(u, v, (0.0, -0.32), (canvas.uniform(0.48, 0.60), 0.64))
    knot = convex(u, v, (0.0, 0.26), (0.13, 0.46), (-0.13, 0.46))
    sway = (v * 7 + canvas.uniform(0, 6)).sin() * canvas.uniform(0.05, 0.12) * (v - 0.4).clamp(0, 1) * 2
    string = torch.maximum((u - sway).abs() - 0.035, (v - 0.70).abs() - 0.30)
    return [Part(string, "dark", 0.05), Part(knot, "second", 0.06), Part(skin, "main", 0.5)]


def bell(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A flaring body with a rim, a clapper below, a loop above."""
    flare = canvas.uniform(0.42, 0.58)
    half = 0.24 + flare * ((v + 0.70) / 1.2).clamp(0, 1) ** 2.2
    body = union(torch.maximum((u.abs() - half) * 0.85, (v + 0.05).abs() - 0.55), disc(u, v, (0.0, -0.50), 0.27), 0.08)
    rim = block(u, v, (0.0, 0.53), (0.27 + flare, 0.09), 0.08)
    return [
        Part(ring(u, v + 0.82, 0.12, 0.045), "dark", 0.05), Part(disc(u, v, (0.0, 0.70), 0.16), "dark", 0.15),
        Part(body, "main", 0.35), Part(rim, "second", 0.1),
    ]  # fmt: skip


def boat(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A hull, a mast and two sails."""
    hull = convex(u, v, (-0.90, 0.38), (0.90, 0.38), (0.58, 0.85), (-0.55, 0.85))
    mast = block(u, v, (0.0, -0.25), (0.045, 0.68), 0.03)
    tall, wide = canvas.uniform(-0.92, -0.75), canvas.uniform(0.55, 0.80)
    sail = convex(u, v, (0.10, tall), (0.10 + wide, 0.24), (0.10, 0.24))
    jib = convex(u, v, (-0.10, tall + 0.25), (-0.10, 0.24), (-0.62, 0.24))
    return [
        Part(mast, "dark", 0.05), Part(sail, "light", 0.12), Part(jib, "second", 0.1), Part(hull, "main", 0.2),
    ]  # fmt: skip


def book(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """Lying open: two pages with lines of text on a cover."""
    side = u.abs()
    slant = v + side * canvas.uniform(0.10, 0.25) - 0.08
    tall = canvas.uniform(0.50, 0.62)
    cover, page = (
        block(side, slant, (0.0, 0.0), (0.96, tall), 0.03),
        block(side, slant, (0.44, -0.04), (0.43, tall - 0.06), 0.03),
    )
    lines = torch.maximum((slant * 17).sin().abs() * 0.06 - 0.022, (side - 0.44).abs() - canvas.uniform(0.24, 0.32))
    lines = torch.maximum(lines, slant.abs() - tall + 0.17)
    return [Part(cover, "main", 0.05), Part(page, "light", 0.2), Part(lines, "dark", 0.05)]


def bottle(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A body with shoulders, a neck, a cap and a label."""
    wide, shoulder = canvas.uniform(0.28, 0.40), canvas.uniform(-0.25, 0.10)
    middle = (0.95 + shoulder) / 2
    body = block(u, v, (0.0, middle), (wide, 0.95 - middle), 0.1)
    neck = block(u, v, (0.0, -0.40), (0.12, 0.50), 0.03)
    label = block(u, v, (0.0, middle + 0.08), (wide, canvas.uniform(0.14, 0.24)), 0.02)
    cap = block(u, v, (0.0, -0.90), (0.15, 0.10), 0.03)
    return [Part(union(body, neck, 0.14), "main", 0.25), Part(label, "light", 0.1), Part(cap, "second", 0.06)]


def candle(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """Wax on a plate, a wick and a flame."""
    wide, top = canvas.uniform(0.18, 0.27), canvas.uniform(-0.30, -0.05)
    wax = block(u, v, (0.0, (0.85 + top) / 2), (wide, (0.85 - top) / 2), 0.05)
    drip = stroke(u, v, (wide * 0.7, top + 0.05), (wide * 0.75, top + canvas.uniform(0.2, 0.5)), width=0.09)
    flame = union(
        disc(u, v, (0.0, top - 0.30), 0.16),
        stroke(u, v, (0.0, top - 0.35), (canvas.uniform(-0.1, 0.1), top - 0.66), width=0.11, tip=0.01),
        0.08,
    )
    return [
        Part(oval(u, v, (0.0, 0.86), (0.62, 0.13)), "second", 0.1), Part(union(wax, drip, 0.05), "main", 0.2),
        Part(block(u, v, (0.0, top - 0.08), (0.025, 0.10), 0.01), "dark", 0.05), Part(flame, "light", 0.12),
    ]  # fmt: skip


def car(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """From the side: a body, a cabin with two panes, two wheels."""
    roof, rear = canvas.uniform(-0.50, -0.30), canvas.uniform(-0.80, -0.50)
    body = block(u, v, (0.0, 0.20), (0.96, canvas.uniform(0.22, 0.28)), 0.14)
    cabin = convex(u, v, (rear + 0.12, roof), (0.22, roof), (0.55, 0.10), (rear - 0.1, 0.10))
    pane = torch.maximum(cabin + 0.10, 0.05 - (u - (rear + 0.35) / 2).abs())
    wheels = disc(u.abs(), v, (0.52, 0.44), 0.23)
    return [
        Part(union(body, cabin, 0.05), "main", 0.2), Part(torch.maximum(pane, v - 0.02), "light", 0.05),
        Part(wheels, "dark", 0.1), Part(disc(u.abs(), v, (0.52, 0.44), 0.10), "second", 0.08),
    ]  # fmt: skip


def chair(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """From the front: a slatted back, a seat, legs."""
    side, wide = u.abs(), canvas.uniform(0.42, 0.55)
    back = block(side, v, (wide, -0.42), (0.075, 0.53), 0.05)
    for at in (-0.80, -0.45, -0.12):
        back = torch.minimum(back, block(u, v, (0.0, at), (wide, 0.09), 0.04))
    seat = convex(u, v, (-wide - 0.05, 0.10), (wide + 0.05, 0.10), (wide + 0.20, 0.36), (-wide - 0.20, 0.36))
    legs = block(side, v, (wide + 0.08, 0.65), (0.075, 0.33), 0.03)
    return [Part(legs, "dark", 0.06), Part(back, "main", 0.08), Part(seat, "second", 0.12)]


def crown(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A band with jewels under three points with beads."""
    tall, lean = canvas.uniform(-0.75, -0.50), canvas.uniform(0.0, 0.12)
    side = u.abs()
    points = convex(side, v, (0.72 + lean, tall + 0.15), (0.80, 0.60), (0.25, 0.60))
    points = torch.minimum(points, convex(u, v, (0.0, tall), (0.42, 0.60), (-0.42, 0.60)))
    band = block(u, v, (0.0, 0.58), (0.82, 0.19), 0.04)
    tips = torch.minimum(disc(side, v, (0.72 + lean, tall + 0.13), 0.12), disc(u, v, (0.0, tall - 0.03), 0.13))
    jewels = torch.minimum(disc(side, v, (0.48, 0.58), 0.10), disc(u, v, (0.0, 0.58), 0.12))
    return [Part(torch.minimum(points, band), "main", 0.12), Part(tips, "light", 0.12), Part(jewels, "second", 0.1)]


def cup(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A mug with a handle, a stripe and a dark opening."""
    wide, taper = canvas.uniform(0.48, 0.60), canvas.uniform(0.70, 1.0)
    x = u + 0.18
    body = convex(x, v, (-wide, -0.50), (wide, -0.50), (wide * taper, 0.70), (-wide * taper, 0.70))
    handle = ring(x - wide, v - 0.05, canvas.uniform(0.26, 0.34), 0.085)
    stripe = torch.maximum(body, (v - canvas.uniform(0.1, 0.4)).abs() - 0.11)
    return [
        Part(handle, "main", 0.08), Part(body, "main", 0.3), Part(stripe, "second", 0.3),
        Part(oval(x, v, (0.0, -0.50), (wide, 0.16)), "light", 0.04),
        Part(oval(x, v, (0.0, -0.49), (wide - 0.08, 0.11)), "dark", 0.04),
    ]  # fmt: skip


def flag(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A pole with a waving cloth of two colours."""
    wave = v + (u * canvas.uniform(3, 5) + canvas.uniform(0, 6)).sin() * canvas.uniform(0.05, 0.12) * (u + 0.7).clamp(
        min=0
    )
    cloth = block(u, wave, (0.10, -0.42), (0.78, 0.42), 0.02)
    upright = canvas.chance(0.5)
    half = torch.where(upright > 0, (u - 0.10).abs() - 0.24, (wave + 0.42).abs() - 0.14)
    pole = block(u, v, (-0.72, 0.02), (0.06, 0.97), 0.05)
    knob = disc(u, v, (-0.72, -0.92), 0.10)
    return [
        Part(cloth, "main", 0.06),
        Part(torch.maximum(cloth, half), "second", 0.06),
        Part(torch.minimum(pole, knob), "dark", 0.06),
    ]


def gear(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """Teeth round a disc with a hub and a hole."""
    teeth = 7 + canvas.uniform(0, 4).floor()
    radius, angle = circle(u, v, 0.0), torch.atan2(v, u)
    rim = radius - 0.74 - 0.13 * ((teeth * angle).cos() * 2.5).clamp(-1, 1)
    hole = canvas.uniform(0.16, 0.30)
    wheel = torch.maximum(rim, hole - radius)
    return [Part(wheel, "main", 0.1), Part((radius - hole - 0.16).abs() - 0.06, "second", 0.06)]


def hammer(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A handle, a face on one side of the head, a claw on the other."""
    handle = block(u, v, (0.0, 0.25), (canvas.uniform(0.08, 0.12), 0.72), 0.06)
    head = block(u, v, (0.08, -0.60), (0.42, 0.16), 0.04)
    face = block(u, v, (0.56, -0.60), (0.13, 0.24), 0.04)
    claw = stroke(u, v, (-0.25, -0.62), (-0.60, -0.55), (-0.85, -0.25), width=0.13, tip=0.08)
    return [Part(handle, "second", 0.1), Part(torch.minimum(head, claw), "main", 0.12), Part(face, "main", 0.08)]


def house(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """Walls, a gabled roof, a chimney, a door and a window."""
    wide, ridge = canvas.uniform(0.55, 0.70), canvas.uniform(-0.95, -0.75)
    wall = block(u, v, (0.0, 0.38), (wide, 0.55), 0.02)
    roof = convex(u, v, (0.0, ridge), (wide + 0.25, -0.05), (-wide - 0.25, -0.05))
    chimney = block(u, v, (0.36, -0.62), (0.10, 0.25), 0.02)
    door, window = (-0.22, 0.62), (0.28, 0.38)
    bars = torch.minimum((u - window[0]).abs(), (v - window[1]).abs()) - 0.02
    pane = block(u, v, window, (0.18, 0.18), 0.01)
    return [
        Part(chimney, "dark", 0.05), Part(wall, "main", 0.05), Part(roof, "second", 0.12),
        Part(block(u, v, door, (0.15, 0.31), 0.02), "dark", 0.04), Part(pane, "light", 0.04),
        Part(torch.maximum(bars, pane), "dark", 0.03),
    ]  # fmt: skip


def ice_cream(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """One or two scoops in a waffle cone."""
    cone = convex(u, v, (-0.42, 0.05), (0.42, 0.05), (0.04, 0.98), (-0.04, 0.98))
    waffle = torch.minimum(((u + v) * 11).sin().abs(), ((u - v) * 11).sin().abs()) * 0.08 - 0.022
    scoop = union(disc(u, v, (0.0, -0.18), 0.46), block(u, v, (0.0, 0.04), (0.50, 0.09), 0.08), 0.05)
    there = 9 * (1 - canvas.chance(0.6))
    top = disc(u, v, (canvas.uniform(-0.1, 0.1), -0.60), 0.34) + there
    return [
        Part(cone, "light", 0.15), Part(torch.maximum(waffle, cone + 0.03), "dark", 0.03), Part(scoop, "main", 0.35),
        Part(top, "second", 0.3),
    ]  # fmt: skip


def key(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A round bow with a hole, a shaft and a bit with teeth."""
    bow = ring(u, v + 0.58, canvas.uniform(0.24, 0.30), 0.11)
    shaft = block(u, v, (0.0, 0.32), (0.085, 0.62), 0.04)
    bit = torch.minimum(
        block(u, v, (0.20, 0.80), (0.19, 0.09), 0.02),
        block(u, v, (0.16, canvas.uniform(0.45, 0.60)), (0.15, 0.08), 0.02),
    )
    return [
        Part(torch.minimum(torch.minimum(bow, shaft), bit), "main", 0.09),
        Part(block(u, v, (0.0, -0.22), (0.14, 0.05), 0.03), "second", 0.05),
    ]


def kite(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A diamond with a cross of spars and a tail with bows."""
    wide, bar = canvas.uniform(0.50, 0.68), canvas.uniform(-0.35, -0.10)
    sail = convex(u, v, (0.0, -0.98), (wide, bar), (0.0, 0.50), (-wide, bar))
    panels = torch.maximum(sail, torch.where((u > 0) == (v > bar), 0.02, -0.02).expand_as(sail))
    spars = torch.maximum(torch.minimum(u.abs(), (v - bar).abs()) - 0.028, sail)
    sway = (v * 9).sin() * canvas.uniform(0.06, 0.14)
    tail = torch.maximum((u - sway).abs() - 0.03, (v - 0.74).abs() - 0.25)
    bows = torch.maximum(
        ((v * 9).cos().abs() - 0.5) * -0.1, torch.maximum((u - sway).abs() - 0.12, (v - 0.76).abs() - 0.2)
    )
    return [
        Part(tail, "dark", 0.04),
        Part(bows, "second", 0.05),
        Part(sail, "main", 0.06),
        Part(panels, "second", 0.06),
        Part(spars, "dark", 0.03),
    ]


def lamp(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A shade on a stand with a round foot."""
    top, flare = canvas.uniform(0.26, 0.42), canvas.uniform(0.58, 0.75)
    shade = convex(u, v, (-top, -0.92), (top, -0.92), (flare, -0.02), (-flare, -0.02))
    stand = union(
        block(u, v, (0.0, 0.40), (0.06, 0.48), 0.03),
        disc(u, v, (0.0, canvas.uniform(0.25, 0.5)), canvas.uniform(0.10, 0.22)),
        0.08,
    )
    trim = torch.maximum(shade, (v + 0.09).abs() - 0.07)
    return [
        Part(stand, "dark", 0.1),
        Part(oval(u, v, (0.0, 0.86), (0.46, 0.13)), "second", 0.1),
        Part(shade, "main", 0.3),
        Part(trim, "light", 0.2),
    ]


def pencil(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A shaft with an eraser at one end, wood and lead at the other."""
    half = canvas.uniform(0.15, 0.21)
    tip = convex(u, v, (-half, 0.52), (half, 0.52), (0.0, 0.98))
    return [
        Part(tip, "light", 0.1), Part(torch.maximum(tip, 0.80 - v), "dark", 0.06),
        Part(torch.maximum(u.abs() - half, v.abs() - 0.54), "main", 0.12),
        Part(torch.maximum(u.abs() - half * 0.35, v.abs() - 0.54), "main", 0.05),
        Part(block(u, v, (0.0, -0.78), (half, 0.19), 0.08), "second", 0.1),
        Part(block(u, v, (0.0, -0.60), (half + 0.02, 0.07), 0.02), "dark", 0.05),
    ]  # fmt: skip


def rocket(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A pointed hull with fins, a porthole and a flame."""
    wide = canvas.uniform(0.30, 0.38)
    hull = torch.maximum(oval(u, v, (0.0, 0.05), (wide, 1.0)), v - 0.55)
    fins = convex(u.abs(), v, (wide * 0.75, 0.0), (0.72, 0.55), (0.72, 0.78), (wide * 0.5, 0.50))
    nose = torch.maximum(hull, v + 0.48)
    flame = stroke(u, v, (0.0, 0.58), (0.0, canvas.uniform(0.85, 1.0)), width=0.20, tip=0.02)
    return [
        Part(flame, "light", 0.1), Part(fins, "second", 0.08), Part(hull, "main", 0.3), Part(nose, "second", 0.25),
        Part(disc(u, v, (0.0, -0.12), 0.19), "dark", 0.06), Part(disc(u, v, (0.0, -0.12), 0.13), "light", 0.1),
    ]  # fmt: skip


def toy_star(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """Five straight points, one of them up, with a smaller star on top."""
    inner = canvas.uniform(0.36, 0.50)
    return [
        Part(star(u, v - 0.05, 5, 0.98, inner), "main", 0.3),
        Part(star(u, v - 0.05, 5, 0.50, inner * 0.5), "second", 0.1),
    ]


def umbrella(canvas: Canvas, u: Tensor, v: Tensor) -> list[Part]:
    """A canopy of panels with a scalloped hem, a stick with a hook."""
    hem = canvas.uniform(-0.05, 0.10)
    dome = oval(u, v, (0.0, hem), (0.95, 0.90 + hem))
    canopy = torch.maximum(dome, v - hem + (u * math.pi / 0.475 / 2 + math.pi / 2).sin().abs() * 0.14 - 0.10)
    arch = u / (1 - ((v - hem) / 1.0) ** 2).clamp(min=0.05).sqrt()
    panels = torch.maximum(canopy, (arch.abs() - 0.42).abs() * 0.5 - 0.11)
    stick = block(u, v, (0.0, 0.32), (0.045, 0.52), 0.02)
    hook = torch.maximum(ring(u - 0.15, v - 0.82, 0.15, 0.05), 0.80 - v)
    spike = block(u, v, (0.0, -0.90), (0.04, 0.08), 0.02)
    return [
        Part(torch.minimum(torch.minimum(stick, hook), spike), "dark", 0.05),
        Part(canopy, "main", 0.3),
        Part(panels, "second", 0.25),
    ]


KINDS = {
    "balloon": balloon, "bell": bell, "boat": boat, "book": book, "bottle": bottle, "candle": candle, "car": car,
    "chair": chair, "crown": crown, "cup": cup, "flag": flag, "gear": gear, "hammer": hammer, "house": house,
    "ice cream": ice_cream, "key": key, "kite": kite, "lamp": lamp, "pencil": pencil, "rocket": rocket,
    "star": toy_star, "umbrella": umbrella,
}  # fmt: skip
