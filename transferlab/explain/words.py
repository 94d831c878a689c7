"""Which words an answer rests on: integrated gradients on the embeddings of the tokens, joined to words.

Captum computes (Layer Integrated Gradients; Sundararajan et al., "Axiomatic Attribution for Deep Networks", 2017): on
the straight way from a text of padding to this text, how much did each token's vector change the score? The parts add
up to the difference of the two scores, up to the steps of the sum; that is measured each time. The work is done in a
copy. Left out: what to believe; and explanations of several answers of one text at once.
"""

import re
import warnings
from dataclasses import dataclass
from typing import TypeGuard

import torch
from torch import Tensor, nn

from transferlab.backbones.card import card_of
from transferlab.backbones.text_networks.network import TextNetwork
from transferlab.backbones.text_networks.tokens import Encoded
from transferlab.errors import unknown
from transferlab.explain.working_copy import working_copy
from transferlab.language.last_token import LastToken
from transferlab.randomness import OwnRandomness

STEPS = (16, 32, 64, 128, 256)  # along the way; more until the sum is complete
COMPLETE = 0.05  # of the difference of the scores: what the sum may lack


@dataclass(frozen=True)
class WordAttributions:
    """What each word of a text adds to a score.

        >>> print(word_attributions(model, "Why is it late again?", "complaint"))
        complaint: score 2.31, of which padding alone gives 0.10
        again +1.20, late +0.80, …

    `spans` are the letters `(start, end)` of each word in `text`, `values` what it adds to the score (a logit). `rest`
    is what the model's own signs in front and behind add. `score` is the text's, `baseline` that of as many tokens of
    padding; the values and the rest sum to their difference but for `gap`. `cut` says that the text went on.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    values: tuple[float, ...]
    target: int
    target_name: str
    score: float
    baseline: float
    rest: float
    gap: float
    steps: int
    cut: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The words, in order."""
        return tuple(self.text[start:end] for start, end in self.spans)

    def notes(self) -> tuple[str, ...]:
        """What a reader should know before believing it."""
        notes = []
        if abs(self.gap) > COMPLETE * abs(self.score - self.baseline):
            notes.append(
                f"the parts miss {abs(self.gap):.2g} of a difference of {abs(self.score - self.baseline):.2g} after "
                f"{self.steps} steps: take them as rough"
            )
        if self.cut:
            notes.append("the text is longer than what the model reads: what is left out has no part in the answer")
        return tuple(notes)

    def __str__(self) -> str:
        ranked = sorted(zip(self.words, self.values, strict=True), key=lambda pair: -abs(pair[1]))
        shown = ", ".join(f"{word} {value:+.2f}" for word, value in ranked[:8]) + (", …" if len(ranked) > 8 else "")
        head = f"{self.target_name}: score {self.score:.2f}, of which padding alone gives {self.baseline:.2f}"
        return "\n".join([head, shown, *self.notes()])


def word_attributions(
    model: nn.Module, text: str, target: int | str | None = None, word: int | None = None, most_steps: int = STEPS[-1]
) -> WordAttributions:
    """What each word of a text adds to the score of a class.

        >>> found = word_attributions(model, "Could you open the window?")
        >>> dict(zip(found.words, found.values))

    `target` is a class by number or name, or None for what the model answers. For a model that answers every token,
    `word` says which word's answer is meant (0 is the first); a language model is asked what comes next after the last
    one. The sum takes as many of 16, 32, … 256 steps as it needs to be complete, at most `most_steps`. The model may be
    frozen, in training mode or on a GPU, and stays as it is.

    Raises:
        ValueError: a model without a tokenizer, an empty text, no such class or word.
    """
    if not reads_words(model):
        raise ValueError(
            f"This {type(model).__name__} reads no texts; word_attributions is for those of load('hf/…'), and for "
            "LastToken(model, tokenizer)."
        )
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"Give a text with at least one word; you gave {text!r}.")
    assert model.tokens is not None
    encoded = model.tokens.encode([text], model.max_tokens)[0]
    spans = word_spans(text[: max(end for _, end in encoded.letters)])
    home = [
        _word_of(letters, special, spans) for letters, special in zip(encoded.letters, encoded.special, strict=True)
    ]
    if all(one is None for one in home):
        raise ValueError("The model's tokenizer finds no word in this text.")
    place = _place(model, home, word, len(spans))
    with OwnRandomness(0, str(next(model.parameters()).device)), warnings.catch_warnings(), torch.enable_grad():
        warnings.filterwarnings("ignore", module="captum")  # about its hooks, which are gone afterwards
        found = _integrated(working_copy(model), encoded, target, place, _names(model), most_steps)
    by_token, chosen, name, score, baseline, steps = found
    values = [0.0] * len(spans)
    rest = 0.0
    for value, word_number in zip(by_token.tolist(), home, strict=True):
        if word_number is None:
            rest += value
        else:
            values[word_number] += value
    gap = score - baseline - sum(values) - rest
    return WordAttributions(
        text, tuple(spans), tuple(values), chosen, name, score, baseline, rest, gap, steps, encoded.cut
    )


