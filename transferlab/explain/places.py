"""Where each stage still knows places: the layer to look at, and its output as maps `(B, C, h, w)`.

Convolutional networks give `(B, C, h, w)`, Swin `(B, h, w, C)`, a ViT a row of tokens `(B, prefix + h·w, C)` whose
first ones are no places. A `Tap` is put around the layer in a working copy and shows the same thing for all of them.
Which of these layouts it is, is told from the shape of the picture, since no library says it for every model. Left out:
layers with several outputs.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from transferlab.explain.working_copy import put
from transferlab.stages import Stages

MOST_PREFIX_TOKENS = 8  # class, distillation and register tokens


@dataclass(frozen=True)
class Layout:
    """How a layer's output holds its places: 'channels first', 'channels last' or 'tokens', and the grid `h × w`."""

    order: str
    height: int
    width: int
    prefix: int = 0

    def split(self, output: Tensor) -> tuple[Tensor | None, Tensor]:
        """The tokens that are no places (or None), and the maps `(B, C, h, w)`."""
        if self.order == "channels last":
            return None, output.permute(0, 3, 1, 2)
        if self.order == "tokens":
            places = output[:, self.prefix :].transpose(1, 2)  # (B, C, h·w)
            return output[:, : self.prefix], places.reshape(*places.shape[:2], self.height, self.width)
        return None, output

    def join(self, prefix: Tensor | None, maps: Tensor) -> Tensor:
        """The output again, from its parts."""
        if self.order == "channels last":
            return maps.permute(0, 2, 3, 1)
        if self.order == "tokens":
            assert prefix is not None
            return torch.cat([prefix, maps.flatten(2).transpose(1, 2)], dim=1)
        return maps


def layout_of(output: object, layer: nn.Module, size: tuple[int, int]) -> Layout | None:
    """How an output for pictures of `size` (height, width) holds its places; None where it holds none.

    >>> layout_of(torch.zeros(1, 197, 192), block, (224, 224))
    Layout(order='tokens', height=14, width=14, prefix=1)
    """
    if not isinstance(output, Tensor) or not output.is_floating_point():
        return None
    ratio = size[0] / size[1]
    if output.ndim == 4:
        _, one, two, three = output.shape
        first, last = _fits(two, three, ratio), _fits(one, two, ratio)
        if first and last:  # as many channels as rows: only the layer itself can tell
            last = _normalises_last(layer, three)
        if last:
            return Layout("channels last", one, two) if one * two > 1 else None
        return Layout("channels first", two, three) if two * three > 1 else None
    if output.ndim == 3:
        for prefix in range(MOST_PREFIX_TOKENS + 1):
            places = output.shape[1] - prefix
            height = round((places * ratio) ** 0.5) if places > 1 else 0
            if height and places % height == 0 and _fits(height, places // height, ratio):
                return Layout("tokens", height, places // height, prefix)
    return None


def _fits(height: int, width: int, ratio: float) -> bool:
    """Whether a grid has the picture's shape, as far as rounding to whole places allows."""
    return (height - 1) / (width + 1) < ratio < (height + 1) / max(width - 1, 0.5) and (
        abs(height - ratio * width) <= max(1.0, ratio)
    )


def _normalises_last(layer: nn.Module, channels: int) -> bool:
    norms = [m for m in layer.modules() if isinstance(m, nn.LayerNorm) and m.normalized_shape == (channels,)]
    return bool(norms) and not any(isinstance(m, nn.Conv2d) for m in layer.modules())


@dataclass(frozen=True)
class Site:
    """Where a stage is looked at: the dotted name of its last layer that knows places, and how it holds them."""

    stage: str
    layer: str
    layout: Layout


class Tap(nn.Module):
    """A layer with a place to listen behind it: `tap` sees maps `(B, C, h, w)`, the network what it always saw.

    >>> Tap(nn.Conv2d(3, 8, 3), Layout("channels first", 30, 30)).tap
    Identity()
    """

    def __init__(self, layer: nn.Module, layout: Layout) -> None:
        super().__init__()
        self.layer, self.layout, self.tap = layer, layout, nn.Identity()
        self.only: int | None = None  # the one channel that lets gradients through; None: all do
        self.training = False

    def forward(self, *inputs: Any, **named: Any) -> Tensor:
        prefix, maps = self.layout.split(self.layer(*inputs, **named))
        maps = self.tap(maps)
        if self.only is not None:
            chosen = torch.arange(maps.shape[1], device=maps.device)[:, None, None] == self.only
            maps = torch.where(chosen, maps, maps.detach())
            prefix = prefix.detach() if prefix is not None else None
        # Cloned, since what comes next may work in place on it, as DenseNet's last ReLU does.
        return self.layout.join(prefix, maps).clone()

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("layer"), name)  # what the network asks the layer for


def tap_in(inside: nn.Module, site: Site) -> Tap:
    """Put a tap behind the layer of a site, in a working copy."""
    layer = inside.get_submodule(site.layer)
    tapped = Tap(layer, site.layout)
    put(inside, layer, tapped)
    return tapped


class Recording:
    """While a working copy runs once: what each stage's layers gave, and how often each module was called.

    >>> with Recording(inside, found) as recording:
    ...     logits = inside(x)
    """

    def __init__(self, inside: nn.Module, found: Stages) -> None:
        self.inside = inside
        self.stage_of = {name: stage.name for stage in found for name in stage.modules if not stage.is_head}
        self.calls: Counter[str] = Counter()
        self.all: list[tuple[str, str, Any]] = []
        self.handles: list[Any] = []

    def __enter__(self) -> "Recording":
        def note(name: str) -> Any:
            def hook(module: nn.Module, inputs: Any, output: Any) -> None:
                self.calls[name] += 1
                if name in self.stage_of:
                    self.all.append((self.stage_of[name], name, output))

            return hook

        for name, module in self.inside.named_modules():
            self.handles.append(module.register_forward_hook(note(name)))
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self.handles:
            handle.remove()

    def sites(self, size: tuple[int, int]) -> dict[str, tuple[Site, Tensor]]:
        """For each stage that knows places, its last layer that does, and what came out there."""
        found: dict[str, tuple[Site, Tensor]] = {}
        for stage, name, output in self.all:
            layout = layout_of(output, self.inside.get_submodule(name), size)
            if layout is not None and self.calls[name] == 1:
                found[stage] = (Site(stage, name, layout), output)
        return found


def check_has_places(found: Stages, stage: str, with_places: Iterable[str]) -> None:
    """Say why a stage cannot be looked at, if it is none of those `with_places`.

    Raises:
        ValueError: the stage is the head, or gives no map.
    """
    names = tuple(with_places)
    if stage not in names:
        why = "it is the head" if stage == found.head.name else "its output is no map"
        raise ValueError(
            f"'{stage}' has no places to show: {why}. Stages with places are: {', '.join(names) or 'none'}."
        )


def reached(sites: dict[str, tuple[Site, Tensor]], logits: Tensor) -> dict[str, bool]:
    """Whether the places of each stage have a say in the highest score; a class token may be all that is read."""
    names = list(sites)
    gradients: Sequence[Tensor | None] = torch.autograd.grad(
        logits.max(1).values.sum(), [sites[name][1] for name in names], retain_graph=True, allow_unused=True
    )
    says = {}
    for name, gradient in zip(names, gradients, strict=True):
        says[name] = gradient is not None and bool(sites[name][0].layout.split(gradient)[1].abs().max() > 0)
    return says
