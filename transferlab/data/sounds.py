"""Labelled sounds as samples: what readers of sounds return, and what a network for sounds is trained on.

A sound is a row of int16 samples, all of one length, cut or filled up with silence. int16 is what a CD and most files
hold, and half the memory of floats; networks get floats within -1…1. Left out: several channels, sounds of different
lengths in one set, a label for every moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from transferlab.data.checks import check_names, check_positions, described
from transferlab.data.labelled import LabelledSet

RATE = 16_000  # samples a second: what Wav2Vec2, Whisper and most networks for speech were trained on


@dataclass(frozen=True, eq=False, repr=False)
class SoundSet(LabelledSet):
    """Sounds with their labels, checked when it is made.

        >>> samples = torch.zeros(2, 16_000, dtype=torch.int16)
        >>> SoundSet(samples, torch.tensor([0, 1]), ("bell", "flute"))
        SoundSet(2 sounds of 1 s at 16,000 Hz, 2 classes: bell 1, flute 1)

    `samples` is int16 `(N, T)`, `labels` int64 `(N,)` with positions in `class_names`; `rate` is in samples a second.
    `files` names the file that each sound came from, `report` is what the reader had to say. No augmentation is safe
    here: backwards or cut, a sound is another one. Raises ValueError for a wrong type, shape, label or rate.
    """

    samples: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    rate: int = RATE
    files: tuple[str, ...] = ()
    name: str = ""
    report: Any = None
    label_safe: tuple[str, ...] = ()

    noun = "sound"
    stored = "samples"

    def __post_init__(self) -> None:
        for field in ("class_names", "files"):
            object.__setattr__(self, field, check_names(field, getattr(self, field)))
        check_samples(self.samples)
        if isinstance(self.rate, bool) or not isinstance(self.rate, int) or self.rate < 1:
            raise ValueError(f"rate is a whole number of samples a second, such as 16_000; you gave {self.rate!r}.")
        if not self.class_names or len(set(self.class_names)) < len(self.class_names):
            raise ValueError(f"class_names must be different names, at least one; you gave {self.class_names}.")
        check_positions("labels", self.labels, len(self.samples), len(self.class_names), "class_names")
        if self.files and len(self.files) != len(self.samples):
            raise ValueError(f"files must name each of the {len(self.samples)} sounds; you gave {len(self.files)}.")
        if self.label_safe:
            raise ValueError(f"A sound has no augmentation that leaves its label true; you gave {self.label_safe}.")

    @property
    def seconds(self) -> float:
        """How long each sound is."""
        return self.samples.shape[1] / self.rate

    def subset(self, index: Tensor | np.ndarray | Sequence[int] | slice) -> "SoundSet":
        """The sounds at `index`: positions, a bool mask `(N,)`, or a slice; all classes keep their labels.

            >>> data.subset(data.labels == 1)

        Raises ValueError for a position outside the set and for an empty choice.
        """
        rows = self._rows(index)
        files = tuple(self.files[row] for row in rows.tolist()) if self.files else ()
        here = rows.to(self.labels.device)
        return replace(self, samples=self.samples[rows.to(self.samples.device)], labels=self.labels[here], files=files)

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        plural = "s" if len(self) > 1 else ""
        what = f"{name}{len(self):,} sound{plural} of {self.seconds:.4g} s at {self.rate:,} Hz"
        if self.num_classes > 8:
            return f"SoundSet({what}, {self.num_classes:,} classes)"
        counts = ", ".join(f"{name} {count}" for name, count in self.counts().items())
        return f"SoundSet({what}, {self.num_classes} class{'es' if self.num_classes > 1 else ''}: {counts})"


def check_samples(samples: object) -> None:
    """Refuse what is not int16 `(N, T)`, with the line that would make it so.

    >>> check_samples(torch.zeros(2, 16_000))
    ValueError: samples must be an int16 tensor of shape (N, T); you gave float32 of shape (2, 16000). Type …
    """
    advice = ""
    if isinstance(samples, Tensor):
        if samples.ndim == 2 and samples.dtype == torch.int16 and 0 not in samples.shape:
            return
        if samples.ndim == 3:
            advice = " Type samples.mean(1) to make one channel of several."
        elif samples.is_floating_point():
            advice = " Type (samples.clamp(-1, 1) * 32767).round().to(torch.int16) for floats within -1…1."
        elif samples.ndim == 2 and 0 in samples.shape:
            advice = " A set holds at least one sound, and a sound one sample."
    elif isinstance(samples, np.ndarray):
        advice = " Type torch.from_numpy(samples)."
    raise ValueError(f"samples must be an int16 tensor of shape (N, T); you gave {described(samples)}.{advice}")
