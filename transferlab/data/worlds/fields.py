"""A batch of blank pictures to draw on: coordinates, seeded numbers, smooth noise, soft edges, light and stamps.

The named targets (satellite, tissue, defects, thermal) share these. A picture is the square from -1 to 1, whatever its
size in pixels; x runs to the right, y downwards. Shapes are signed distances (negative inside), turned into soft edges by
`Canvas.cover`, as in Inigo Quilez, "2D distance functions". Many small shapes, such as cells or trees, are written with
`Canvas.stamp`, which only touches the pixels around each. Left out: perspective, supersampling, fonts.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from transferlab.errors import unknown

CHUNK = 16  # pictures drawn at once: their planes of 64×64 floats stay within a processor's cache
FAR = 2.0  # a distance beyond which stamps no longer tell who is near
MOST_STAMPS = 512  # a picture; with STEPS distances a unit, a number and a distance fit into 31 bits
STEPS = (2**31 // MOST_STAMPS - 1) / (2 * FAR)


@dataclass(frozen=True)
class Nearest:
    """Which stamp is nearest to each pixel: its signed distance and its number, both `(N, H, W)`."""

    distance: Tensor
    owner: Tensor

    def pick(self, values: Tensor) -> Tensor:
        """`values` `(N, K)`, one per stamp, spread over the pixels that each stamp owns: `(N, H, W)`."""
        return values.gather(1, self.owner.flatten(1)).view(self.owner.shape)


class Canvas:
    """`count` pictures of `size` × `size` pixels that share one generator.

        >>> canvas = Canvas(8, 64, torch.Generator().manual_seed(0))
        >>> canvas.cover(circle(canvas.x, canvas.y, canvas.uniform(0.2, 0.6))).shape
        torch.Size([8, 64, 64])
    """

    def __init__(self, count: int, size: int, generator: Generator) -> None:
        self.count, self.size, self.generator = count, size, generator
        self.pixel = 2 / size  # one pixel's width
        line = (torch.arange(size) + 0.5) * self.pixel - 1
        self.y, self.x = (plane[None] for plane in torch.meshgrid(line, line, indexing="ij"))  # (1, H, W)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Numbers between `low` and `high`: one a picture, `(N, 1, 1)`, or `(N, *shape)`."""
        return torch.rand(self.count, *(shape or (1, 1)), generator=self.generator) * (high - low) + low

    def normal(self, *shape: int) -> Tensor:
        """Normal numbers: one a picture, `(N, 1, 1)`, or `(N, *shape)`."""
        return torch.randn(self.count, *(shape or (1, 1)), generator=self.generator)

    def chance(self, share: float, *shape: int) -> Tensor:
        """1.0 with probability `share`, else 0.0: one a picture, or `(N, *shape)`."""
        return (self.uniform(0, 1, *shape) < share).float()

    def choose(self, table: list[tuple[float, ...]], *shape: int) -> Tensor:
        """Random rows of `table`: `(N, columns)`, or `(N, *shape, columns)`."""
        rows = torch.randint(len(table), (self.count, *shape), generator=self.generator)
        return torch.tensor(table)[rows]

    def noise(self, cells: float, cells_y: float | None = None, octaves: int = 1) -> Tensor:
        """Smooth noise with mean 0 and a spread of about 1, `(N, H, W)`: `cells` bumps across, each octave twice as fine."""
        total, weight, energy = torch.zeros(()), 1.0, 0.0
        for octave in range(octaves):
            across = _spline(self.size, round(cells * 2**octave))
            down = _spline(self.size, round((cells_y or cells) * 2**octave))
            total = total + weight * (down @ self.normal(down.shape[1], across.shape[1]) @ across.T)
            energy, weight = energy + weight**2, weight / 2
        return total / energy**0.5

    def grain(self) -> Tensor:
        """Independent normal noise on every pixel, `(N, H, W)`."""
        return self.normal(self.size, self.size)

    def cover(self, distance: Tensor, soft: float = 0.0) -> Tensor:
        """The share of each pixel inside a signed distance, 0 to 1; `soft` widens the edge."""
        return (0.5 - distance / (self.pixel + soft)).clamp(0, 1)

    def blur(self, planes: Tensor, sigma: float) -> Tensor:
        """Gaussian blur of `(…, H, W)` by `sigma` (in picture units, where a picture is 2 wide), edges extended."""
        kernel = _gaussian(self.size, sigma / self.pixel)
        return kernel @ planes @ kernel.T

    def sample(self, plane: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """`plane` `(N, H, W)` read at other coordinates `(N, H, W)`, mirrored beyond its border."""
        grid = torch.stack([x.expand_as(plane), y.expand_as(plane)], dim=-1)
        return F.grid_sample(plane[:, None], grid, padding_mode="reflection", align_corners=False)[:, 0]

    def light(self, height: Tensor, sun: Tensor, strength: float = 1.0) -> Tensor:
        """How much brighter (above 0) or darker each point of a `height` field `(N, H, W)` is than flat ground.

        `sun` `(N, 1, 1)` is the direction the light comes from, in radians from the x axis.
        """
        padded = F.pad(height[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
        slope_x = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / (2 * self.pixel)
        slope_y = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / (2 * self.pixel)
        facing = -(slope_x * sun.cos() + slope_y * sun.sin()) * strength
        return facing / (1 + (slope_x**2 + slope_y**2) * strength**2).sqrt()

    def stamp(self, x: Tensor, y: Tensor, reach: float, shape: Callable[[Tensor, Tensor], Tensor]) -> Nearest:
        """Draw K small shapes a picture, centred at `x`, `y` `(N, K)`, and keep the nearest at each pixel.

        `shape(dx, dy)` gets the offsets from each centre, `(N, K, P, P)`, and returns signed distances. It is asked
        only within `reach` of a centre. A shape that should be absent is placed far outside, at 9.
        """
        nearest, _ = self._stamp(x, y, reach, shape, second=False)
        return nearest

    def borders(self, x: Tensor, y: Tensor, reach: float, shape: Callable[[Tensor, Tensor], Tensor]) -> tuple[Nearest, Tensor]:
        """As `stamp`, and also the second smallest distance `(N, H, W)`: cells border where both are alike (Worley)."""
        return self._stamp(x, y, reach, shape, second=True)

    def _stamp(
        self, x: Tensor, y: Tensor, reach: float, shape: Callable[[Tensor, Tensor], Tensor], second: bool
    ) -> tuple[Nearest, Tensor]:
        side = 2 * math.ceil(reach / self.pixel) + 1
        wide = self.size + 2 * side  # stamps that stick out land in a margin
        steps = torch.arange(side)
        columns, rows = (
            (((centre + 1) / self.pixel - side / 2).round().clamp(-side, self.size).long())[..., None] + steps
            for centre in (x, y)
        )  # (N, K, P)
        dx = ((columns + 0.5) * self.pixel - 1 - x[..., None])[..., None, :]
        dy = ((rows + 0.5) * self.pixel - 1 - y[..., None])[..., :, None]
        distance = shape(dx, dy).clamp(-FAR, FAR)  # (N, K, P, P)
        # One integer holds both the distance and the stamp's number, so that one minimum finds the two of them.
        number = torch.arange(x.shape[1], dtype=torch.int32).view(1, -1, 1, 1)
        key = (((distance + FAR) * STEPS).int() * MOST_STAMPS + number).flatten()
        picture = torch.arange(self.count).view(-1, 1, 1, 1) * wide
        index = (((picture + rows[..., None] + side) * wide) + columns[..., None, :] + side).flatten()
        empty = torch.full((self.count * wide * wide,), 2**31 - MOST_STAMPS, dtype=torch.int32)
        first = empty.scatter_reduce(0, index, key, "amin")
        inner = slice(side, side + self.size)

        def decode(keys: Tensor) -> tuple[Tensor, Tensor]:
            keys = keys.view(self.count, wide, wide)[:, inner, inner]
            return (keys >> 9).float() / STEPS - FAR, (keys & (MOST_STAMPS - 1)).long()

        next_distance = torch.zeros(())
        if second:
            rest = key.masked_fill(first[index] == key, int(empty[0]))
            next_distance = decode(empty.scatter_reduce(0, index, rest, "amin"))[0]
        return Nearest(*decode(first)), next_distance

    def scatter(self, spacing: Tensor, jitter: float, per_side: int) -> tuple[Tensor, Tensor]:
        """Centres of a turned, jittered grid around the middle, `(N, per_side²)` each; `spacing` is `(N, 1, 1)`."""
        line = torch.arange(per_side) - (per_side - 1) / 2
        v, u = (plane.flatten()[None] for plane in torch.meshgrid(line, line, indexing="ij"))
        u = (u + self.uniform(-jitter, jitter, u.shape[1])) * spacing[:, 0]
        v = (v + self.uniform(-jitter, jitter, v.shape[1])) * spacing[:, 0]
        return turn(u, v, self.uniform(0, math.tau, 1))


def turn(x: Tensor, y: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates in a frame turned by `angle` radians: x along the new axis, y across it."""
    cos, sin = angle.cos(), angle.sin()
    return x * cos + y * sin, y * cos - x * sin


def circle(x: Tensor, y: Tensor, radius: Tensor | float) -> Tensor:
    """Signed distance to a circle around the origin."""
    return (x * x + y * y).sqrt() - radius


def ellipse(x: Tensor, y: Tensor, radius_x: Tensor | float, radius_y: Tensor | float) -> Tensor:
    """Signed distance to an ellipse around the origin; exact on its outline, approximate away from it."""
    value = ((x / radius_x) ** 2 + (y / radius_y) ** 2).sqrt()
    slope = ((x / radius_x**2) ** 2 + (y / radius_y**2) ** 2).sqrt() + 1e-4
    return value * (value - 1) / slope


def box(x: Tensor, y: Tensor, half_x: Tensor | float, half_y: Tensor | float) -> Tensor:
    """Distance to a box around the origin, measured along the axes (corners stay sharp)."""
    return torch.maximum(x.abs() - half_x, y.abs() - half_y)


def segment(x: Tensor, y: Tensor, start: tuple[Tensor, Tensor], end: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Distance to the line from `start` to `end`, and how far along it the nearest point lies, 0 to 1."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    x, y = x - start[0], y - start[1]
    share = ((x * along_x + y * along_y) / (along_x**2 + along_y**2 + 1e-9)).clamp(0, 1)
    return ((x - share * along_x) ** 2 + (y - share * along_y) ** 2).sqrt(), share


def mix(below: Tensor, above: Tensor, cover: Tensor) -> Tensor:
    """Lay the colour `above` (`(N, 3)` or `(N, 3, H, W)`) over `below` `(N, 3, H, W)` where `cover` `(N, H, W)` is 1."""
    above = above[..., None, None] if above.dim() == 2 else above
    return torch.lerp(below, above.expand_as(below), cover.unsqueeze(1).expand_as(below))


Painter = Callable[[Canvas], tuple[Tensor, Tensor]]


def paint(painters: dict[str, Painter], labels: Tensor, generator: Generator, size: int) -> tuple[Tensor, Tensor]:
    """Draw one picture a label, each class by its own painter.

        >>> images, masks = paint({"dot": dot, "bar": bar}, torch.tensor([0, 1, 1]), generator, size=64)

    A painter takes a `Canvas` and returns colours from 0 to 1, `(N, 3, H, W)`, and the share of each pixel that is
    evidence, `(N, H, W)`. Returned are uint8 `(N, 3, H, W)` and bool `(N, H, W)`. The pictures depend on the labels'
    order, the size and the generator's state, and on nothing else. Raises ValueError for a label without a class or a
    size below 16 pixels.
    """
    names = list(painters)
    if size < 16:
        raise ValueError(f"size must be at least 16 pixels, for the classes to be recognisable; you gave {size}.")
    if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < len(names):
        wrong = next(label for label in labels.tolist() if not 0 <= label < len(names))
        raise unknown("label", wrong, [f"{label} ({name})" for label, name in enumerate(names)], "The labels are")
    images = torch.empty(len(labels), 3, size, size, dtype=torch.uint8)
    masks = torch.empty(len(labels), size, size, dtype=torch.bool)
    for label, painter in enumerate(painters.values()):
        for index in (labels == label).nonzero()[:, 0].split(CHUNK):
            if len(index):
                colours, evidence = painter(Canvas(len(index), size, generator))
                images[index] = (colours.clamp(0, 1) * 255).round().to(torch.uint8)
                masks[index] = evidence > 0.5
    return images, masks


@lru_cache(maxsize=256)
def _spline(size: int, cells: int) -> Tensor:
    """How `cells` + 3 lattice values make `size` pixels: cubic B-spline weights, scaled to keep the spread near 1."""
    at = (torch.arange(size) + 0.5) / size * max(cells, 1)
    offset = (at[:, None] + 1 - torch.arange(max(cells, 1) + 3)).abs()  # (size, cells + 3)
    weights = torch.where(offset < 1, 2 / 3 - offset**2 + offset**3 / 2, (2 - offset).clamp(min=0) ** 3 / 6)
    return weights / (weights**2).sum(1).mean().sqrt()


@lru_cache(maxsize=256)
def _gaussian(size: int, sigma_pixels: float) -> Tensor:
    """A matrix that blurs `size` pixels along one axis; each row sums to 1."""
    at = torch.arange(size)
    weights = torch.exp(-((at[:, None] - at) ** 2) / (2 * max(sigma_pixels, 1e-3) ** 2))
    return weights / weights.sum(1, keepdim=True)