def reads_words(model: nn.Module) -> TypeGuard[TextNetwork | LastToken]:
    """Whether a model reads texts and has its tokenizer with it.

    >>> reads_words(load("minilm"))
    True
    """
    return isinstance(model, TextNetwork | LastToken) and model.tokens is not None


def word_spans(text: str) -> list[tuple[int, int]]:
    """The letters of each word, and of each other sign that is no space.

    >>> word_spans("Isn't it?")
    [(0, 5), (6, 8), (8, 9)]
    """
    return [found.span() for found in re.finditer(r"\w+(?:['’-]\w+)*|[^\w\s]", text)]


def _word_of(letters: tuple[int, int], special: bool, spans: list[tuple[int, int]]) -> int | None:
    """The word that a token lies in: the one that holds its last letter, since a space may stand in front of it."""
    if special or letters[0] == letters[1]:
        return None
    return next((i for i, (start, end) in enumerate(spans) if start < letters[1] <= end), None)


def _place(model: TextNetwork | LastToken, home: list[int | None], word: int | None, count: int) -> int | None:
    """At which token the answer is read; None where there is one answer a text."""
    if not model.answers_tokens:
        if word is not None:
            raise ValueError("This model has one answer for the whole text; leave word= out.")
        return None
    assert isinstance(model, TextNetwork)
    if word is None and model.task == "token_classification":
        raise ValueError(f"This model answers every word: say which, word=0 to {count - 1}.")
    if word is None:
        return len(home) - 1
    if isinstance(word, bool) or not isinstance(word, int) or word not in home:
        raise ValueError(f"No word {word!r} with a token: this text's words are numbered 0 to {count - 1}.")
    return home.index(word)


def _names(model: nn.Module) -> tuple[str, ...]:
    card = card_of(model)
    return card.class_names if card is not None else ()


def _integrated(
    inside: nn.Module,
    encoded: Encoded,
    target: int | str | None,
    place: int | None,
    names: tuple[str, ...],
    most_steps: int,
) -> tuple[Tensor, int, str, float, float, int]:
    """What each token adds `(T,)`, the class and its name, the two scores, and how many steps it took."""
    from captum.attr import LayerIntegratedGradients

    assert reads_words(inside)
    device = next(inside.parameters()).device
    tokens = torch.tensor([encoded.numbers], device=device)  # (1, T)
    empty = torch.where(torch.tensor([encoded.special], device=device), tokens, torch.full_like(tokens, inside.padding))
    table = inside.get_submodule(inside.embedding_name)

    def answer(rows: Tensor) -> Tensor:
        logits = inside(rows).float()
        return logits if place is None else logits[:, place]  # (B, C)

    with torch.no_grad():
        logits = answer(tokens)[0]
        chosen, name = _class(target, logits, names)
        # Which tokens are real stays as it is in this text; only their vectors are those of padding.
        handle = table.register_forward_hook(lambda module, inputs, output: module.weight[empty].expand_as(output))
        try:
            baseline = float(answer(tokens)[0, chosen])
        finally:
            handle.remove()
    score, explainer = float(logits[chosen]), LayerIntegratedGradients(answer, table)
    for steps in [STEPS[0], *(one for one in STEPS[1:] if one <= most_steps)]:
        parts = explainer.attribute(tokens, empty, target=chosen, n_steps=steps, internal_batch_size=32)
        by_token = parts[0].sum(-1).detach().double().cpu()  # (1, T, H) -> (T,)
        if abs(score - baseline - float(by_token.sum())) <= COMPLETE * abs(score - baseline):
            break
    return by_token, chosen, name, score, baseline, steps


def _class(target: int | str | None, logits: Tensor, names: tuple[str, ...]) -> tuple[int, str]:
    count = len(logits)
    names = names if len(names) == count else tuple(f"class {i}" for i in range(count))
    if target is None:
        target = int(logits.argmax())
    if isinstance(target, str):
        if target not in names:
            raise unknown("class", target, names, owner="This model's classes are")
        target = names.index(target)
    if isinstance(target, bool) or not isinstance(target, int) or not 0 <= target < count:
        raise ValueError(f"No class {target!r}: this model has {count}, numbered 0 to {count - 1}.")
    return target, names[target]
