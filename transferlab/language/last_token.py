"""A language model as a classifier of sentences: what it would say after the last token names the class.

    classifier = LastToken(model)
    replace_head(classifier, 4)
    train(classifier, sentence_set(tokenizer, texts, labels, names).split(0.25), lora())

As GPT does it (Radford et al., "Improving Language Understanding by Generative Pre-Training", 2018). Short sentences
are filled up in front with line breaks, which are text like any other to a model of novels: no mask is needed, and one
tensor goes from stage to stage.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from transferlab.backbones.text_networks.tokens import Encoded
from transferlab.data.texts import TextSet
from transferlab.language.byte_pairs import Tokenizer

FILL = "\n"
LENGTH = 48  # tokens


@dataclass(frozen=True)
class SentenceTokens:
    """The tokens of sentences as `sentence_set` makes them, and the letters that each stands for.

    >>> SentenceTokens(tokenizer).encode(["Where is it?"], at_most=48)[0].letters[-1]
    (11, 12)
    """

    tokenizer: Tokenizer

    def encode(self, texts: Sequence[str], at_most: int) -> list[Encoded]:
        """Each text as `at_most` tokens, those that fill it up marked as special."""
        (fill,) = self.tokenizer.encode(FILL)
        found = []
        for text in texts:
            tokens = self.tokenizer.encode(text)
            letters = self.tokenizer.letters(tokens)
            room = max(0, at_most - len(tokens))
            special = [True] * room + [False] * min(len(tokens), at_most)
            numbers, spans = [fill] * room + tokens[-at_most:], [(0, 0)] * room + letters[-at_most:]
            found.append(Encoded(tuple(numbers), tuple(spans), tuple(special), len(tokens) > at_most, 0))
        return found


class LastToken(nn.Module):
    """Answers `(B, num_classes)` from the last of the tokens `(B, T)`.

        >>> model, tokenizer = load_language_model()
        >>> classifier = LastToken(model, tokenizer)
        >>> replace_head(classifier, 4)

    With the `tokenizer` it also knows words, so that `word_attributions` and the lab can say which of them an answer
    rests on; `length` is then that of the rows it is trained on.
    """

    embedding_name, answers_tokens = "model.embedding", False

    def __init__(self, model: nn.Module, tokenizer: Tokenizer | None = None, length: int = LENGTH) -> None:
        super().__init__()
        self.model = model
        self.tokens = SentenceTokens(tokenizer) if tokenizer is not None else None
        self.padding = tokenizer.encode(FILL)[0] if tokenizer is not None else 0
        self.max_tokens = length

    def forward(self, tokens: Tensor) -> Tensor:
        return self.model(tokens)[:, -1]  # (B, T) -> (B, T, C) -> (B, C)


def sentence_set(
    tokenizer: Tokenizer, texts: Sequence[str], labels: Sequence[int], class_names: Sequence[str], length: int = LENGTH
) -> TextSet:
    """Sentences as rows of `length` tokens that end together; of a longer one the end is kept.

        >>> sentence_set(tokenizer, ["Where is it?", "It is here."], [0, 1], ["question", "answer"])

    Raises:
        ValueError: no sentence, an empty one, or not one label each.
    """
    if not texts or len(texts) != len(labels):
        raise ValueError(f"Each sentence has one label; you gave {len(texts)} sentences and {len(labels)} labels.")
    empty = next((number for number, text in enumerate(texts) if not text.strip()), None)
    if empty is not None:
        raise ValueError(f"Sentence {empty} is empty.")
    tokens = torch.tensor([one.numbers for one in SentenceTokens(tokenizer).encode(texts, length)])
    return TextSet(tokens, torch.tensor(labels), tuple(class_names), texts=tuple(texts), name="sentences")
