"""Thermal pictures: eight warm things as an uncooled infrared camera shows them.

The camera, its palettes and the surroundings are in `infrared`; here are the things. Every one has its hot and its cold
parts where the real one has them, and its evidence is what of it can be seen behind posts, wires and leaves. No persons
are drawn. Left out: reflections of other warm objects.
"""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from transferlab.data.worlds.fields import Canvas, box, circle, ellipse, paint, segment, turn
from transferlab.data.worlds.infrared import add_occluder, indoors, limb, outdoors, place
from transferlab.data.worlds.shapes import union


def car(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A car from the side: a hot engine and tyres, cool glass, a warm patch on the road under it."""
    scene = outdoors(canvas)
    u, v, scale = place(canvas, (0.55, 0.85), 0.25, (-0.05, 0.4), 0.04)
    ambient = scene.temperature
    high = canvas.uniform(0.22, 0.30)
    roof, rear, front = canvas.uniform(0.50, 0.72), canvas.uniform(-0.95, -0.45), canvas.uniform(0.10, 0.45)
    body_heat = canvas.uniform(0.06, 0.24) * (canvas.chance(0.6) * 2 - 1)  # never just as warm as the land
    body_heat = body_heat.clamp(min=-0.16)
    scene.glow(u / 1.1, (v - 0.34) / 0.16, 1.0, canvas.uniform(0.10, 0.3))
    lower = box(u, v - 0.06, 1.0, high - 0.02) + (u.abs() - 0.8).clamp(min=0) * 0.3
    lower = torch.maximum(lower, -(v + 0.02) + (u - front).clamp(min=0) * 0.10 - high)
    rake = canvas.uniform(0.35, 0.8)
    top = -high + 0.10 - roof
    cabin = torch.maximum(
        torch.maximum(top * 0.55 - v - 0.08, v),
        torch.maximum(rear - u - (v + 0.1) * 0.35, u - front - (v + 0.25) * rake),
    )
    body = torch.minimum(lower, cabin)
    scene.lay(
        body * scale, ambient.mean((1, 2), keepdim=True) + body_heat + canvas.noise(6) * 0.02 - v * 0.06, 0.0, True
    )
    glass = torch.maximum(cabin + 0.075, v + high * 0.55)
    pillar = (u - (rear + front) / 2 - canvas.uniform(-0.1, 0.1)).abs() - 0.035
    scene.lay(torch.maximum(glass, -pillar) * scale, canvas.uniform(-0.12, 0.10))
    engine = torch.exp(-(((u - 0.68) / 0.30) ** 2 + ((v - 0.02) / 0.20) ** 2))
    inside = canvas.cover(body * scale)
    scene.temperature = scene.temperature + inside * engine * canvas.uniform(0.45, 1.0)
    for at in (-0.58, 0.60):
        wheel = circle(u - at, v - 0.27, 0.21)
        scene.lay(wheel * scale, canvas.uniform(0.30, 0.55), 0.0, True)
        scene.lay((wheel + 0.07) * scale, canvas.uniform(0.05, 1.0))
    scene.glow(u + 1.02, v - 0.24, 0.10, canvas.uniform(0, 0.9))  # the exhaust
    add_occluder(scene)
    return scene.record()


def animal(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A four-legged animal from the side: a hot head and belly, cooler legs; proportions from fox to deer."""
    scene = outdoors(canvas)
    u, v, scale = place(canvas, (0.5, 0.82), 0.25, (-0.15, 0.2), 0.05)
    girth, leg = canvas.uniform(0.20, 0.32), canvas.uniform(0.42, 0.75)
    zero = torch.zeros_like(girth)
    trunk = union(
        ellipse(u + 0.30, v, 0.36, girth), ellipse(u - 0.28, v - 0.01, 0.36, girth * canvas.uniform(0.9, 1.15)), 0.15
    )
    rise, reach = canvas.uniform(-0.25, 0.62), canvas.uniform(0.30, 0.50)  # grazing to alert
    shoulder = (zero + 0.48, -girth * 0.45)
    head_at = (0.55 + reach, -girth * 0.5 - rise)
    body = union(trunk, limb(u, v, shoulder, head_at, girth * 0.62, 0.10), 0.08)
    nod = canvas.uniform(0.0, 0.9)
    muzzle = (head_at[0] + 0.24 * nod.cos(), head_at[1] + 0.24 * nod.sin())
    head = limb(u, v, head_at, muzzle, canvas.uniform(0.10, 0.14), 0.055)
    ear = limb(u, v, head_at, (head_at[0] - 0.07, head_at[1] - canvas.uniform(0.16, 0.28)), 0.05, 0.02)
    body = union(body, torch.minimum(head, ear), 0.04)
    legs = torch.full((), 9.0)
    for hip, near in ((-0.50, 1), (-0.36, 0), (0.36, 0), (0.50, 1)):
        swing = canvas.uniform(-0.22, 0.22)
        knee = (hip + swing, girth * 0.5 + leg * 0.45)
        foot = (hip + swing * canvas.uniform(0.2, 1.9), girth * 0.5 + leg * 0.95)
        upper = limb(u, v, (zero + hip, girth * 0.3), knee, 0.13 if near else 0.10, 0.065)
        legs = torch.minimum(legs, torch.minimum(upper, limb(u, v, knee, foot, 0.06, 0.045)))
    tail = limb(
        u,
        v,
        (zero - 0.62, -girth * 0.3),
        (canvas.uniform(-0.98, -0.75), canvas.uniform(-0.25, 0.4)),
        canvas.uniform(0.03, 0.08),
        0.03,
    )
    whole = union(body, torch.minimum(legs, tail), 0.05)
    ambient = scene.temperature.mean((1, 2), keepdim=True)
    warm = canvas.uniform(0.45, 0.8)
    fur = (
        ambient
        + warm * (0.62 + 0.38 * (-whole / 0.16).clamp(0, 1))
        - (v - girth).clamp(min=0) * warm * 0.55
        + canvas.noise(9) * 0.04
    )
    scene.lay(whole * scale, fur, 0.02, True)
    scene.glow(u - head_at[0] - 0.07, v - head_at[1] - 0.01, 0.07, canvas.uniform(0.1, 0.4))
    grass = canvas.down - canvas.uniform(0.35, 1.1) - canvas.noise(24, 3) * 0.05
    scene.hide(-grass, ambient + canvas.noise(22, 6) * 0.05)
    add_occluder(scene)
    return scene.record()


def house(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A gabled house in the cold: leaking windows and eaves, a warm door, a hot chimney."""
    scene = outdoors(canvas)
    u, v, scale = place(canvas, (0.62, 0.92), 0.2, (0.0, 0.3), 0.015)
    tall, pitch = canvas.uniform(0.34, 0.55), canvas.uniform(0.45, 0.9)
    wall = box(u, v - 0.1, 0.8, tall)
    eaves = 0.1 - tall
    gable = torch.maximum(v - eaves, (u.abs() - 0.95) * pitch / 0.95 + (eaves - v))
    hip = torch.maximum(torch.maximum(v - eaves, eaves - v - pitch * 0.75), (u.abs() - 0.95) + (eaves - v) * 0.5)
    roof = torch.where(canvas.chance(0.5) > 0, gable, hip)
    chimney = box(u - canvas.uniform(-0.5, 0.5), v - eaves + pitch * 0.62, 0.08, 0.28)
    scene.lay(chimney * scale, canvas.uniform(0.3, 0.9), 0.0, True)
    warm = canvas.uniform(0.25, 0.5)
    scene.lay(wall * scale, warm + canvas.noise(6) * 0.03 + (v - 0.1) * 0.08, 0.0, True)
    scene.lay(roof * scale, canvas.uniform(0.1, 0.32) + canvas.noise(5, 10) * 0.03, 0.0, True)
    scene.lay(
        (roof.abs() - 0.02) * scale, warm - canvas.uniform(0.0, 0.15)
    )  # the verge, so that a roof as cold as the sky shows
    leak = (v - eaves).abs() - 0.025
    scene.lay(torch.maximum(leak, u.abs() - 0.85) * scale, warm + canvas.uniform(0.05, 0.5), 0.03)
    columns, floors = 2 + canvas.chance(0.5) + canvas.chance(0.4), 1 + canvas.chance(0.6)
    pane_u, pane_v = 1.5 / columns, 2 * tall / floors
    at_u, at_v = (u + 0.75) / pane_u, (v - eaves) / pane_v
    column, floor = at_u.floor(), at_v.floor()
    du, dv = (at_u - column - 0.5) * pane_u, (at_v - floor - 0.5) * pane_v
    lot = ((column * 12.9898 + floor * 78.233 + canvas.uniform(0, 9)).sin() * 43758.5453).frac().abs()
    window = torch.maximum(box(du, dv, pane_u * 0.24, pane_v * canvas.uniform(0.24, 0.32)), wall + 0.05)
    scene.lay((window - 0.035) * scale, warm + canvas.uniform(0.1, 0.35))  # the frame leaks
    scene.lay(window * scale, warm + (lot - 0.15) * canvas.uniform(0.3, 0.7))
    scene.lay(torch.minimum(du.abs(), dv.abs() + (window > 0)) * scale + (window > 0) - 0.008, warm + 0.1)
    door = box(u - canvas.uniform(-0.6, 0.6), v - 0.1 - tall + 0.22, 0.10, 0.22)
    scene.lay(door * scale, warm + canvas.uniform(-0.15, 0.4))
    trunk = limb(
        canvas.across,
        canvas.down,
        (canvas.uniform(-0.9, 0.9), torch.ones(1, 1, 1)),
        (canvas.uniform(-0.9, 0.9), canvas.uniform(-0.3, 0.2)),
        0.06,
        0.03,
    )
    scene.hide(trunk + 9 * (1 - canvas.chance(0.2)), canvas.uniform(0.1, 0.25))
    add_occluder(scene)
    return scene.record()


def steam_pipe(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Hot pipes with an elbow, flanges and lagging, and a leak that steams."""
    scene = indoors(canvas)
    cool = canvas.uniform(0.0, 0.25)
    u, v = turn(
        canvas.across,
        canvas.down,
        torch.randint(4, (canvas.count, 1, 1), generator=canvas.generator) * math.pi / 2 + canvas.normal() * 0.08,
    )
    leak_at, leak_v = canvas.uniform(-0.5, 0.5), canvas.uniform(-0.35, 0.35)
    for number in range(3):
        there = 9 * (1 - canvas.chance(0.55)) if number else torch.zeros(canvas.count, 1, 1)
        level = (
            leak_v
            if not number
            else leak_v + (0.5 * number - 0.25) * canvas.uniform(0.75, 1.1) * (1 if number > 1 else -1) * 1.6
        )
        thick = canvas.uniform(0.10, 0.19) if not number else canvas.uniform(0.05, 0.10)
        knee = canvas.uniform(0.35, 0.75) if number != 1 else canvas.uniform(0.6, 1.5)
        end = canvas.choose([(-1.5,), (1.5,)])[:, :, None]
        run, _ = segment(u, v, (torch.full_like(knee, -1.6), level), (knee, level))
        fall, _ = segment(u, v, (knee, level), (knee + 0 * end, level + end))
        middle = torch.minimum(run, fall)
        heat = canvas.uniform(0.55, 1.0) if not number else canvas.uniform(0.25, 0.8)
        tube = heat * (1 - 0.45 * (middle / thick) ** 2) + canvas.noise(7) * 0.03
        scene.lay(middle - thick + there, tube, 0.0, True)
        lagged = torch.maximum(
            torch.minimum((u - canvas.uniform(-1.2, 0.2)).abs() - canvas.uniform(0.15, 0.4), 9 + u), run - thick - 0.03
        )
        scene.lay(
            lagged + there + 9 * (1 - canvas.chance(0.6)),
            cool + 0.25 * heat * (1 - (middle / thick) ** 2 * 0.5),
            0.0,
            True,
        )
        for _ in range(2):
            flange = box(u - canvas.uniform(-0.8, 0.5), v - level, 0.045, thick + 0.055)
            scene.lay(flange + there, heat * canvas.uniform(0.5, 1.15), 0.0, True)
    joint = box(u - leak_at, v - leak_v, 0.05, 0.24)
    scene.lay(joint, canvas.uniform(0.8, 1.15), 0.0, True)
    side = canvas.chance(0.5) * 2 - 1
    away = ((v - leak_v) * side).clamp(min=0)
    drift = (u - leak_at + canvas.noise(4) * 0.12 * away) / (0.06 + away * 0.42)
    steam = (
        (-(drift**2)).exp()
        * (-away * canvas.uniform(1.2, 2.6)).exp()
        * (away > 0.15)
        * (0.65 + canvas.noise(7, octaves=2) * 0.25).clamp(min=0)
    )
    scene.temperature = scene.temperature + steam * canvas.uniform(0.35, 0.9)
    add_occluder(scene)
    return scene.record()


def insulator(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A string of porcelain discs between two wires, with one disc that overheats."""
    scene = outdoors(canvas, canvas.uniform(0.5, 1.6))
    angle = canvas.uniform(0, math.tau)
    count, pitch = 5 + (canvas.uniform(0, 4)).floor(), canvas.uniform(0.15, 0.21)
    steel = canvas.uniform(0.05, 0.3)
    lattice_u, lattice_v = turn(canvas.across, canvas.down, canvas.uniform(0, math.tau))
    for _ in range(2):
        lattice = (lattice_v - canvas.uniform(-1, 1) + lattice_u * canvas.uniform(-0.8, 0.8)).abs() - canvas.uniform(
            0.02, 0.035
        )
        scene.lay(lattice + 9 * (1 - canvas.chance(0.5)), steel)
    double = canvas.chance(0.4) * canvas.uniform(0.24, 0.30)
    u, v = turn(canvas.across - canvas.uniform(-0.2, 0.2), canvas.down - canvas.uniform(-0.2, 0.2), angle)
    for side in (1.0, -1.0):
        across = v - side * double
        half = count * pitch / 2
        sag = across - (u.abs() - half).clamp(min=0) ** 2 * canvas.uniform(-0.2, 0.2)
        scene.lay(sag.abs() - 0.018, steel + canvas.uniform(0.0, 0.15))
        core = box(u, across, half, 0.03)
        disc = ((u + half) / pitch).floor().clamp(torch.zeros(()), count - 1)
        du = u + half - (disc + 0.5) * pitch
        wide = torch.minimum(canvas.uniform(0.15, 0.24), 0.14 + double)
        bell = torch.maximum(du.abs() - pitch * 0.30 * (1 - (across / wide).abs() * 0.55), across.abs() - wide)
        hot = (canvas.uniform(0, 1) * count).floor()
        heat = (-((disc - hot) / 0.8).abs()).exp() * canvas.uniform(0.55, 1.0)
        porcelain = (
            steel + canvas.uniform(0.15, 0.3) + heat * (1.15 - 0.8 * (across / wide).abs()) - 0.06 * across / wide
        )
        scene.lay(torch.minimum(core, bell), porcelain, 0.0, True)
        for end in (-1.0, 1.0):
            scene.lay(box(u - end * (half + 0.05), across, 0.06, 0.055), steel + 0.12, 0.0, True)
    return scene.record()


def boat(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A boat on cold water: warm hull, hot funnel, a wake and its own dim mirror image."""
    horizon = canvas.uniform(-0.6, 0.1)
    scene = outdoors(canvas, horizon)
    u, v, scale = place(canvas, (0.42, 0.78), 0.25, (0.0, 0.35), 0.04)
    ripples = canvas.noise(6, 26) * 0.035 + canvas.noise(3, 9) * 0.03
    coldness = canvas.uniform(0.0, 0.35)
    scene.lay(horizon - canvas.down, coldness + ripples + canvas.down * 0.04, 0.01)
    ambient = scene.temperature.mean((1, 2), keepdim=True)
    deep, bow, stern = canvas.uniform(0.16, 0.26), canvas.uniform(0.25, 0.6), canvas.uniform(-0.05, 0.3)
    parts: list[tuple[Callable[[Tensor], Tensor], Tensor]] = []
    hull_warm, cabin_warm, funnel_warm = canvas.uniform(0.25, 0.5), canvas.uniform(0.3, 0.65), canvas.uniform(0.55, 1.0)
    cabin_at, cabin_half, cabin_tall = canvas.uniform(-0.4, 0.05), canvas.uniform(0.2, 0.4), canvas.uniform(0.10, 0.2)
    second, mast_at, mast_tall = canvas.chance(0.5), canvas.uniform(-0.1, 0.3), canvas.uniform(0.4, 0.8)

    def hull(v: Tensor) -> Tensor:
        sheer = -deep - (u.clamp(min=0) ** 2) * 0.12
        return torch.maximum(
            torch.maximum(v, sheer - v), torch.maximum(u - 1 - v * bow / deep * 0.55, -u - 0.95 - v * stern)
        )

    def cabin(v: Tensor) -> Tensor:
        first = box(u - cabin_at, v + deep + cabin_tall, cabin_half, cabin_tall)
        bridge = box(u - cabin_at - 0.05, v + deep + cabin_tall * 2.5, cabin_half * 0.5, cabin_tall * 0.6) + 9 * (
            1 - second
        )
        return torch.minimum(first, bridge)

    def mast(v: Tensor) -> Tensor:
        pole = box(u - mast_at, v + deep + mast_tall / 2, 0.018, mast_tall / 2)
        stay, _ = segment(u, v, (mast_at, -deep - mast_tall), (mast_at * 0 + 0.95, -deep))
        return torch.minimum(pole, stay - 0.010)

    def funnel(v: Tensor) -> Tensor:
        return box(u - cabin_at + cabin_half * 0.55, v + deep + cabin_tall * 2 + 0.06, 0.075, 0.13)

    parts = [(mast, hull_warm * 0.7), (funnel, funnel_warm), (cabin, cabin_warm), (hull, hull_warm)]
    wobble = canvas.noise(3, 22) * 0.035
    for shape, warm in parts:  # the mirror image first, dim and broken by the ripples
        mirrored = shape(-v * 1.25 + wobble)
        scene.temperature = scene.temperature + canvas.cover(mirrored * scale, 0.04) * warm * 0.28 * (v > 0)
    for shape, warm in parts:
        scene.lay(shape(v) * scale, ambient + warm + canvas.noise(9) * 0.02, 0.0, True)
    windows = torch.maximum(
        (((u - cabin_at) / 0.16).frac().abs() - 0.5).abs() - 0.26,
        (v + deep + cabin_tall * 1.1).abs() - cabin_tall * 0.35,
    )
    scene.lay(torch.maximum(windows, cabin(v) + 0.03) * scale, ambient + cabin_warm * canvas.uniform(0.2, 0.7))
    engine = torch.exp(-(((u + 0.55) / 0.25) ** 2 + ((v + deep * 0.4) / 0.12) ** 2)) * canvas.cover(hull(v) * scale)
    scene.temperature = scene.temperature + engine * canvas.uniform(0.1, 0.5)
    trail = (-(u + 0.95)).clamp(min=0)
    wake = (-(((v - 0.03) / (0.05 + trail * 0.12)) ** 2)).exp() * (trail > 0) * (-trail * 0.8).exp()
    scene.temperature = scene.temperature + wake * canvas.uniform(0.0, 0.22)
    plume_u, plume_v = u - cabin_at + cabin_half * 0.55, -(v + deep + cabin_tall * 2 + 0.2)
    smoke = (
        (-(((plume_u + plume_v * 0.9) / (0.07 + plume_v.clamp(min=0) * 0.25)) ** 2)).exp()
        * (-plume_v.clamp(min=0) * 2.5).exp()
        * (plume_v > 0)
    )
    scene.temperature = scene.temperature + smoke * canvas.uniform(0.1, 0.4)
    return scene.record()


def circuit(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A circuit board: chips with their pins, capacitors and traces, one chip far too hot."""
    scene = indoors(canvas)
    u, v = turn(
        canvas.across - canvas.uniform(-0.15, 0.15),
        canvas.down - canvas.uniform(-0.15, 0.15),
        canvas.uniform(0, math.tau),
    )
    base = canvas.uniform(0.22, 0.4)
    half_u, half_v = canvas.uniform(0.75, 1.2), canvas.uniform(0.65, 1.0)
    board = box(u, v, half_u, half_v)
    scene.lay(board, base + canvas.noise(5) * 0.02)
    chips = [
        (canvas.uniform(-0.45, -0.2), canvas.uniform(-0.4, -0.15)),
        (canvas.uniform(0.25, 0.5), canvas.uniform(-0.35, 0.05)),
        (canvas.uniform(-0.3, 0.15), canvas.uniform(0.3, 0.5)),
    ]
    hot = torch.randint(3, (canvas.count, 1, 1), generator=canvas.generator)
    for number, (at_u, at_v) in enumerate(chips):
        for _ in range(2):  # a trace leaves the chip, turns once and runs to the edge
            bend = canvas.uniform(-0.7, 0.7)
            first = box(u - (at_u + bend) / 2, v - at_v, (at_u - bend).abs() / 2, 0.014)
            second = torch.maximum((u - bend).abs() - 0.014, (at_v - v) * (canvas.chance(0.5) * 2 - 1))
            scene.lay(
                torch.maximum(torch.minimum(first, second), board + 0.05),
                base + canvas.chance(0.5).sub_(0.4) * canvas.uniform(0.15, 0.4),
            )
        there = (hot == number).float()
        scene.glow(u - at_u, v - at_v, canvas.uniform(0.35, 0.55), there * canvas.uniform(0.06, 0.2))
    for number, (at_u, at_v) in enumerate(chips):
        there = (hot == number).float()
        wide, tall = canvas.uniform(0.12, 0.24), canvas.uniform(0.10, 0.2)
        body = box(u - at_u, v - at_v, wide, tall)
        heat = base + canvas.uniform(-0.05, 0.22) + there * canvas.uniform(0.3, 0.55)
        teeth = ((u - at_u) / 0.075).frac().abs()
        pins = torch.maximum(box(u - at_u, v - at_v, wide, tall + 0.055), ((teeth - 0.5).abs() - 0.22) * 0.075)
        scene.lay(pins, (heat + base) / 2 - 0.1, 0.0, True)
        scene.lay(body, heat - 0.5 * there * (((u - at_u) / wide) ** 2 + ((v - at_v) / tall) ** 2) * 0.35, 0.0, True)
    for _ in range(3):
        can = circle(u - canvas.uniform(-0.7, 0.7), v - canvas.uniform(-0.7, 0.7), canvas.uniform(0.05, 0.10))
        warm = base + canvas.uniform(-0.15, 0.3)
        scene.lay(can + (board > -0.1), warm, 0.0, True)
        scene.lay((can + 0.035).abs() - 0.008 + (board > -0.1), warm - 0.1)
    return scene.record()


def bird(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """One to three birds on the wing: warm body, cooler wings bent at the wrist, a fanned tail."""
    scene = outdoors(canvas, canvas.uniform(0.3, 1.6) - 2.4 * canvas.chance(0.25))
    ambient = scene.temperature.mean((1, 2), keepdim=True)
    flock = canvas.chance(0.4)
    for number in range(3):
        there = 9 * (1 - flock * canvas.chance(0.75)) if number else torch.zeros(canvas.count, 1, 1)
        spread = torch.where(flock > 0, canvas.uniform(0.30, 0.42), canvas.uniform(0.55, 0.9))
        angle = canvas.uniform(0, math.tau)
        x = canvas.across - torch.where(
            flock > 0, (-0.5, 0.5, 0.0)[number] + canvas.uniform(-0.15, 0.15), canvas.uniform(-0.25, 0.25)
        )
        y = canvas.down - torch.where(
            flock > 0, (-0.3, -0.15, 0.5)[number] + canvas.uniform(-0.15, 0.15), canvas.uniform(-0.25, 0.25)
        )
        u, v = turn(x, y, angle)
        u, v = u / spread, v / spread
        zero = torch.zeros_like(angle)
        trunk = union(ellipse(u, v, 0.32, 0.13), circle(u - 0.34, v, 0.085), 0.06)
        beak = limb(u, v, (zero + 0.38, zero), (zero + 0.50, zero), 0.04, 0.008)
        fan = torch.maximum(
            torch.maximum(-u - canvas.uniform(0.5, 0.66), u + 0.25),
            v.abs() - 0.05 - (-u - 0.25) * canvas.uniform(0.2, 0.55),
        )
        sweep, fold = canvas.uniform(-0.1, 0.4), canvas.uniform(0.05, 0.6)
        wings = torch.full((), 9.0)
        for side in (-1.0, 1.0):
            beat = canvas.uniform(0.82, 1.0)
            wrist = (0.10 + sweep * 0.5, side * 0.48 * beat)
            tip = (wrist[0] - fold, side * 0.98 * beat)
            wings = torch.minimum(
                wings,
                torch.minimum(limb(u, v, (zero + 0.08, zero), wrist, 0.15, 0.12), limb(u, v, wrist, tip, 0.12, 0.025)),
            )
        warm = canvas.uniform(0.5, 0.9)
        scene.lay((torch.minimum(wings, fan) + there) * spread, ambient + warm * (0.62 - 0.4 * v.abs()), 0.01, True)
        scene.lay(
            (torch.minimum(trunk, beak) + there) * spread,
            ambient + warm * (0.75 + 0.25 * (-trunk / 0.1).clamp(0, 1)),
            0.02,
            True,
        )
    branch = (
        canvas.down - canvas.uniform(-1, 1) - canvas.across * canvas.uniform(-0.6, 0.6) + canvas.noise(3) * 0.05
    ).abs() - canvas.uniform(0.015, 0.035)
    scene.hide(branch + 9 * (1 - canvas.chance(0.3)), ambient + canvas.uniform(-0.05, 0.12))
    return scene.record()


PAINTERS = {
    "car": car,
    "animal": animal,
    "house": house,
    "steam pipe": steam_pipe,
    "insulator": insulator,
    "boat": boat,
    "circuit board": circuit,
    "bird": bird,
}
CLASSES: tuple[str, ...] = tuple(PAINTERS)


def draw(labels: Tensor, generator: Generator, size: int = 64) -> tuple[Tensor, Tensor]:
    """Thermal pictures of the classes in `labels`, and where the warm object is.

        >>> images, masks = draw(torch.arange(8), torch.Generator().manual_seed(0))

    `labels` are positions in `CLASSES`, `(N,)`; returned are uint8 `(N, 3, size, size)` and bool `(N, size, size)`.
    What stands in front of the object is not part of its mask. Raises ValueError for a label that is no class.
    """
    return paint(PAINTERS, labels, generator, size)
