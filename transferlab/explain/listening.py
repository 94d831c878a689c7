"""Listen to one stage of a network: its channel maps `(B, C, h, w)`, whatever the architecture.

    maps, logits = Listening(model, "layer2", pixels)(pixels)

It is done in a copy (`working_copy.py`), behind the stage's last layer that knows places (`places.py`), so that the
student's model never has a hook. Left out: several stages at once; see `stages.taps` for models that can be traced.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from transferlab.explain.places import Recording, check_has_places, tap_in
from transferlab.explain.requests import as_input, first_answer
from transferlab.explain.working_copy import working_copy
from transferlab.out_of_memory import in_parts
from transferlab.randomness import OwnRandomness
from transferlab.stages import stages

BATCH = 100  # images at once: the widest maps of a ResNet-50 are then 320 MB


class Listening:
    """A working copy of a model that tells what comes out of one stage: maps `(B, C, h, w)`, and the logits.

        >>> maps, logits = Listening(model, "layer2", pixels)(pixels[:8])

    `pixels` `(N, 3, H, W)` show the size of the pictures. `grid` is the stage's `(h, w)`.

    Raises:
        ValueError: no such stage, one without places, or images that the model does not take.
    """

    def __init__(self, model: nn.Module, stage: str | int, pixels: Tensor) -> None:
        found = stages(model)
        self.stage = found[found.index(stage)].name
        self.model, self.inside = model, working_copy(model)
        with Recording(self.inside, found) as recording, torch.no_grad(), OwnRandomness(0, str(self.device)):
            first_answer(model, self.inside, as_input(model, pixels[:1]))
        sites = recording.sites((pixels.shape[2], pixels.shape[3]))
        check_has_places(found, self.stage, sites)
        site, output = sites[self.stage]
        self.grid = site.layout.height, site.layout.width
        self.num_channels = site.layout.split(output)[1].shape[1]
        self.heard: Tensor | None = None
        tap_in(self.inside, site).tap.register_forward_hook(self._hear)  # in the copy, which goes with this object

    def __call__(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        return self.answer(as_input(self.model, pixels))

    def answer(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The same for images that are normalised and on the device already; gradients flow."""
        with OwnRandomness(0, str(self.device)):  # whatever is random in a forward is the same each time
            logits = first_answer(self.model, self.inside, x)
        assert self.heard is not None
        maps, self.heard = self.heard, None
        return maps, logits

    def over(self, pixels: Tensor, batch_size: int = BATCH) -> Iterator[Tensor]:
        """The maps of all pixels, some images at a time, without gradients."""
        for rows in torch.arange(len(pixels)).split(batch_size):
            with torch.no_grad():
                yield from in_parts(lambda part: self(pixels[part])[0], rows, batch_size, str(self.device))

    @property
    def device(self) -> torch.device:
        return next(self.inside.parameters()).device

    def _hear(self, module: nn.Module, inputs: object, output: Tensor) -> None:
        self.heard = output


def check_channel(channel: object, stage: str, count: int) -> int:
    """A channel's number, or the sentence that says which there are.

    Raises:
        ValueError: there is no such channel.
    """
    if isinstance(channel, bool) or not isinstance(channel, int) or not 0 <= channel < count:
        raise ValueError(f"No channel {channel!r}: '{stage}' has {count}, numbered 0 to {count - 1}.")
    return channel


def listed(numbers: tuple[int, ...]) -> str:
    """The first ten of some numbers, and how many more there are."""
    more = f", … {len(numbers) - 10} more" if len(numbers) > 10 else ""
    return ", ".join(map(str, numbers[:10])) + more
