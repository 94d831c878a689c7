"""A language model as a classifier of sentences: what it would say after the last token names the class.

    classifier = LastToken(model)
    replace_head(classifier, 4)
    train(classifier, sentence_set(tokenizer, texts, labels, names).split(0.25), lora())

As GPT does it (Radford et al., "Improving Language Understanding by Generative Pre-Training", 2018). Short sentences
are filled up in front with line breaks, which are text like any other to a model of novels: no mask is needed, and one
tensor goes from stage to stage.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from transferlab.data.texts import TextSet
from transferlab.language.byte_pairs import Tokenizer

FILL = "\n"


class LastToken(nn.Module):
    """Answers `(B, num_classes)` from the last of the tokens `(B, T)`.

    >>> classifier = LastToken(load_language_model()[0])
    >>> replace_head(classifier, 4)
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> Tensor:
        return self.model(tokens)[:, -1]  # (B, T) -> (B, T, C) -> (B, C)


def sentence_set(
    tokenizer: Tokenizer, texts: Sequence[str], labels: Sequence[int], class_names: Sequence[str], length: int = 48
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
    fill = tokenizer.encode(FILL)
    rows = [tokenizer.encode(text)[-length:] for text in texts]
    tokens = torch.tensor([fill * (length - len(row)) + row for row in rows])
    return TextSet(tokens, torch.tensor(labels), tuple(class_names), texts=tuple(texts), name="sentences")
