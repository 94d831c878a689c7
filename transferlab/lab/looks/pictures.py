"""Tensors as small PNG pictures: fast, off any thread, and without matplotlib, which only one thread may use.

    png(coloured(heat, BRIGHT))
    png(overlay(photo, values))

The colours are those of the figures in `plots/maps.py`. A picture is as small as what it shows; the page enlarges it.
Left out: titles and scales, which the page writes as text.
"""

from io import BytesIO

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

# matplotlib's "inferno" and "PuOr_r" at equal steps; in between they are so smooth that straight lines do.
BRIGHT = (
    "000004", "0b0724", "210c4a", "3d0965", "57106e", "71196e", "8a226a", "a32c61", "bc3754", "d24644", "e45a31",
    "f1731d", "f98e09", "fcac11", "f9cb35", "f2ea69", "fcffa4",
)  # fmt: skip
SIGNED = (
    "2d004b", "532687", "8073ac", "b1aad1", "d8daeb", "f7f7f6", "fee0b6", "fcb761", "e08214", "b25706", "7f3b08",
)  # fmt: skip
FULL = 0.99  # quantile of a map's strengths that gets the full colour, so that one pixel does not darken the rest
LARGEST = 128  # pixels a side of a picture with a map over it: twice what it is shown at in a narrow panel


def png(pixels: Tensor) -> bytes:
    """A picture `(3, H, W)`, uint8, as a PNG file.

    >>> png(images.images[0])[1:4]
    b'PNG'
    """
    buffer = BytesIO()
    picture = Image.fromarray(pixels.permute(1, 2, 0).contiguous().cpu().numpy())
    picture.save(buffer, "PNG", compress_level=4)  # more takes longer than it saves on pictures of some kilobytes
    return buffer.getvalue()


def coloured(values: Tensor, colours: tuple[str, ...]) -> Tensor:
    """Values `(H, W)` within 0…1 in a colour map, uint8 `(3, H, W)`; what lies outside gets the nearer end.

    >>> coloured(torch.tensor([[0.0, 1.0]]), BRIGHT)[:, 0, 1]
    tensor([252, 255, 164], dtype=torch.uint8)
    """
    table = torch.tensor([[int(colour[i : i + 2], 16) for i in (0, 2, 4)] for colour in colours], dtype=torch.float32)
    place = values.float().nan_to_num().clamp(0, 1) * (len(colours) - 1)
    low = place.floor().long().clamp_max(len(colours) - 2)
    mixed = torch.lerp(table[low], table[low + 1], (place - low)[..., None])  # (H, W, 3)
    return mixed.round().to(torch.uint8).permute(2, 0, 1)


def overlay(image: Tensor, values: Tensor, signed: bool = False) -> Tensor:
    """A map `(H, W)` over its picture `(3, H, W)`, uint8: the picture in grey, the map in colour where it is strong.

        >>> overlay(data.images[0], explained.maps[0]).shape
        torch.Size([3, 64, 64])

    Maps with both signs are orange where they speak for the class and purple where against it; others go from clear to
    yellow. A picture above 128 pixels a side is made smaller. A map of zeros leaves the picture grey.
    """
    pixels, heat = _smaller(image.float()).div(255), _smaller(values.float()[None])[0].nan_to_num()
    grey = (pixels.mean(0).clamp(0, 1) + 0.3) / 1.45  # neither black nor white: the colours need room on both sides
    strongest = torch.quantile(heat.abs().flatten(), FULL).item() or heat.abs().max().item() or 1.0
    strength = (heat / strongest).clamp(-1, 1)
    colour = coloured((strength + 1) / 2, SIGNED) if signed else coloured(strength, BRIGHT)
    seen = strength.abs() ** 0.7 * 0.85
    return ((1 - seen) * grey * 255 + seen * colour.float()).round().clamp(0, 255).to(torch.uint8)


def small(image: Tensor) -> Tensor:
    """A picture `(3, H, W)`, uint8, at most 128 pixels a side.

    >>> small(photo).shape
    torch.Size([3, 128, 128])
    """
    return _smaller(image.float()).round().clamp(0, 255).to(torch.uint8)


def sheet(maps: Tensor, columns: int, gap: int = 1, ground: int = 255) -> Tensor:
    """Pictures `(N, 3, h, w)` in rows, uint8 `(3, height, width)`, with `gap` pixels of grey `ground` between them.

    >>> sheet(maps, columns=4).shape
    torch.Size([3, 35, 35])
    """
    count, _, height, width = maps.shape
    rows = -(-count // columns)
    whole = torch.full((3, rows * (height + gap) - gap, columns * (width + gap) - gap), ground, dtype=torch.uint8)
    for i, one in enumerate(maps):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        whole[:, top : top + height, left : left + width] = one
    return whole


def _smaller(x: Tensor) -> Tensor:
    """At most `LARGEST` pixels a side, (C, H, W) floats."""
    height, width = x.shape[-2:]
    if max(height, width) <= LARGEST:
        return x
    size = max(1, round(height * LARGEST / max(height, width))), max(1, round(width * LARGEST / max(height, width)))
    return F.interpolate(x[None], size, mode="bilinear", antialias=True)[0]
