"""Satellite-like pictures: eight things people build on the ground or water, seen from above among fields.

Every picture is a landscape of its own (`landscape`), with clutter from the other classes' stock: parcels, hedges,
woods, a track, a pond, a few trees. What tells the classes apart is shape and arrangement, not colour. After the look
of Sentinel-2 and aerial survey pictures; no real place is copied. Left out: perspective, relief displacement, spectral
bands.
"""

import math

import torch
from torch import Generator, Tensor

from transferlab.data.worlds.fields import Canvas, box, circle, ellipse, mix, paint, turn
from transferlab.data.worlds.landscape import (
    LAND,
    add_track,
    add_trees,
    add_woods,
    countryside,
    scattered_trees,
    seen_from_above,
    water_colours,
)

ROOFS = [
    (0.62, 0.32, 0.22),
    (0.55, 0.27, 0.20),
    (0.50, 0.48, 0.47),
    (0.70, 0.62, 0.54),
    (0.40, 0.30, 0.27),
    (0.66, 0.68, 0.70),
]


def pivot_irrigation(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Round fields watered by an arm that turns about its centre, side by side on a grid."""
    ground = countryside(canvas)
    spacing = canvas.uniform(0.62, 1.25)
    u, v = turn(canvas.across, canvas.down, canvas.uniform(-0.3, 0.3))
    u, v = u / spacing + canvas.uniform(-0.3, 0.3), v / spacing + canvas.uniform(-0.3, 0.3)
    column, row = (u + 0.5).floor(), (v + 0.5).floor()
    cell = ((column + 3).clamp(0, 6) * 7 + (row + 3).clamp(0, 6)).long()
    dx, dy = u - column, v - row

    def each(values: Tensor) -> Tensor:
        return values.gather(1, cell.flatten(1)).view(cell.shape)

    there = canvas.chance(0.75, 49)
    there[:, 24] = 1.0  # the one in the middle always
    radius = circle(dx, dy, 0.0)
    field = canvas.cover((radius - canvas.uniform(0.42, 0.49)) * spacing) * each(there)
    angle = torch.atan2(dy, dx)
    sector = ((angle - each(canvas.uniform(-3.1, 3.1, 49))).sin() > each(canvas.uniform(-1.2, 1.2, 49))).float()
    first = canvas.choose(LAND, 1)[:, 0] * canvas.uniform(0.7, 1.2, 1)
    second = canvas.choose(LAND, 1)[:, 0] * canvas.uniform(0.7, 1.2, 1)
    blend = (each(canvas.uniform(0, 1, 49)) + sector * each(canvas.uniform(-0.8, 0.8, 49))).clamp(0, 1)
    crop = mix(first[..., None, None].expand(-1, -1, canvas.size, canvas.size), second, blend)
    wheels = (radius * canvas.uniform(40, 75)).sin() * 0.06
    arm = canvas.cover((angle - each(canvas.uniform(-3.1, 3.1, 49))).abs() * radius * spacing - 0.008) * (radius < 0.45)
    crop = crop * (1 + wheels + canvas.noise(6, octaves=2) * 0.06 - 0.3 * arm).unsqueeze(1)
    rim = canvas.cover(((radius - 0.475).abs() - 0.012) * spacing) * each(there)
    ground.colours = mix(ground.colours, ground.palette[:, 1] * 1.3, rim * 0.6)
    ground.colours = mix(ground.colours, crop, field)
    add_track(canvas, ground)
    add_trees(canvas, ground, *scattered_trees(canvas))
    return seen_from_above(canvas, ground), field


def _plot(canvas: Canvas) -> tuple[Tensor, Tensor, Tensor]:
    """A turned plot of land: coordinates along and across it, and its signed distance."""
    u, v = turn(
        canvas.across - canvas.uniform(-0.3, 0.3), canvas.down - canvas.uniform(-0.3, 0.3), canvas.uniform(0, math.tau)
    )
    slant = canvas.uniform(-0.3, 0.3)
    distance = box(u + v * slant, v, canvas.uniform(0.45, 0.95), canvas.uniform(0.45, 0.9))
    return u, v, distance


def orchard(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Trees planted in a square or staggered lattice on mown or bare ground."""
    ground = countryside(canvas)
    u, v, distance = _plot(canvas)
    plot = canvas.cover(distance)
    floor = ground.palette[:, 2] * canvas.uniform(0.9, 1.3, 1)
    ground.colours = mix(ground.colours, floor[..., None, None] * (1 + canvas.noise(12) * 0.06).unsqueeze(1), plot)
    spacing = canvas.uniform(0.15, 0.26)
    stagger = canvas.chance(0.4) * 0.5

    def crowns(shift_u: Tensor | float, shift_v: Tensor | float) -> tuple[Tensor, Tensor, Tensor]:
        row = ((v + shift_v) / spacing).round()
        along = (u + shift_u) / spacing + row * stagger
        return (
            along - along.round(),
            (v + shift_v) / spacing - row,
            ((along.round() * 12.99 + row * 78.23).sin() * 43758.5).frac().abs(),
        )

    radius = canvas.uniform(0.30, 0.42)
    wobble = canvas.noise(18) * 0.02
    heading = canvas.uniform(0, math.tau)
    dx, dy, chance = crowns(heading.cos() * 0.45 * spacing, heading.sin() * 0.45 * spacing)
    shade = canvas.cover((circle(dx, dy, radius) + wobble) * spacing) * plot * (chance > 0.06)
    ground.colours = ground.colours * (1 - 0.45 * shade).unsqueeze(1)
    dx, dy, chance = crowns(0.0, 0.0)
    crown = canvas.cover((circle(dx, dy, radius * (0.8 + 0.3 * chance)) + wobble) * spacing) * plot * (chance > 0.06)
    dome = 1.05 + (dx * heading.cos() + dy * heading.sin()) * -1.1 + (chance - 0.5) * 0.3
    leaves = ground.trees * canvas.uniform(0.9, 1.5, 1)
    ground.colours = mix(ground.colours, leaves[..., None, None] * dome.unsqueeze(1), crown)
    add_track(canvas, ground)
    add_trees(canvas, ground, *scattered_trees(canvas))
    return seen_from_above(canvas, ground), plot


def solar_farm(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Rows of tilted panels in tables with gaps between them, and a service lane."""
    ground = countryside(canvas)
    u, v, distance = _plot(canvas)
    plot = canvas.cover(distance)
    floor = ground.palette[:, 3] * canvas.uniform(0.9, 1.3, 1)
    ground.colours = mix(ground.colours, floor[..., None, None] * (1 + canvas.noise(12) * 0.05).unsqueeze(1), plot)
    pitch, length = canvas.uniform(0.15, 0.24), canvas.uniform(0.45, 0.9)
    row = (v / pitch).round()
    table = u / length + row * canvas.chance(0.3) * 0.37 + canvas.uniform(0, 1)
    dx, dy = (table - table.round()) * length, v - row * pitch
    deep = pitch * canvas.uniform(0.26, 0.36)
    panel = box(dx, dy, length / 2 - canvas.uniform(0.02, 0.06), deep)
    lane = canvas.cover(0.05 - (v - canvas.uniform(-0.3, 0.3)).abs())
    there = canvas.cover(panel) * canvas.cover(distance + 0.06) * torch.maximum(lane, canvas.chance(0.4))
    shade = canvas.cover(box(dx, dy - deep * 0.6, length / 2 - 0.03, deep)) * canvas.cover(distance + 0.06)
    ground.colours = ground.colours * (1 - 0.4 * shade).unsqueeze(1)
    glass = canvas.choose(
        [(0.13, 0.18, 0.32), (0.17, 0.19, 0.24), (0.22, 0.30, 0.45), (0.45, 0.52, 0.60), (0.10, 0.12, 0.18)]
    )
    sheen = 1 + dy / deep * canvas.uniform(-0.4, 0.4) + canvas.noise(2) * 0.2 - 0.2 * ((dx * 45).cos() > 0.85)
    ground.colours = mix(ground.colours, glass[..., None, None] * sheen.unsqueeze(1), there)
    fence = canvas.cover((distance - 0.02).abs() - 0.008)
    ground.colours = mix(ground.colours, torch.tensor([[0.70, 0.68, 0.62]]), fence * 0.6)
    add_track(canvas, ground)
    add_trees(canvas, ground, *scattered_trees(canvas))
    return seen_from_above(canvas, ground), plot


def terraces(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Steps cut along the contours of a hillside, dry or flooded, each with its own tone."""
    ground = countryside(canvas)
    heading = canvas.uniform(0, math.tau)
    slope, _ = turn(canvas.across, canvas.down, heading)
    hill = slope * canvas.uniform(0.55, 1.1) + canvas.noise(1.6, octaves=2) * 0.25
    steps = hill * canvas.uniform(6, 10)
    level = steps.floor()
    inside = steps - level
    number = (level - level.amin((1, 2), keepdim=True)).long().clamp(max=62)
    tones = canvas.choose(LAND, 64) * 0.45 + ground.palette[:, :1] * 0.55
    flooded = canvas.chance(0.25, 64) * canvas.chance(0.6, 1)
    tones = torch.where(flooded[..., None] > 0, torch.tensor([0.50, 0.58, 0.62]), tones).transpose(1, 2)  # (N, 3, 64)
    here, above = (
        tones.gather(2, index.flatten(1)[:, None].expand(-1, 3, -1)).view(ground.colours.shape)
        for index in (number, number + 1)
    )
    pace = rate(canvas, steps) * canvas.pixel  # steps a pixel: the edges of the steps are one pixel soft
    colours = mix(here, above, ((inside - 1) / pace + 1).clamp(0, 1))
    riser = ((0.3 - inside) / pace + 0.5).clamp(0, 1) * ((inside / pace) + 0.2).clamp(0, 1)
    facing = (heading - ground.sun).cos() * 0.35
    colours = colours * (1 + riser * (facing - 0.25) + (inside - 0.5) * 0.12 + canvas.noise(10) * 0.05).unsqueeze(1)
    centre_x, centre_y = canvas.uniform(-0.3, 0.3), canvas.uniform(-0.3, 0.3)
    slope_end = (
        circle(canvas.across - centre_x, canvas.down - centre_y, canvas.uniform(0.65, 1.0))
        + canvas.noise(2.4, octaves=2) * 0.12
    )
    field = canvas.cover(slope_end, 0.05)
    ground.colours = ground.colours * (1 + canvas.light(hill, ground.sun, 0.8) * 0.35).unsqueeze(1)
    ground.colours = mix(ground.colours, colours, field)
    add_woods(canvas, ground, canvas.noise(3, octaves=2) - canvas.uniform(1.4, 2.8))
    add_trees(canvas, ground, *scattered_trees(canvas))
    return seen_from_above(canvas, ground), field


def rate(canvas: Canvas, plane: Tensor) -> Tensor:
    """How fast a plane `(N, H, W)` changes, per unit of length; never below a small number."""
    down, across = torch.gradient(plane, spacing=canvas.pixel, dim=(1, 2))
    return (down**2 + across**2).sqrt() + 1e-3


def river(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A meandering stream with sand on its inner bends and trees along its banks."""
    ground = countryside(canvas)
    u, v = turn(canvas.across, canvas.down, canvas.uniform(0, math.tau))
    wave, phase, swing = canvas.uniform(2.2, 4.5), canvas.uniform(0, math.tau), canvas.uniform(0.12, 0.38)
    along = u * wave + phase
    meander = along.sin()
    course = (meander * swing).add_((u * (wave * 0.43) + phase * 2).sin_(), alpha=0.2).add_(canvas.uniform(-0.25, 0.25))
    steep = along.cos_() * (swing * wave)
    side = (v - course).mul_(steep.square_().add_(1).rsqrt_())
    width = canvas.uniform(0.05, 0.17) * (1 + 0.25 * (u * 2 + phase).sin_())
    inner = side + meander * width * 0.55  # the inner bank is shallow
    rough = canvas.noise(9) * 0.012
    add_woods(
        canvas,
        ground,
        (width * canvas.uniform(1.5, 3.2) - side.abs()) * 3 + canvas.noise(5) * 0.35 - canvas.uniform(0.2, 0.8),
    )
    sand = canvas.cover(inner.abs() - width * 1.25 + rough)
    ground.colours = mix(
        ground.colours,
        canvas.choose([(0.76, 0.70, 0.56), (0.66, 0.62, 0.54), (0.60, 0.52, 0.38)]),
        sand * canvas.uniform(0.3, 1),
    )
    stream = canvas.cover(side.abs() - width + rough)
    colours = water_colours(canvas, ground) * (1 - 0.2 * (side.abs() / width).clamp(0, 1)).unsqueeze(1)
    ground.colours = mix(ground.colours, colours, stream)
    add_track(canvas, ground, 0.5)
    add_trees(canvas, ground, *scattered_trees(canvas))
    return seen_from_above(canvas, ground), stream


def crossing(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Three to five roads that meet, some at a roundabout, with markings and cars."""
    ground = countryside(canvas)
    x, y = canvas.across - canvas.uniform(-0.35, 0.35), canvas.down - canvas.uniform(-0.35, 0.35)
    start, arms = canvas.uniform(0, math.tau), 3 + canvas.chance(0.6) + canvas.chance(0.25)
    width, bend = canvas.uniform(0.06, 0.12), canvas.uniform(-0.35, 0.35)
    road, lines, cars = torch.full((), 9.0), torch.full((), 9.0), torch.full((), 9.0)
    for arm in range(5):
        angle = start + (arm + canvas.uniform(-0.12, 0.12)) * math.tau / arms
        u, v = turn(x, y, angle)
        v = v + u * u.abs() * bend
        absent = (arm >= arms).float() * 9
        aside = v.abs()
        road = torch.minimum(road, torch.maximum(aside - width, -u).add_(absent))
        pace = canvas.uniform(0.22, 0.35)
        dash = (u / pace).frac_().sub_(0.5).abs_().sub_(0.25).mul_(pace)
        dash = torch.maximum(torch.maximum(dash, aside - 0.012), width * 1.6 - u)
        lines = torch.minimum(lines, dash.add_(absent))
        for side in (-0.5, 0.5):
            gap, empty = canvas.uniform(0.25, 0.9), absent + (1 - canvas.chance(0.6)) * 9
            cars = torch.minimum(cars, box(u - gap, v - side * width, 0.055, 0.026).add_(empty))
    lines, cars = canvas.cover(lines), canvas.cover(cars)
    middle = circle(x, y, 0.0)
    ring = canvas.chance(0.35)
    island = canvas.uniform(0.09, 0.16)
    road = torch.minimum(road, middle - (width + island) * ring)
    verge = canvas.cover(road - canvas.uniform(0.01, 0.05))
    ground.colours = mix(ground.colours, ground.palette[:, 1] * 1.25, verge * 0.8)
    cover = canvas.cover(road)
    asphalt = canvas.choose(
        [(0.36, 0.36, 0.37), (0.48, 0.47, 0.46), (0.60, 0.58, 0.55), (0.28, 0.28, 0.30), (0.68, 0.61, 0.52)]
    )
    ground.colours = mix(ground.colours, asphalt[..., None, None] * (1 + canvas.noise(10) * 0.05).unsqueeze(1), cover)
    green = canvas.cover(middle - island) * ring
    ground.colours = mix(
        ground.colours,
        torch.tensor([[0.88, 0.87, 0.80]]),
        lines * canvas.uniform(0.3, 1) * (1 - ring * canvas.cover(middle - island - width)),
    )
    ground.colours = mix(ground.colours, ground.trees * 1.7, green)
    shadow = canvas.blur(cars, canvas.pixel * 0.8)
    ground.colours = ground.colours * (1 - 0.3 * shadow).unsqueeze(1)
    ground.colours = mix(
        ground.colours, canvas.choose([(0.9, 0.9, 0.9), (0.75, 0.15, 0.12), (0.15, 0.16, 0.2), (0.85, 0.75, 0.2)]), cars
    )
    add_trees(canvas, ground, *scattered_trees(canvas))
    return seen_from_above(canvas, ground), cover


def village(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Gabled houses along a lane, each with its sunny and its shaded half, its shadow and a garden tree."""
    ground = countryside(canvas)
    count = 16
    along = (torch.arange(count) // 2 - 3.5) * canvas.uniform(0.20, 0.32, 1) + canvas.uniform(-0.05, 0.05, count)
    side = torch.where(torch.arange(count) % 2 > 0, 1.0, -1.0) * canvas.uniform(0.16, 0.30, count)
    far = canvas.chance(0.35, count) * canvas.uniform(0.25, 0.45, count)  # some stand in a second row
    side = side + side.sign() * far
    bend, heading = canvas.uniform(-0.5, 0.5), canvas.uniform(0, math.tau)
    u, v = turn(canvas.across - canvas.uniform(-0.25, 0.25), canvas.down - canvas.uniform(-0.25, 0.25), heading)
    lane = canvas.cover((v - bend * u * u).abs() - canvas.uniform(0.025, 0.045))
    ground.colours = mix(
        ground.colours, canvas.choose([(0.55, 0.54, 0.53), (0.70, 0.64, 0.54), (0.42, 0.42, 0.43)]), lane
    )
    house_u = along
    house_v = side + bend[:, 0] * along**2
    x, y = turn(house_u, house_v, -heading[:, 0])
    x = torch.where(canvas.chance(0.85, count) > 0, x + canvas.uniform(-0.15, 0.15, 1), 9.0)
    lean = (
        heading[:, 0]
        + (2 * bend[:, 0] * along).atan()
        + canvas.uniform(-0.15, 0.15, count)
        + canvas.chance(0.3, count) * math.pi / 2
    )
    half_u, half_v = canvas.uniform(0.075, 0.13, count), canvas.uniform(0.05, 0.085, count)

    def house(dx: Tensor, dy: Tensor, lean: Tensor, half_u: Tensor, half_v: Tensor) -> Tensor:
        return box(*turn(dx, dy, lean), half_u, half_v)

    cast_x, cast_y = ground.shadow(0.06)
    shade = canvas.stamp(x - cast_x[:, 0], y - cast_y[:, 0], 0.2, house, lean, half_u, half_v)
    ground.colours = ground.colours * (1 - 0.5 * canvas.cover(shade.distance)).unsqueeze(1)
    present = canvas.chance(0.6, count)
    garden_x = torch.where(present > 0, x + canvas.uniform(-0.2, 0.2, count), 9.0)
    gardens = garden_x, y + canvas.uniform(-0.2, 0.2, count), canvas.uniform(0.035, 0.06, count)
    trees = (torch.cat(both, 1) for both in zip(gardens, scattered_trees(canvas), strict=True))
    add_trees(canvas, ground, *trees)
    roofs = canvas.stamp(x, y, 0.2, house, lean, half_u, half_v)
    cover = canvas.cover(roofs.distance)
    lean_here = roofs.pick(lean)
    across = (canvas.down - roofs.pick(y)) * lean_here.cos() - (canvas.across - roofs.pick(x)) * lean_here.sin()
    slope = across.sign() * (ground.sun - lean_here).sin()
    roof_kinds = canvas.choose(ROOFS, 3)
    kind = torch.randint(3, (canvas.count, count), generator=canvas.generator)
    tiles = torch.stack([roofs.pick(roof_kinds[..., channel].gather(1, kind)) for channel in range(3)], 1)
    shine = roofs.pick(canvas.uniform(0.85, 1.15, count)) * (1 + slope * 0.32)
    ground.colours = mix(ground.colours, tiles * shine.unsqueeze(1), cover)
    return seen_from_above(canvas, ground), cover


def harbour(canvas: Canvas) -> tuple[Tensor, Tensor]:
    """A quay with piers and moored boats along a shore."""
    ground = countryside(canvas)
    u, v = turn(canvas.across, canvas.down, canvas.uniform(0, math.tau))
    shore = v - canvas.uniform(-0.55, 0.05) + canvas.noise(2) * canvas.uniform(0, 0.05)
    ground.colours = mix(
        ground.colours,
        canvas.choose([(0.62, 0.60, 0.57), (0.72, 0.66, 0.54), (0.50, 0.49, 0.48)]),
        canvas.cover(shore - 0.10) * canvas.cover(-shore - 0.14),
    )
    water = canvas.cover(-shore)
    ground.colours = mix(ground.colours, water_colours(canvas, ground, 0.07), water)
    spacing, length, half = canvas.uniform(0.42, 0.75), canvas.uniform(0.45, 0.9), canvas.uniform(0.02, 0.035)
    slide = canvas.uniform(-0.3, 0.3)
    pier = ((u + slide) / spacing).round()
    du = u + slide - pier * spacing
    decks = torch.maximum(du.abs() - half, torch.maximum(shore - length, -shore - 0.05))
    berth = canvas.uniform(0.12, 0.19)
    slot = (shore / berth).round()
    dv = shore - slot * berth
    chance = (
        ((pier * 12.9898 + slot * 78.233 + du.sign() * 37.719 + canvas.uniform(0, 9)).sin() * 43758.5453).frac().abs()
    )
    long = canvas.uniform(0.075, 0.12) * (0.75 + 0.4 * chance)
    beside = du.abs() - half - long - 0.015
    hull = ellipse(beside, dv, long, berth * 0.30)
    moored = (chance < canvas.uniform(0.5, 0.95)).float() * (slot > 0) * (shore < length + berth / 2)
    hulls = canvas.cover(hull) * moored
    ground.colours = ground.colours * (1 - 0.35 * canvas.blur(hulls, 0.03) * water).unsqueeze(1)
    planks = canvas.choose([(0.66, 0.60, 0.50), (0.50, 0.44, 0.38), (0.75, 0.74, 0.72)])
    deck = canvas.cover(decks)
    ground.colours = mix(ground.colours, planks, deck)
    paint_tone = 0.62 + 0.5 * ((chance * 91).frac())
    boat = canvas.choose([(0.92, 0.92, 0.90), (0.80, 0.83, 0.88), (0.85, 0.70, 0.55)])[
        ..., None, None
    ] * paint_tone.unsqueeze(1)
    ground.colours = mix(ground.colours, boat, hulls)
    cabin = canvas.cover(box(beside - 0.01, dv, long * 0.35, berth * 0.14)) * moored
    ground.colours = mix(ground.colours, torch.tensor([[0.25, 0.28, 0.33]]), cabin * 0.8)
    return seen_from_above(canvas, ground), torch.maximum(deck, hulls)


PAINTERS = {
    "pivot irrigation": pivot_irrigation,
    "orchard": orchard,
    "solar farm": solar_farm,
    "terraces": terraces,
    "river": river,
    "road crossing": crossing,
    "village": village,
    "harbour": harbour,
}
CLASSES: tuple[str, ...] = tuple(PAINTERS)


def draw(labels: Tensor, generator: Generator, size: int = 64) -> tuple[Tensor, Tensor]:
    """Satellite-like pictures of the classes in `labels`, and where their evidence lies.

        >>> images, masks = draw(torch.arange(8), torch.Generator().manual_seed(0))

    `labels` are positions in `CLASSES`, `(N,)`; returned are uint8 `(N, 3, size, size)` and bool `(N, size, size)`. The
    mask is the watered circles, the planted plot, the terraced slope, the water of the river, the roads, the roofs, or
    the piers and boats. Raises ValueError for a label that is no class.
    """
    return paint(PAINTERS, labels, generator, size)
