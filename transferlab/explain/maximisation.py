"""Activation maximisation: a picture made for a channel or a class, by gradient ascent on its pixels.

    maximise(load("bundled"), "layer3", 7).images           # uint8 (1, 3, 64, 64)

Erhan et al., "Visualizing Higher-Layer Features of a Deep Network" (2009); the regularisers are those of Olah,
Mordvintsev & Schubert, "Feature Visualization" (2017). The picture is held as waves, low ones stepping further than
high ones, in colours that vary independently; it is shifted at random before each step, so that nothing hangs on a
single pixel; and its total variation is held down. Without them the picture is noise that excites as well: an
adversarial example. What comes out is what the channel likes best, not what it sees in photographs (see `exciting.py`).
Left out: scaling and turning, and priors that are networks themselves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from transferlab.backbones.card import card_of
from transferlab.backbones.preprocessing import normalise
from transferlab.explain.listening import Listening, check_channel
from transferlab.explain.requests import class_names, targets_of
from transferlab.stages import stages

LR = 0.05  # of Adam on the waves, as in Olah et al.
JITTER = 0.06  # of the side, 4 of 64 pixels: more than a first kernel's stripe is wide
VARIATION = 0.3  # of the loss at the start: what a picture of pure noise would pay, in activations
START = 0.01  # of the waves: a faint cloud, from which every picture can still come, as in Olah et al.
STARTS = 16  # noises to begin with, of which a channel takes the loudest: one that is silent has no gradient of its own
# Square root of the covariance of colours in photographs (ImageNet), from Olah et al.: light and dark vary most.
COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))


@dataclass(frozen=True, eq=False)
class Maximised:
    """Pictures made for channels of a stage (or classes, at the head), with what they excite.

        >>> maximise(model, "layer3", [7, 8])
        2 pictures for channels of 'layer3' after 64 steps: 7 from 0.11 to 2.31, 8 from 0.09 to 1.87

    `images` is uint8 `(N, 3, H, W)`. `before` and `after` `(N,)` are the mean of the channel's map (the class's score
    at the head), for the noise at the start and for `images` as they are. `silent` are those for which no
    gradient was found at all: the picture is the noise it began with.
    """

    stage: str
    channels: tuple[int, ...]
    names: tuple[str, ...]
    images: Tensor
    before: Tensor
    after: Tensor
    steps: int
    silent: tuple[int, ...] = ()

    def __str__(self) -> str:
        many = f"{len(self.images)} picture{'s' if len(self.images) > 1 else ''}"
        risen = ", ".join(
            f"{name} from {one:.2f} to {other:.2f}"
            for name, one, other in zip(self.names, self.before.tolist(), self.after.tolist(), strict=True)
        )
        text = f"{many} for channels of '{self.stage}' after {self.steps} steps: {risen}"
        if self.silent:
            text += f"\nNo gradient leads to {', '.join(map(str, self.silent))}: nothing to climb."
        return text

    __repr__ = __str__


def maximise(
    model: nn.Module,
    stage: str | int,
    channel: int | str | Sequence[int | str],
    *,
    steps: int = 64,
    size: int | None = None,
    seed: int = 0,
    progress: bool = True,
    stop: Callable[[], bool] | None = None,
) -> Maximised:
    """Pictures that excite channels of a stage, or classes, as much as can be; all of them are made together.

        >>> maximise(load("bundled"), "layer3", [7, 8])
        >>> maximise(load("bundled"), "fc", "disc", progress=False)

    At the head `channel` is a class, by number or name. `size` is the side in pixels (the card's, or 64). `stop` is
    asked before each step, and what there is by then comes back. The same seed gives the same pictures on one machine.
    The model stays as it is.

    Raises:
        ValueError: no such stage, channel or class, a stage without places, or steps and sizes that are none.
    """
    card = card_of(model)
    size = size if size is not None else card.input_size if card else 64
    for name, value, least in (("steps", steps, 0), ("size", size, 8)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} is a whole number, {least} or more; you gave {value!r}.")
    found = stages(model)
    climb = _Climb(model, found[found.index(stage)].name, channel, size, seed)
    taken = climb.go(steps, progress, stop)
    images = (climb.picture().clamp(0, 1) * 255).round().to(torch.uint8)
    after = climb.loudness(normalise(images, card)).detach().cpu()
    silent = tuple(one for one, moved in zip(climb.channels, climb.moved.tolist(), strict=True) if not moved and taken)
    return Maximised(
        climb.stage, tuple(climb.channels), climb.names, images.cpu(), climb.before.cpu(), after, taken, silent
    )


class _Climb:
    """The pictures being made: their waves, what they are made for, and one step after another."""

    def __init__(
        self, model: nn.Module, stage: str, channel: int | str | Sequence[int | str], size: int, seed: int
    ) -> None:
        self.card, self.stage, self.size = card_of(model), stage, size
        grey = torch.full((1, 3, size, size), 128, dtype=torch.uint8)
        found = stages(model)
        self.head = stage == found.head.name
        # Listening to the head is listening to any stage, and to the logits.
        self.listening = _listening_for_head(model, grey) if self.head else Listening(model, stage, grey)
        self.device = self.listening.device
        open_relus(self.listening.inside)
        asked = [channel] if isinstance(channel, int | str) else list(channel)
        if not asked:
            raise ValueError("channel names nothing to make a picture for: type its number, such as 7.")
        with torch.no_grad():
            logits = self.listening(grey)[1]
        if self.head:
            known = class_names(model, logits.shape[1])
            self.channels = [int(targets_of(one, logits, known)[0]) for one in asked]
            self.names = tuple(known[one] if known else str(one) for one in self.channels)
        else:
            self.channels = [check_channel(one, stage, self.listening.num_channels) for one in asked]
            self.names = tuple(map(str, self.channels))
        self.generator = Generator().manual_seed(seed)
        self.colours = torch.tensor(COLOURS, device=self.device) / torch.tensor(COLOURS).norm(dim=0).max()
        fy, fx = torch.fft.fftfreq(size)[:, None], torch.fft.rfftfreq(size)[None]
        lowest = 1 / size
        # As in photographs, where amplitude falls with frequency; the quarter is that of Olah et al.
        self.scale = 0.25 / (fy.square() + fx.square()).sqrt().clamp_min(lowest).to(self.device)
        starts = torch.randn(STARTS, 3, *self.scale.shape, 2, generator=self.generator) * START
        self.waves = self._loudest(starts.to(self.device)).requires_grad_()
        self.moved = torch.zeros(len(self.channels), dtype=torch.bool)
        with torch.no_grad():
            self.before = self.loudness(self._normalised(self.picture()))

    def go(self, steps: int, progress: bool, stop: Callable[[], bool] | None) -> int:
        """Take the steps, or as many as `stop` allows; returns how many."""
        from tqdm.auto import tqdm

        optimizer = torch.optim.Adam([self.waves], lr=LR)
        reach = max(1, round(JITTER * self.size))
        for step in tqdm(range(steps), desc=f"maximising '{self.stage}'", unit="step", disable=not progress):
            if stop is not None and stop():
                return step
            down, right = torch.randint(-reach, reach + 1, (2,), generator=self.generator).tolist()
            with torch.enable_grad():
                picture = self.picture()
                # Waves are periodic: what leaves at one side comes in at the other without a seam.
                loud = self.loudness(self._normalised(picture.roll((down, right), (2, 3))))
                worth = loud - VARIATION * loud.detach().abs() * total_variation(picture)
                (gradient,) = torch.autograd.grad(-worth.sum(), self.waves)
            moved = gradient.flatten(1).abs().amax(1) > 0
            self.moved |= moved.cpu()
            self.waves.grad = gradient
            optimizer.step()
        return steps

    def picture(self) -> Tensor:
        """The pictures as they are, `(N, 3, H, W)` within 0…1."""
        return self._painted(self.waves)

    def loudness(self, x: Tensor) -> Tensor:
        """How much each picture `(N, 3, H, W)`, normalised, excites what it is made for: `(N,)`."""
        rows = torch.arange(len(x), device=x.device)
        own = torch.tensor(self.channels, device=x.device)
        maps, logits = self.listening.answer(x.to(self.device))
        return logits[rows, own] if self.head else maps[rows, own].mean((1, 2))

    def _painted(self, waves: Tensor) -> Tensor:
        spectrum = torch.view_as_complex(waves.contiguous()) * self.scale  # (N, 3, H, W/2 + 1)
        channels = torch.fft.irfft2(spectrum, s=(self.size, self.size), norm="ortho")
        return torch.einsum("rc,nchw->nrhw", self.colours, channels).sigmoid()

    def _normalised(self, picture: Tensor) -> Tensor:
        """As `normalise`, for a picture that has a gradient."""
        black, white = (
            normalise(torch.full((1, 3, 1, 1), value, dtype=torch.uint8, device=self.device), self.card)
            for value in (0, 255)
        )
        return black + picture * (white - black)

    def _loudest(self, starts: Tensor) -> Tensor:
        """For each channel the start that excites it most; the first of equals."""
        with torch.no_grad():
            maps, logits = self.listening.answer(self._normalised(self._painted(starts)))
        values = logits if self.head else maps.mean((2, 3))  # (STARTS, C)
        best = values[:, self.channels].argsort(dim=0, descending=True, stable=True)[0]
        return starts[best].clone()


class _OpenReLU(torch.autograd.Function):
    """A ReLU that lets a gradient through where its own is zero for the whole picture, and only in the direction that
    opens it: a channel that is silent at the start could never be climbed otherwise (as in Olah et al.)."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:  # type: ignore[override]
        (x,) = ctx.saved_tensors
        own = torch.where(x > 0, gradient, 0.0)
        opening = torch.where((x > 0) | (gradient < 0), gradient, 0.0)  # a loss falls where its gradient is negative
        shut = (own.flatten(1) == 0).all(1)
        return torch.where(shut.view(-1, *[1] * (x.ndim - 1)), opening, own)


class _Open(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return _OpenReLU.apply(x)  # type: ignore[no-any-return]


def open_relus(inside: nn.Module) -> None:
    """Put ReLUs that can be opened in place of all that are modules, in a working copy."""
    for parent in list(inside.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.ReLU:
                setattr(parent, name, _Open())


def total_variation(picture: Tensor) -> Tensor:
    """How much neighbouring pixels differ, as a mean over `(N, 3, H, W)`: `(N,)`, within 0…2.

    >>> total_variation(torch.zeros(1, 3, 8, 8))
    tensor([0.])
    """
    down = F.l1_loss(picture[:, :, 1:], picture[:, :, :-1], reduction="none").mean((1, 2, 3))
    right = F.l1_loss(picture[..., 1:], picture[..., :-1], reduction="none").mean((1, 2, 3))
    return down + right


def _listening_for_head(model: nn.Module, grey: Tensor) -> Listening:
    """The logits can be heard at whatever stage has maps."""
    for stage in stages(model).names[:-1]:
        try:
            return Listening(model, stage, grey)
        except ValueError as error:
            if "has no places" not in str(error):
                raise
    raise ValueError(f"No stage of this {type(model).__name__} has places, so that there is no picture to be made.")
