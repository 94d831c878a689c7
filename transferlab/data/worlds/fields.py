"""A batch of blank pictures to draw on: coordinates, seeded numbers, smooth noise, soft edges, light and stamps.

The named targets (satellite, tissue, defects, thermal) share these. A picture is the square from -1 to 1, whatever its
size in pixels; x runs to the right, y downwards. Shapes are signed distances (negative inside), turned into soft edges
by `Canvas.cover`, as in Inigo Quilez, "2D distance functions". Many small shapes, such as cells or trees, are written
with `Canvas.stamp`, which only touches the pixels around each. Left out: perspective, supersampling, fonts.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from transferlab.errors import unknown

CHUNK = 32  # pictures drawn at once: fewer cost more in calls, more fall out of the cache of a processor
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
        # The same as one row and one column: shapes made of these cost half, as they are planes only at the end.
        self.across, self.down = line.view(1, 1, -1), line.view(1, -1, 1)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Numbers between `low` and `high`: one a picture, `(N, 1, 1)`, or `(N, *shape)`."""
        return torch.rand(self.count, *(shape or (1, 1)), generator=self.generator) * (high - low) + low

    def normal(self, *shape: int) -> Tensor:
        """Normal numbers: one a picture, `(N, 1, 1)`, or `(N, *shape)`."""
        return torch.randn(self.count, *(shape or (1, 1)), generator=self.generator)

    def chance(self, share: float, *shape: int) -> Tensor:
        """1.0 with probability `share`, else 0.0: one a picture, or `(N, *shape)`."""
        return (self.uniform(0, 1, *shape) < share).float()

    def choose(self, table: Sequence[tuple[float, ...]], *shape: int) -> Tensor:
        """Random rows of `table`: `(N, columns)`, or `(N, *shape, columns)`."""
        rows = torch.randint(len(table), (self.count, *shape), generator=self.generator)
        return torch.tensor(table)[rows]

    def noise(self, cells: float, cells_y: float | None = None, octaves: int = 1) -> Tensor:
        """Smooth noise, mean 0 and spread about 1, `(N, H, W)`: `cells` bumps across, each octave twice as fine."""
        finer = [2**octave for octave in range(octaves)]
        down = _splines(self.size, tuple(max(round((cells_y or cells) * times), 1) for times in finer))
        bands = [_splines(self.size, (max(round(cells * times), 1),)) for times in finer]
        tall = [max(round((cells_y or cells) * times), 1) + 3 for times in finer]
        rows = [self.normal(height, across.shape[1]) @ across.T for height, across in zip(tall, bands, strict=True)]
        return down.expand(self.count, -1, -1) @ torch.cat(rows, 1)  # (N, H, lattice) @ (N, lattice, W)

    def grain(self) -> Tensor:
        """Independent normal noise on every pixel, `(N, H, W)`, of 4096 strengths: half the price of `normal`."""
        pixels = self.count * self.size * self.size
        words = torch.empty(-(-pixels // 4), dtype=torch.int64).random_(-(2**63), None, generator=self.generator)
        level = (words.view(torch.int16)[:pixels] >> 4).int() + 2048
        return _normal_quantiles().index_select(0, level).view(self.count, self.size, self.size)

    def specks(self, share: float) -> Tensor:
        """1.0 on a `share` of the pixels, at random places, else 0.0: `(N, H, W)`."""
        places = self.uniform(0, self.size**2 - 0.5, max(round(share * self.size**2), 1)).long()
        return torch.zeros(self.count, self.size**2).scatter_(1, places, 1.0).view(self.count, self.size, self.size)

    def cover(self, distance: Tensor, soft: float = 0.0) -> Tensor:
        """The share of each pixel inside a signed distance, 0 to 1; `soft` widens the edge."""
        return (distance * (-1 / (self.pixel + soft))).add_(0.5).clamp_(0, 1)

    def blur(self, planes: Tensor, sigma: float) -> Tensor:
        """Gaussian blur of `(…, H, W)` by `sigma` (in picture units, where a picture is 2 wide), edges extended."""
        kernel = _gaussian(self.size, sigma / self.pixel)
        return kernel @ planes @ kernel.T

    def sample(self, plane: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """`plane` `(N, H, W)` read at other coordinates `(N, H, W)`, mirrored beyond its border."""
        grid = torch.empty(*plane.shape, 2)
        grid[..., 0], grid[..., 1] = x, y
        return F.grid_sample(plane[:, None], grid, padding_mode="reflection", align_corners=False)[:, 0]

    def light(self, height: Tensor, sun: Tensor, strength: float = 1.0) -> Tensor:
        """How much brighter (above 0) or darker each point of a `height` field `(N, H, W)` is than flat ground.

        `sun` `(N, 1, 1)` is the direction the light comes from, in radians from the x axis.
        """
        slope_x, slope_y = _difference(height, 2), _difference(height, 1)
        facing = (slope_x * (sun.cos() * (-strength / self.pixel))).addcmul_(
            slope_y, sun.sin() * (-strength / self.pixel)
        )
        steep = slope_x.mul_(slope_x).addcmul_(slope_y, slope_y).mul_((strength / self.pixel) ** 2)
        return facing.mul_(steep.add_(1).rsqrt_())

    def stamp(self, x: Tensor, y: Tensor, reach: float, shape: Callable[..., Tensor], *each: Tensor) -> Nearest:
        """Draw K small shapes a picture, centred at `x`, `y` `(N, K)`, and keep the nearest at each pixel.

            >>> canvas.stamp(x, y, 0.2, lambda dx, dy, radius: circle(dx, dy, radius), radius)  # radius: (N, K)

        `shape(dx, dy, *each)` gets the offsets from each centre and the values of `each` for it, all of shapes that
        broadcast to `(stamps, P, P)`, and returns signed distances. It is asked only within `reach` of a centre, and
        only for the stamps that can be seen. A shape that should be absent is placed far outside, at 9. Where no `each`
        is given, the shape is asked for all, with offsets that broadcast to `(N, K, P, P)`.
        """
        nearest, _ = self._stamp(x, y, reach, shape, each, second=False)
        return nearest

    def borders(
        self, x: Tensor, y: Tensor, reach: float, shape: Callable[..., Tensor], *each: Tensor
    ) -> tuple[Nearest, Tensor]:
        """As `stamp`, and also the second smallest distance `(N, H, W)`: cells border where both are alike (Worley)."""
        return self._stamp(x, y, reach, shape, each, second=True)

    def _stamp(
        self, x: Tensor, y: Tensor, reach: float, shape: Callable[..., Tensor], each: tuple[Tensor, ...], second: bool
    ) -> tuple[Nearest, Tensor]:
        side = 2 * math.ceil(reach / self.pixel) + 1
        wide = self.size + 2 * side  # stamps that stick out land in a margin
        seen = (
            torch.maximum(x.abs(), y.abs()) < 1 + reach + self.pixel if each else torch.ones_like(x, dtype=torch.bool)
        )
        picture, number = seen.nonzero(as_tuple=True)  # (M,)
        centre_x, centre_y = x[seen], y[seen]
        columns, rows = (
            ((centre + 1) / self.pixel - side / 2).round().clamp(-side, self.size).long()[:, None] + torch.arange(side)
            for centre in (centre_x, centre_y)
        )  # (M, P)
        dx = ((columns + 0.5) * self.pixel - 1 - centre_x[:, None])[:, None, :]
        dy = ((rows + 0.5) * self.pixel - 1 - centre_y[:, None])[:, :, None]
        if each:
            distance = shape(dx, dy, *(value.expand_as(x)[seen][:, None, None] for value in each))
        else:
            distance = (
                shape(dx.view(*x.shape, 1, side), dy.view(*x.shape, side, 1)).expand(*x.shape, side, side).flatten(0, 1)
            )
        # One integer holds both the distance and the stamp's number, so that one minimum finds the two of them.
        steps = distance.clamp(-FAR, FAR).add_(FAR).mul_(STEPS).int()
        key = steps.mul_(MOST_STAMPS).add_(number[:, None, None].int()).flatten()  # (M · P · P,)
        starts = (picture[:, None] * wide + rows + side) * wide + side
        index = (starts[:, :, None] + columns[:, None, :]).flatten()
        empty = 2**31 - MOST_STAMPS
        first = torch.full((self.count * wide * wide,), empty, dtype=torch.int32).scatter_reduce_(0, index, key, "amin")
        inner = slice(side, side + self.size)

        def decode(keys: Tensor) -> tuple[Tensor, Tensor]:
            keys = keys.view(self.count, wide, wide)[:, inner, inner]
            return (keys >> 9).float().div_(STEPS).sub_(FAR), (keys & (MOST_STAMPS - 1)).long()

        next_distance = torch.zeros(())
        if second:
            rest = key.masked_fill(first[index] == key, empty)
            next_distance = decode(torch.full_like(first, empty).scatter_reduce_(0, index, rest, "amin"))[0]
        return Nearest(*decode(first)), next_distance

    def pavement(
        self,
        column: Tensor,
        row: Tensor,
        x: Tensor,
        y: Tensor,
        per_row: int,
        squared: Callable[..., Tensor],
        *each: Tensor,
    ) -> tuple[Nearest, Tensor]:
        """As `borders` with K centres that stand in rows of `per_row`: only the 3 × 3 around each pixel are asked.

        `column` and `row` `(N, H, W)` say where in the lattice a pixel lies, in whole places from the first centre.
        `squared(dx, dy, *each)` returns squared distances. Centres may stray up to a third of a place.
        """
        columns = column.round().clamp_(1, per_row - 2)
        home = row.round().clamp_(1, x.shape[1] // per_row - 2).mul_(per_row).add_(columns).int()  # (N, H, W)
        offset = torch.arange(self.count, dtype=torch.int32).mul_(x.shape[1]).view(-1, 1, 1)
        tables = [table.expand_as(x).flatten() for table in (x, y, *each)]
        first, second = torch.full_like(home, 2**31 - 1), torch.full_like(home, 2**31 - 1)
        for step in [down * per_row + across for down in (-1, 0, 1) for across in (-1, 0, 1)]:
            number = home + step
            index = (number + offset).flatten()
            at_x, at_y, *values = (table.index_select(0, index).view(home.shape) for table in tables)
            distance = squared(self.across - at_x, self.down - at_y, *values)
            key = distance.mul_(STEPS).clamp_(max=2**22 - 2).int().mul_(MOST_STAMPS).add_(number)
            second = torch.minimum(second, torch.maximum(first, key))
            first = torch.minimum(first, key)
        nearest, following = ((key >> 9).float().div_(STEPS).sqrt_() for key in (first, second))
        return Nearest(nearest, (first & (MOST_STAMPS - 1)).long()), following

    def scatter(self, spacing: Tensor, jitter: float, per_side: int) -> tuple[Tensor, Tensor]:
        """Centres of a turned, jittered grid around the middle, `(N, per_side²)` each; `spacing` is `(N, 1, 1)`."""
        x, y, _ = self._scatter(spacing, jitter, per_side)
        return x, y

    def _scatter(self, spacing: Tensor, jitter: float, per_side: int) -> tuple[Tensor, Tensor, Tensor]:
        line = torch.arange(per_side) - (per_side - 1) / 2
        v, u = (plane.flatten()[None] for plane in torch.meshgrid(line, line, indexing="ij"))
        u = (u + self.uniform(-jitter, jitter, u.shape[1])) * spacing[:, 0]
        v = (v + self.uniform(-jitter, jitter, v.shape[1])) * spacing[:, 0]
        angle = self.uniform(0, math.tau, 1)
        return *turn(u, v, angle), angle

    def cells(self, spacing: Tensor, jitter: float, per_side: int) -> tuple[Tensor, Tensor, Nearest, Tensor]:
        """The centres of `scatter`, the nearest of them at each pixel, and the distance of the second (Worley)."""
        x, y, angle = self._scatter(spacing, jitter, per_side)
        u, v = turn(self.across, self.down, -angle[..., None])
        middle = (per_side - 1) / 2
        u, v = u / spacing + middle, v / spacing + middle
        return x, y, *self.pavement(u, v, x, y, per_side, lambda dx, dy: (dx * dx).addcmul_(dy, dy))


def turn(x: Tensor, y: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates in a frame turned by `angle` radians: x along the new axis, y across it."""
    cos, sin = angle.cos(), angle.sin()
    return x * cos + y * sin, y * cos - x * sin


def circle(x: Tensor, y: Tensor, radius: Tensor | float) -> Tensor:
    """Signed distance to a circle around the origin."""
    return (x * x + y * y).sqrt_() - radius


def ellipse(x: Tensor, y: Tensor, radius_x: Tensor | float, radius_y: Tensor | float) -> Tensor:
    """Signed distance to an ellipse around the origin; exact on its outline, approximate away from it."""
    a, b = x / radius_x, y / radius_y
    value = (a * a + b * b).sqrt_()
    slope = (a.div_(radius_x).square_() + b.div_(radius_y).square_()).sqrt_().add_(1e-4)
    return (value - 1).mul_(value).div_(slope)


def box(x: Tensor, y: Tensor, half_x: Tensor | float, half_y: Tensor | float) -> Tensor:
    """Distance to a box around the origin, measured along the axes (corners stay sharp)."""
    return torch.maximum(x.abs() - half_x, y.abs() - half_y)


def segment(x: Tensor, y: Tensor, start: tuple[Tensor, Tensor], end: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Distance to the line from `start` to `end`, and how far along it the nearest point lies, 0 to 1."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    x, y = x - start[0], y - start[1]
    share = (x * along_x + y * along_y).mul_(1 / (along_x**2 + along_y**2 + 1e-9)).clamp_(0, 1)
    away = (x - share * along_x).square_() + (y - share * along_y).square_()
    return away.sqrt_(), share


def mix(below: Tensor, above: Tensor, cover: Tensor) -> Tensor:
    """Lay the colour `above`, `(N, 3)` or `(N, 3, H, W)`, over `below` `(N, 3, H, W)` by `cover` `(N, H, W)`."""
    above = above[..., None, None] if above.dim() == 2 else above
    return torch.lerp(below, above.expand_as(below), cover.unsqueeze(1).expand_as(below))


Painter = Callable[[Canvas], tuple[Tensor, Tensor]]


def paint(painters: Mapping[str, Painter], labels: Tensor, generator: Generator, size: int) -> tuple[Tensor, Tensor]:
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
                images.index_copy_(0, index, (colours * 255).add_(0.5).clamp_(0, 255).int().to(torch.uint8))
                masks.index_copy_(0, index, evidence > 0.5)
    return images, masks


def _difference(plane: Tensor, dim: int) -> Tensor:
    """How much `plane` grows from pixel to pixel along `dim`; one-sided at the border."""
    out = torch.empty_like(plane)
    last = plane.shape[dim] - 1
    before, after = plane.narrow(dim, 0, last - 1), plane.narrow(dim, 2, last - 1)
    torch.sub(after, before, out=out.narrow(dim, 1, last - 1)).mul_(0.5)
    torch.sub(plane.narrow(dim, 1, 1), plane.narrow(dim, 0, 1), out=out.narrow(dim, 0, 1))
    torch.sub(plane.narrow(dim, last, 1), plane.narrow(dim, last - 1, 1), out=out.narrow(dim, last, 1))
    return out


@lru_cache(maxsize=1)
def _normal_quantiles() -> Tensor:
    """4096 equally likely values of a normal number."""
    return torch.special.ndtri((torch.arange(4096, dtype=torch.float64) + 0.5) / 4096).float()


@lru_cache(maxsize=256)
def _splines(size: int, octaves: tuple[int, ...]) -> Tensor:
    """How lattice values make `size` pixels, `(size, sum of cells + 3)`: cubic B-splines scaled to a spread near 1.

    One band of columns for each of the `octaves`, which are numbers of cells; each weighs half as much as that before
    it.
    """
    bands, energy = [], 0.0
    for octave, cells in enumerate(octaves):
        at = (torch.arange(size) + 0.5) / size * cells
        offset = (at[:, None] + 1 - torch.arange(cells + 3)).abs()  # (size, cells + 3)
        weights = torch.where(offset < 1, 2 / 3 - offset**2 + offset**3 / 2, (2 - offset).clamp(min=0) ** 3 / 6)
        bands.append(weights / (weights**2).sum(1).mean().sqrt() / 2**octave)
        energy += 1 / 4**octave
    return torch.cat(bands, 1) / energy**0.5


@lru_cache(maxsize=256)
def _gaussian(size: int, sigma_pixels: float) -> Tensor:
    """A matrix that blurs `size` pixels along one axis; each row sums to 1."""
    at = torch.arange(size)
    weights = torch.exp(-((at[:, None] - at) ** 2) / (2 * max(sigma_pixels, 1e-3) ** 2))
    return weights / weights.sum(1, keepdim=True)
