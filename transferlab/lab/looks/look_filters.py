"""A look at the first layer's filters, or at what a deeper stage makes of one image.

    FilterLook(start)(model).pictures["now"]                            # PNG of the kernels
    FilterLook(start, data.held_out, stage="layer2")(model)             # activation maps of an image

Filters of a fine-tuned network hardly look different from the pretrained ones, so what changed is drawn as a picture of
its own, enlarged by a factor that is said. Left out: what excites a deeper channel most, which takes too long to follow
training with (see `explain/exciting.py`).
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from transferlab.data.images import ImageSet
from transferlab.explain.activations import channel_maps
from transferlab.explain.filters import GREY, filter_grid, first_kernels, first_layer
from transferlab.lab.looks.look import some_images
from transferlab.lab.looks.pictures import BRIGHT, SIGNED, coloured, png, sheet, small
from transferlab.lab.previews import Frame

MOST_FILTERS = 64  # more are too small to be seen
MAPS = 16  # channels of a deeper stage, those that answer most before training
FACTORS = tuple(digit * 10**power for power in range(7) for digit in (1, 2, 5))  # by which a change is enlarged


class FilterLook:
    """Filters where `stage` is None, else the maps of 16 channels of that stage for one held-out image.

        >>> frame = FilterLook(load("bundled"))(model)
        >>> frame.facts["moved"], frame.facts["factor"]
        (0.013, 50)

    Pictures: "now", and "change" from the start, enlarged by `factor`; in `before()` "now" and, where an image is
    looked at, "image". `moved` is ‖w − w₀‖ / ‖w₀‖ of all that is shown. A filter is drawn between its own largest
    weights, a map against the largest value of its channel before training, so that brighter means stronger than then.

    Raises:
        ValueError: a stage without images to look at.
    """

    def __init__(
        self, start: nn.Module, images: ImageSet | None = None, stage: str | None = None, turn: int = 0
    ) -> None:
        if stage is not None and images is None:
            raise ValueError(f"What '{stage}' makes of an image needs an image: give data.held_out.")
        self.start = start
        self.asked: Mapping[str, Any] = {"stage": stage, "turn": turn if stage is not None else 0}
        self.stage = stage
        self._image: Tensor | None = None
        self._of = ""
        if images is not None and stage is not None:
            chosen = images.subset(some_images(images, 1, turn))
            self._image, self._of = chosen.images[0], images.class_names[int(chosen.labels[0])]
        self._was: Tensor | None = None  # kernels (K, 3, h, w) or maps (K, h, w) before training
        self._channels: Tensor | None = None

    def __call__(self, model: nn.Module) -> Frame:
        was, now = self._before(), self._shown(model)
        change = now - was
        size = was.square().sum().sqrt().item()
        moved = change.square().sum().sqrt().item() / size if size else 0.0
        by_one = change.flatten(1).norm(dim=1) / was.flatten(1).norm(dim=1).clamp_min(1e-12)
        largest = (change.abs() / _largest(was)).max().item()
        factor = max((one for one in FACTORS if one * largest <= 1), default=1) if largest > 0 else None
        facts = {
            **self._facts(),
            "moved": moved,
            "most": int(self._channels[by_one.argmax()]) if self._channels is not None else int(by_one.argmax()),
            "factor": factor,
        }
        return Frame({"now": png(self._drawn(now)), "change": png(self._drawn_change(change, factor or 1))}, facts)

    def before(self) -> Frame:
        """The filters or maps before training, and the image that is looked at."""
        pictures = {"now": png(self._drawn(self._before()))}
        if self._image is not None:
            pictures["image"] = png(small(self._image))
        return Frame(pictures, self._facts())

    def _facts(self) -> dict[str, Any]:
        channels = self._channels.tolist() if self._channels is not None else list(range(len(self._before())))
        layer = self.stage or first_layer(self.start)[0]
        return {"asked": dict(self.asked), "layer": layer, "of": self._of, "channels": channels}

    def _before(self) -> Tensor:
        if self._was is None:
            if self._image is not None:
                maps = self._maps(self.start)
                self._channels = maps.abs().flatten(1).amax(1).argsort(descending=True, stable=True)[:MAPS]
                self._was = maps[self._channels]
            else:
                self._was = self._shown(self.start)
        return self._was

    def _shown(self, model: nn.Module) -> Tensor:
        if self._image is None:
            return first_kernels(model)[:MOST_FILTERS]
        assert self._channels is not None
        return self._maps(model)[self._channels]

    def _maps(self, model: nn.Module) -> Tensor:
        assert self._image is not None
        assert self.stage is not None
        return channel_maps(model, self._image, self.stage)

    def _drawn(self, values: Tensor) -> Tensor:
        if self._image is None:
            return filter_grid(values, scale=1)
        scaled = values / _largest(self._before())
        return sheet(torch.stack([coloured(one, BRIGHT) for one in scaled]), columns=4, ground=128)

    def _drawn_change(self, change: Tensor, factor: int) -> Tensor:
        scaled = (change / _largest(self._before()) * factor).clamp(-1, 1)
        if self._image is not None:
            return sheet(torch.stack([coloured((one + 1) / 2, SIGNED) for one in scaled]), columns=4, ground=128)
        grid = filter_grid(self._before(), scale=1)  # for its places: a kernel's change is drawn where the kernel is
        return _in_the_places_of(grid, scaled)


def _largest(was: Tensor) -> Tensor:
    """The largest absolute value of each kernel or map, in a shape that divides it."""
    shape = (-1, *(1 for _ in was.shape[1:]))
    return was.abs().flatten(1).amax(1).clamp_min(1e-12).reshape(shape)


def _in_the_places_of(grid: Tensor, scaled: Tensor) -> Tensor:
    """Changes `(K, 3, h, w)` within -1…1 around grey, laid out as `filter_grid` did."""
    count, _, height, width = scaled.shape
    columns = (grid.shape[2] - 1) // (width + 1)
    pixels = (scaled * GREY + GREY).round().to(torch.uint8)
    framed = torch.full_like(grid, 255)
    inner = sheet(pixels, columns)
    framed[:, 1 : 1 + inner.shape[1], 1 : 1 + inner.shape[2]] = inner
    assert count <= columns * ((grid.shape[1] - 1) // (height + 1))
    return framed
