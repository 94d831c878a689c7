"""A text as passages for the training loop: at each token, the next one is the answer.

    data = Splits(passages(tokenizer, plays), passages(tokenizer, other_plays))
    train(model, data, lora(head_epochs=0, modules_to_save=()))

What `fit` reports then reads so: held-out accuracy is the share of tokens foreseen, and `exp(held-out loss)` the
perplexity. Left out: passages that begin at random places, which only long pretraining needs.
"""

import torch

from transferlab.data.texts import TextSet
from transferlab.language.byte_pairs import Tokenizer


def passages(tokenizer: Tokenizer, text: str, length: int = 128, name: str = "", most: int | None = None) -> TextSet:
    """The text cut into rows of `length` tokens, each labelled with the token that comes next.

        >>> passages(tokenizer, novel, most=200)
        TextSet(200 texts of up to 128 tokens, 1,024 classes)

    Rows follow one another without a gap; what is left at the end and does not fill a row is left out. With `most` only
    so many are kept, evenly spread over the text.

    Raises:
        ValueError: the text does not fill one row, or a number is out of range.
    """
    for what, number in (("length", length), ("most", 1 if most is None else most)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ValueError(f"{what} is a whole number of at least 1; you gave {number!r}.")
    tokens = torch.tensor(tokenizer.encode(text))
    count = (len(tokens) - 1) // length
    if count < 1:
        raise ValueError(f"The text has {len(tokens)} tokens, and one passage takes {length + 1}. Give a longer text.")
    inputs = tokens[: count * length].view(count, length)
    answers = tokens[1 : count * length + 1].view(count, length)
    if most is not None and most < count:
        kept = torch.linspace(0, count - 1, most).round().long()
        inputs, answers = inputs[kept], answers[kept]
    return TextSet(inputs, answers, piece_names(tokenizer), name=name)


def piece_names(tokenizer: Tokenizer) -> tuple[str, ...]:
    """A name for every token: its number and what it writes.

    >>> piece_names(tokenizer)[257]
    "257 'th'"
    """
    return tuple(f"{number} {tokenizer.decode([number])!r}" for number in range(len(tokenizer)))
