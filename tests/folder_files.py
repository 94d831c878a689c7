"""Small pictures in folders, as users have them."""

import numpy as np
from PIL import Image

SIZE = 8


def picture(seed):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8))


def insects(part="", first=0, ants=3, bees=3):
    files = {f"{part}ants/{i}.png": first + i for i in range(ants)}
    return {**files, **{f"{part}bees/{i}.png": first + 50 + i for i in range(bees)}}
