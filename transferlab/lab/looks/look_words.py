"""A look at which words the model's answers rest on, for a few held-out texts, with the answers beside.

    WordLook(start, data.held_out)(model).facts["texts"][0]["words"]
    [['Why', 0.41], [' ', None], ['is', 0.07], …]

Texts are no pictures: what is to be seen goes to the page as words and numbers. Left out: how it is computed; see
`explain/words.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from transferlab.backbones.card import card_of
from transferlab.data.texts import TextSet
from transferlab.errors import unknown
from transferlab.explain.words import WordAttributions, reads_words, word_attributions
from transferlab.inference import evaluating, model_input
from transferlab.lab.looks.look import some_images
from transferlab.lab.looks.look_attributions import ANSWER, TRUTH
from transferlab.lab.previews import Frame
from transferlab.language.last_token import LastToken

COUNT = 4
MOST_STEPS = 64  # a text takes half a second to two on a laptop; where that is too few, a note says so
METHOD = "words"


class WordLook:
    """Shaded words of `count` held-out texts of different classes.

        >>> look = WordLook(model, data.held_out, target="complaint")
        >>> look(model).facts["texts"][0]["predicted"]
        'question'

    `target` is "its answer", "the true class", or a class by name. The model before training knows other classes, so it
    is its own answer that is explained there; `same_classes` says that it knows the texts' own.

    Raises:
        ValueError: no such target; texts that are not at hand, a model without its tokenizer, or made for
            rows of another length.
    """

    def __init__(
        self, start: nn.Module, texts: TextSet, target: str = ANSWER, turn: int = 0, count: int = COUNT,
        same_classes: bool = False,
    ) -> None:  # fmt: skip
        if target not in (ANSWER, TRUTH, *texts.class_names):
            raise unknown("class", target, (ANSWER, TRUTH, *texts.class_names), owner="What can be explained is")
        if texts.by_position:
            raise ValueError("Here every token has an answer of its own; words are shaded where a text has one.")
        if not texts.texts:
            raise ValueError("These texts are here as tokens only. Make the set with its texts: TextSet(…, texts=…).")
        if not reads_words(start):
            raise ValueError(
                f"This {type(start).__name__} does not know which words its tokens are. A language model knows with "
                "LastToken(model, tokenizer); networks of load('hf/…') bring their tokenizer along."
            )
        length = texts.tokens.shape[1]
        if isinstance(start, LastToken) and start.max_tokens != length:  # the words would be those of other rows
            raise ValueError(
                f"These rows have {length} tokens, and the model was made for {start.max_tokens}. Type "
                f"LastToken(model, tokenizer, length={length})."
            )
        self.start, self.texts = start, texts.subset(some_images(texts, count, turn))
        self.target, self.same_classes = target, same_classes
        self.asked: Mapping[str, Any] = {"method": METHOD, "target": target, "stage": None, "turn": turn}
        self._before: Frame | None = None

    def __call__(self, model: nn.Module) -> Frame:
        return self._frame(model, self.target, self.texts.class_names)

    def before(self) -> Frame:
        """The model before training, in its own words."""
        if self._before is None:
            names, known = _own_names(self.start), self.same_classes
            self._before = self._frame(
                self.start, self.target if known else ANSWER, self.texts.class_names if known else names
            )
        return self._before

    def _frame(self, model: nn.Module, target: str, names: Sequence[str]) -> Frame:
        with evaluating(model), torch.no_grad():
            logits = model(model_input(model, self.texts.rows)).float().cpu()  # (N, C)
        names = names if len(names) == logits.shape[1] else [f"class {i}" for i in range(logits.shape[1])]
        facts = []
        for text, label, row in zip(self.texts.texts, self.texts.labels.tolist(), logits.softmax(1), strict=True):
            truth, predicted = self.texts.class_names[label], int(row.argmax())
            chosen = predicted if target == ANSWER else label if target == TRUTH else names.index(target)
            found = word_attributions(model, text, chosen, most_steps=MOST_STEPS)
            facts.append({
                "truth": truth,
                "predicted": names[predicted],
                "probability": float(row[predicted]),
                "right": names[predicted] == truth,
                "explained": names[chosen],
                "explained_probability": float(row[chosen]),
                "words": _pieces(found),
                "notes": list(found.notes()),
            })  # fmt: skip
        return Frame(facts={"asked": dict(self.asked), "texts": facts})


def _own_names(start: nn.Module) -> Sequence[str]:
    """What a model calls its classes before training: for a language model, what comes next."""
    card = card_of(start)
    if card is not None:
        return card.class_names
    tokenizer = getattr(getattr(start, "tokens", None), "tokenizer", None)
    return [f"next: {tokenizer.piece(number)!r}" for number in range(len(tokenizer))] if tokenizer else ()


def _pieces(found: WordAttributions) -> list[list[Any]]:
    """The text in pieces: each word with its share of the strongest, -1…1, and None for what lies between."""
    strongest = max((abs(value) for value in found.values), default=0.0) or 1.0
    pieces: list[list[Any]] = []
    at = 0
    for (start, end), value in zip(found.spans, found.values, strict=True):
        if start > at:
            pieces.append([found.text[at:start], None])
        pieces.append([found.text[start:end], round(value / strongest, 3)])
        at = end
    if at < len(found.text):
        pieces.append([found.text[at:], None])
    return pieces
