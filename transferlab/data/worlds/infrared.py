"""An infrared camera and what stands before it: temperatures, surroundings, things in front, strokes to draw with.

A scene is a temperature at each pixel, in units of its own contrast. The camera has a soft lens, a warm rim, stripes,
grain, an automatic gain, and one of four palettes (white hot, black hot, iron, lava), so that brightness and colour say
nothing by themselves. After the look of microbolometer cameras. Left out: emissivity, true radiometry in kelvin.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

from transferlab.data.worlds.fields import Canvas, box, circle, ellipse, mix, segment, turn

PALETTES = [
    [(0.02, 0.02, 0.03), (0.98, 0.98, 0.97)],
    [(0.97, 0.97, 0.96), (0.03, 0.03, 0.04)],
    [
        (0.00, 0.00, 0.06),
        (0.20, 0.02, 0.42),
        (0.58, 0.06, 0.50),
        (0.88, 0.32, 0.20),
        (0.98, 0.66, 0.08),
        (1.0, 0.97, 0.78),
    ],
    [
        (0.01, 0.02, 0.08),
        (0.04, 0.16, 0.34),
        (0.08, 0.40, 0.46),
        (0.42, 0.42, 0.30),
        (0.86, 0.46, 0.14),
        (1.0, 0.93, 0.66),
    ],
]
TONES = 1024  # steps of brightness before gamma and palette
SHARES = (0.3, 0.2, 0.3, 0.2)  # how often each palette is used


class Scene:
    """Temperatures `(N, H, W)` under way, and which pixels hold the warm object."""

    def __init__(self, canvas: Canvas, temperature: Tensor) -> None:
        self.canvas = canvas
        self.temperature = temperature
        self.evidence = torch.zeros(canvas.count, canvas.size, canvas.size)

    def lay(self, distance: Tensor, temperature: Tensor | float, soft: float = 0.0, evidence: bool = False) -> Tensor:
        """Give the inside of a shape a temperature; with `evidence` it counts as the object. Returns its cover."""
        cover = self.canvas.cover(distance, soft)
        self.temperature = torch.lerp(self.temperature, torch.as_tensor(temperature), cover)
        if evidence:
            self.evidence = torch.maximum(self.evidence, cover)
        return cover

    def hide(self, distance: Tensor, temperature: Tensor | float) -> None:
        """Put something in front of the object."""
        cover = self.lay(distance, temperature)
        self.evidence = self.evidence * (1 - cover)

    def glow(self, x: Tensor, y: Tensor, radius: Tensor | float, amount: Tensor | float) -> None:
        """Warmth that spreads around a point given by coordinates relative to it."""
        self.temperature = self.temperature + ((x * x + y * y) * (-1 / (radius * radius))).exp_() * amount

    def record(self) -> tuple[Tensor, Tensor]:
        """Send the scene through the camera: colours `(N, 3, H, W)` from 0 to 1, and the evidence."""
        canvas = self.canvas
        seen = canvas.blur(self.temperature, 0.022)
        soft = canvas.uniform(0, 0.7)
        seen = seen + soft * (canvas.blur(self.temperature, 0.05) - seen)  # lenses differ
        rim = canvas.across**2 + canvas.down**2
        seen = seen + rim * canvas.uniform(-0.06, 0.10)
        stripes = canvas.normal(1, canvas.size) * canvas.uniform(0.004, 0.022) + canvas.normal(
            canvas.size, 1
        ) * canvas.uniform(0, 0.010)
        seen = seen + stripes + canvas.grain() * canvas.uniform(0.006, 0.022) + canvas.noise(2) * 0.02
        some = seen.flatten(1)[
            :, :: _stride(canvas.size)
        ]  # the camera, too, judges its range from a part of the pixels
        low, high = some.quantile(torch.tensor([0.01, 0.995]), 1)[..., None, None]
        gain = canvas.uniform(0.72, 1.05) / (high - low).clamp(min=0.2)
        seen = (seen - low).mul_(gain).add_(canvas.uniform(-0.02, 0.18)).clamp_(0, 1)  # the gain is never quite right
        chosen = torch.multinomial(torch.tensor(SHARES), canvas.count, replacement=True, generator=canvas.generator)
        bent = torch.linspace(0, 1, TONES) ** canvas.uniform(0.7, 1.35, 1)  # (N, TONES) each picture's gamma
        place = (bent * (TONES - 1)).round().long()[:, None].expand(-1, 3, -1)
        table = torch.stack([_gradient(stops) for stops in PALETTES])[chosen].gather(2, place)  # (N, 3, TONES)
        index = (seen * (TONES - 1)).long().flatten(1)[:, None].expand(-1, 3, -1)
        colours = table.gather(2, index).view(canvas.count, 3, canvas.size, canvas.size)
        cross = torch.minimum(
            box(canvas.across, canvas.down, 0.09, 0.004), box(canvas.across, canvas.down, 0.004, 0.09)
        )
        sight = canvas.cover(cross) * canvas.chance(0.12) * 0.5  # some cameras mark their spot
        return mix(colours, torch.full((1, 3), 0.8), sight), self.evidence


@lru_cache(maxsize=64)
def _stride(size: int) -> int:
    """Takes about 600 of `size` × `size` pixels, and not the same columns of each row."""
    step = max(1, size**2 // 600)
    while math.gcd(step, size) > 1:
        step += 1
    return step


def _gradient(stops: list[tuple[float, float, float]]) -> Tensor:
    """The colours between the stops of a palette, `(3, TONES)`."""
    return torch.nn.functional.interpolate(torch.tensor(stops).T[None], size=TONES, mode="linear", align_corners=True)[
        0
    ]


def outdoors(canvas: Canvas, horizon: Tensor | None = None) -> Scene:
    """Ground below, cold sky above, a line of bushes between; in some pictures only ground."""
    horizon = canvas.uniform(-0.75, 0.05) - 2.5 * canvas.chance(0.25) if horizon is None else horizon
    above = canvas.down - horizon + canvas.noise(4) * 0.02
    clouds = canvas.noise(2, 5, octaves=2) * 0.05 * canvas.chance(0.6)
    sky = canvas.uniform(-0.1, 0.15) + canvas.down * 0.08 + clouds
    soil = (
        canvas.uniform(0.22, 0.42) + canvas.noise(5, 12, octaves=2) * 0.035 + canvas.down * canvas.uniform(-0.05, 0.06)
    )
    scene = Scene(canvas, sky)
    bushes = above + 0.03 + canvas.noise(5, 2, octaves=2).clamp(min=-0.5) * -0.10 * canvas.chance(0.7)
    scene.lay(bushes * -1, soil + canvas.uniform(-0.12, 0.08) + canvas.noise(14) * 0.03, 0.02)
    scene.lay(-above, soil, 0.01)
    for _ in range(3):  # stones, tufts or puddles, slightly warmer or colder
        x, y = canvas.across - canvas.uniform(-1, 1), canvas.down - canvas.uniform(0.1, 1)
        patch = ellipse(x, y, canvas.uniform(0.1, 0.35), canvas.uniform(0.03, 0.09)) + canvas.noise(8) * 0.02
        scene.lay(patch, scene.temperature + canvas.uniform(-0.10, 0.10), 0.05)
    return scene


def indoors(canvas: Canvas) -> Scene:
    """A wall or a bench: panels, a conduit, uneven warmth."""
    base = canvas.uniform(0.1, 0.35) + canvas.noise(2, octaves=3) * 0.03
    scene = Scene(canvas, base)
    x, y = turn(canvas.across, canvas.down, canvas.chance(0.5) * math.pi / 2)
    panel = ((x / canvas.uniform(0.5, 1.1) + canvas.uniform(0, 1)).frac().abs() - 0.5).abs() - 0.485
    scene.lay(-panel, base - canvas.uniform(0.0, 0.12))
    scene.lay((y - canvas.uniform(-0.9, 0.9)).abs() - 0.03, base + canvas.uniform(-0.12, 0.12) * canvas.chance(0.5))
    return scene


def add_occluder(scene: Scene) -> None:
    """A post, a wire fence or a leafy twig in front, in some of the pictures."""
    canvas = scene.canvas
    cool = canvas.uniform(0.05, 0.35)
    slant = canvas.uniform(-0.1, 0.1)
    post = (canvas.across - canvas.uniform(-1, 1) + slant * canvas.down).abs() - canvas.uniform(0.02, 0.05)
    scene.hide(post + 9 * (1 - canvas.chance(0.25)), cool)
    corner_x, corner_y = canvas.across - (canvas.chance(0.5) * 2 - 1), canvas.down - (canvas.chance(0.5) * 2 - 1)
    leaves = circle(corner_x, corner_y, canvas.uniform(0.3, 0.55)) + canvas.noise(11) * 0.12
    scene.hide(leaves + 9 * (1 - canvas.chance(0.3)), cool + canvas.noise(14) * 0.04)


def place(
    canvas: Canvas, size: tuple[float, float], x: float, y: tuple[float, float], tilt: float
) -> tuple[Tensor, Tensor, Tensor]:
    """An object's own coordinates (1 unit is about half its width), left or right facing, and its scale."""
    scale = canvas.uniform(*size)
    u, v = turn(canvas.across - canvas.uniform(-x, x), canvas.down - canvas.uniform(*y), canvas.normal() * tilt)
    facing = canvas.chance(0.5) * 2 - 1
    return u / scale * facing, v / scale, scale


def limb(
    u: Tensor,
    v: Tensor,
    start: tuple[Tensor, Tensor],
    end: tuple[Tensor, Tensor],
    thick: Tensor | float,
    thin: Tensor | float,
) -> Tensor:
    """Signed distance to a tapered stroke from `start` to `end`."""
    distance, share = segment(u, v, start, end)
    return distance.sub_(share * (thin - thick)).sub_(thick)
