"""Many small pictures in one: the sprite sheet of a page of images, as a PNG that a page cuts up again.

    png = contact_sheet(data.train.images[:40])

One picture of forty travels and unpacks much faster than forty pictures. Left out: names and frames, which the page
draws.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from transferlab.lab.looks import pictures

COLUMNS = 8
SIDE = 64  # pixels of a tile, which the page shows at about that size
GROUND = 128  # grey beside pictures that are not square


def contact_sheet(images: Tensor, columns: int = COLUMNS, side: int = SIDE) -> bytes:
    """Pictures `(N, 3, H, W)`, uint8, as tiles of at most `side` pixels in rows of `columns`, in one PNG.

        >>> contact_sheet(data.train.images[:40])[1:4]
        b'PNG'

    Raises:
        ValueError: no picture at all.
    """
    if len(images) == 0:
        raise ValueError("There is no picture to show.")
    return pictures.png(pictures.sheet(tiles(images, side), columns, gap=0))


def tiles(images: Tensor, side: int = SIDE) -> Tensor:
    """Pictures as squares `(N, 3, s, s)`, uint8, where s is their longer side, at most `side`; nothing is cut off.

    >>> tiles(torch.zeros(2, 3, 100, 200, dtype=torch.uint8)).shape
    torch.Size([2, 3, 64, 64])
    """
    height, width = images.shape[-2:]
    longer = max(height, width)
    if longer > side:
        size = max(1, round(height * side / longer)), max(1, round(width * side / longer))
        small = F.interpolate(images.float(), size, mode="bilinear", antialias=True)
        images = small.round().clamp(0, 255).to(torch.uint8)
        height, width = size
    longer = max(height, width)
    if height == width:
        return images
    square = torch.full((len(images), 3, longer, longer), GROUND, dtype=torch.uint8)
    top, left = (longer - height) // 2, (longer - width) // 2
    square[:, :, top : top + height, left : left + width] = images
    return square
