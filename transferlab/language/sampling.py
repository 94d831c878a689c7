"""Text from a language model, one token at a time, with what was computed of the earlier ones kept.

Source: Holtzman et al., "The Curious Case of Neural Text Degeneration" (2020), for `top_p`. Left out: beam search.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from transferlab.language.byte_pairs import Tokenizer
from transferlab.language.one_token import OneToken, can_read
from transferlab.language.small_gpt import SmallGPT

KEPT = 0.5  # of a full context stays when it overflows: the rest is computed anew, once in so many tokens


def write(
    model: SmallGPT, tokenizer: Tokenizer, start: str = "\n", tokens: int = 100, *,
    temperature: float = 0.8, top_p: float = 0.95, seed: int = 0,
) -> str:  # fmt: skip
    """The start and what the model writes after it.

        >>> write(model, tokenizer, "It was a dark and", tokens=50)

    `temperature` 0 takes the likeliest token each time; 1 draws as the model says. `top_p` draws among the likeliest
    tokens that together have this probability. The same seed writes the same text on the same machine.

    Raises:
        ValueError: a number out of range, or an empty start.
    """
    numbers = tokenizer.encode(start)
    written = continued(model, numbers, tokens, temperature=temperature, top_p=top_p, seed=seed)
    return tokenizer.decode([*numbers, *written])


@torch.inference_mode()
def continued(
    model: SmallGPT, start: list[int], tokens: int, *, temperature: float = 0.8, top_p: float = 0.95, seed: int = 0
) -> Iterator[int]:
    """The tokens that follow, one by one, so that they can be shown as they come; the model stays in its mode.

        >>> for token in continued(model, tokenizer.encode("It was"), 50):
        ...     print(tokenizer.piece(token), end="")

    It writes with the weights that it has at the first token, even if it learns before the last.
    """
    if not start:
        raise ValueError("There is nothing to go on from: give a start, such as '\\n'.")
    if tokens < 0 or not temperature >= 0 or not 0 < top_p <= 1:
        raise ValueError(
            f"tokens and temperature are 0 or more and top_p above 0 and at most 1; you gave {tokens}, {temperature} "
            f"and {top_p}."
        )
    generator = torch.Generator().manual_seed(seed)
    reader = Reader(model)
    seen = new = list(start[-model.context :])
    for _ in range(tokens):
        logits = reader.read(torch.tensor([new]))[0]  # (vocabulary,)
        token = drawn(logits, temperature, top_p, generator)
        yield token
        seen, new = [*seen, token], [token]
        if len(seen) > model.context:  # forget the older half, and read the rest once more
            seen = new = seen[-int(KEPT * model.context) :]
            reader.forget()


class Reader:
    """Reads texts piece by piece, and remembers what it computed of each; the model's weights are those of its making.

    >>> Reader(model).read(torch.tensor([[12, 65, 3]])).shape
    torch.Size([1, 1024])
    """

    def __init__(self, model: SmallGPT) -> None:
        self.model, self.past = model, model.new_past()
        self.device = next(model.parameters()).device
        self.one_token = OneToken(model) if can_read(model) else None

    def read(self, new: Tensor) -> Tensor:
        """Tokens `(B, T)` that come next to logits `(B, vocabulary)` of what follows; dropout is off meanwhile."""
        new = new.to(self.device)
        if self.one_token is not None and new.shape[1] == 1 and self.past[0].length:
            return self.one_token(new[:, 0], self.past).float().cpu()
        awake = [module for module in self.model.modules() if module.training]
        for module in awake:  # not .eval() and .train(), which would forget what was in which mode
            module.training = False
        try:
            return self.model(new, self.past)[:, -1].float().cpu()
        finally:
            for module in awake:
                module.training = True

    def forget(self) -> None:
        """Begin anew."""
        self.past = self.model.new_past()


def drawn(logits: Tensor, temperature: float, top_p: float, generator: torch.Generator) -> int:
    """One token from logits `(vocabulary,)`.

    >>> drawn(torch.tensor([0.0, 5.0]), temperature=0, top_p=1.0, generator=torch.Generator())
    1
    """
    if temperature == 0:
        return int(logits.argmax())
    probability, order = (logits / temperature).softmax(0).sort(descending=True)
    before = probability.cumsum(0) - probability  # of the likelier ones; the likeliest always stays
    probability = torch.where(before < top_p, probability, 0.0)
    return int(order[torch.multinomial(probability, 1, generator=generator)])


@torch.no_grad()
def write_many(
    model: SmallGPT, tokenizer: Tokenizer, number: int, tokens: int, *, start: str = "\n", seed: int = 0
) -> list[str]:
    """So many texts at once, each drawn as the model says (temperature 1, nothing cut off), none longer than a context.

    >>> write_many(model, tokenizer, 64, 200)[0]

    Raises:
        ValueError: an empty start, or more tokens than the context holds.
    """
    first = tokenizer.encode(start)
    if not first or len(first) + tokens > model.context:
        raise ValueError(f"A start and {model.context} tokens in all at most; you gave {len(first)} and {tokens} more.")
    generator = torch.Generator().manual_seed(seed)
    reader = Reader(model)
    seen = new = torch.tensor([first] * number)
    for _ in range(tokens):
        logits = reader.read(new)  # (N, vocabulary)
        new = torch.multinomial(logits.softmax(1), 1, generator=generator)
        seen = torch.cat([seen, new], 1)
    return [tokenizer.decode(row) for row in seen[:, len(first) :].tolist()]
