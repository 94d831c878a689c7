"""Labelled texts as token numbers: what readers of texts return, and what a network for texts is trained on.

A text is a row of whole numbers, one a token, filled up with padding to the length of the longest. It has one label, or
one for each of its tokens. Left out: how a text becomes tokens, which is the tokenizer's and belongs to the network.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from transferlab.data.checks import check_names, check_positions, described
from transferlab.data.labelled import UNLABELLED, LabelledSet


@dataclass(frozen=True, eq=False, repr=False)
class TextSet(LabelledSet):
    """Texts with their labels, checked when it is made.

        >>> tokens = torch.tensor([[5, 7, 0], [6, 8, 9]])
        >>> TextSet(tokens, torch.tensor([0, 1]), ("question", "answer"), padding=0)
        TextSet(2 texts of up to 3 tokens, 2 classes: question 1, answer 1)

    `tokens` is int64 `(N, T)`; `labels` is int64 `(N,)` with positions in `class_names`, or `(N, T)` with one for every
    token and -100 where none is asked. `padding` is the token that fills a row up, None where nothing is filled up.
    `texts` are the texts themselves, where they are at hand. Raises ValueError for a wrong type, shape or label.
    """

    tokens: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    padding: int | None = None
    texts: tuple[str, ...] = ()
    name: str = ""
    report: Any = None
    label_safe: tuple[str, ...] = ()  # nothing is done to a text at random

    noun = "text"
    stored = "tokens"

    def __post_init__(self) -> None:
        for field in ("class_names", "texts"):
            object.__setattr__(self, field, check_names(field, getattr(self, field)))
        tokens = self.tokens
        good = isinstance(tokens, Tensor) and tokens.dtype == torch.int64 and tokens.ndim == 2 and 0 not in tokens.shape
        if not good or int(tokens.min()) < 0:
            raise ValueError(
                f"tokens must be an int64 tensor of shape (N, T) with numbers from 0; you gave {described(tokens)}."
            )
        if not self.class_names or len(set(self.class_names)) < len(self.class_names):
            raise ValueError(f"class_names must be different names, at least one; you gave {self.class_names}.")
        if isinstance(self.labels, Tensor) and self.labels.ndim == 2:
            self._check_labels_by_position()
        else:
            check_positions("labels", self.labels, len(tokens), len(self.class_names), "class_names")
        if self.texts and len(self.texts) != len(tokens):
            raise ValueError(f"texts must be {len(tokens)}, one a row of tokens; you gave {len(self.texts)}.")
        if self.label_safe:
            raise ValueError(f"A text has no augmentation that leaves its label true; you gave {self.label_safe}.")

    def _check_labels_by_position(self) -> None:
        labels = self.labels
        if labels.dtype != torch.int64 or labels.shape != self.tokens.shape:
            raise ValueError(
                f"labels must be one a text or one a token, int64 of shape {tuple(self.tokens.shape)}; you gave "
                f"{described(labels)}."
            )
        asked = labels[labels != UNLABELLED]
        if len(asked) == 0 or int(asked.min()) < 0 or int(asked.max()) >= len(self.class_names):
            raise ValueError(
                f"labels must lie within 0…{len(self.class_names) - 1}, or be {UNLABELLED} where none is asked, and "
                "some must be asked."
            )

    def subset(self, index: Tensor | np.ndarray | Sequence[int] | slice) -> "TextSet":
        """The texts at `index`: positions, a bool mask `(N,)`, or a slice; all classes keep their labels.

            >>> data.subset([0, 2])

        Raises ValueError for a position outside the set and for an empty choice.
        """
        rows = self._rows(index)
        texts = tuple(self.texts[row] for row in rows.tolist()) if self.texts else ()
        return replace(self, tokens=self.tokens[rows], labels=self.labels[rows], texts=texts)

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        plural = "s" if len(self) > 1 else ""
        what = f"{name}{len(self):,} text{plural} of up to {self.tokens.shape[1]} tokens"
        if self.num_classes > 8:
            return f"TextSet({what}, {self.num_classes:,} classes)"
        counts = ", ".join(f"{name} {count}" for name, count in self.counts().items())
        return f"TextSet({what}, {self.num_classes} classes: {counts}{' tokens' if self.by_position else ''})"
