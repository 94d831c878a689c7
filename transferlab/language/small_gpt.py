"""The small language model's architecture: a GPT in the manner of LLaMA, for a thousand tokens and one core.

Source: Touvron et al., "LLaMA" (2023): norms in front of each part (RMSNorm, Zhang & Sennrich 2019), positions as
rotations of queries and keys (Su et al., "RoFormer", 2021), SwiGLU (Shazeer 2020), no biases. The head is a matrix of
its own, so that the embedding can be frozen while the head learns. Left out: grouped queries, longer contexts than the
model was trained with.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Rotations(nn.Module):
    """Turns pairs of numbers in queries and keys by angles that grow with the position.

    A pair of a query and a pair of a key then meet at an angle that depends on their distance alone.

        >>> Rotations(head_dim=32, context=256)(torch.zeros(2, 6, 10, 32), first=0).shape
        torch.Size([2, 6, 10, 32])
    """

    def __init__(self, head_dim: int, context: int, base: float = 10_000.0) -> None:
        super().__init__()
        turns = base ** (-torch.arange(0, head_dim, 2).float() / head_dim)  # (D/2,), radians a position
        angles = torch.arange(context).float()[:, None] * turns  # (T, D/2)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, x: Tensor, first: int) -> Tensor:
        length, context = first + x.shape[-2], len(self.get_buffer("cos"))
        if length > context:  # said here and not in the model's own forward, which can be followed without a text so
            raise ValueError(f"This model reads {context} tokens at once; you gave {length}. Cut the text.")
        here = slice(first, length)
        cos, sin = self.get_buffer("cos")[here].to(x.dtype), self.get_buffer("sin")[here].to(x.dtype)  # (T, D/2)
        a, b = x.chunk(2, dim=-1)  # (B, heads, T, D/2) each
        return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class Past:
    """What one block's attention has computed of the tokens so far, so that it need not be computed again.

    Kept in a tensor with room for more, which doubles when it is full: to write text, not to train with.

    >>> Past().extend(torch.stack([key, value], 1))  # (B, 2, heads, T, D), T of them old and new
    """

    def __init__(self) -> None:
        self.kept: Tensor | None = None
        self.length = 0  # how many tokens it holds

    def extend(self, new: Tensor) -> Tensor:
        """Append the new tokens' keys and values; return those of all tokens."""
        count = new.shape[-2]
        if self.kept is None or self.length + count > self.kept.shape[-2]:
            room = new.new_empty(*new.shape[:-2], 2 * (self.length + count), new.shape[-1])
            if self.kept is not None:
                room[..., : self.length, :] = self.kept[..., : self.length, :]
            self.kept = room
        self.kept.narrow(-2, self.length, count).copy_(new)
        self.length += count
        return self.kept.narrow(-2, 0, self.length)


class Attention(nn.Module):
    """Every token looks at itself and at those before it."""

    def __init__(self, dim: int, heads: int, context: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(dim, dim, bias=False)
        self.key = nn.Linear(dim, dim, bias=False)
        self.value = nn.Linear(dim, dim, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)
        self.rotations = Rotations(dim // heads, context)

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        q, k, v = (self._by_head(part(x)) for part in (self.query, self.key, self.value))  # (B, heads, T, D) each
        first = past.length if past else 0
        q, k = self.rotations(torch.cat([q, k], dim=1), first).chunk(2, dim=1)  # both at once: half of the small steps
        if past is not None:
            k, v = past.extend(torch.stack([k, v], 1)).unbind(1)  # (B, heads, T, D) each, old ones too
        new, dropout = x.shape[1], self.dropout if self.training else 0.0
        if first == 0:
            x = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)  # (B, heads, T, D)
        else:  # a new token may look at all that came before it
            mask = torch.ones(new, first + new, dtype=torch.bool, device=x.device).tril(first)
            x = F.scaled_dot_product_attention(q, k, v, mask, dropout)
        return self.out(x.transpose(1, 2).flatten(2))  # (B, T, dim)

    def _by_head(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, T, dim) -> (B, heads, T, D)


class FeedForward(nn.Module):
    """SwiGLU: what one matrix lets through of another, by each token for itself."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.gate = nn.Linear(dim, hidden, bias=False)
        self.up = nn.Linear(dim, hidden, bias=False)
        self.down = nn.Linear(hidden, dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.silu(self.gate(x)) * self.up(x))  # (B, T, dim) -> (B, T, hidden) -> (B, T, dim)


class Block(nn.Module):
    """Attention, then a feed-forward network, each added to what came in."""

    def __init__(self, dim: int, heads: int, hidden: int, context: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(dim, eps=1e-5)
        self.attention = Attention(dim, heads, context, dropout)
        self.feed_forward_norm = nn.RMSNorm(dim, eps=1e-5)
        self.feed_forward = FeedForward(dim, hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, past: Past | None = None) -> Tensor:
        x = x + self.dropout(self.attention(self.attention_norm(x), past))  # (B, T, dim)
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))


class SmallGPT(nn.Module):
    """A language model: token numbers `(B, T)` to logits of the next token `(B, T, vocabulary)`.

        >>> SmallGPT(vocabulary=1024)(torch.zeros(2, 10, dtype=torch.long)).shape
        torch.Size([2, 10, 1024])

    `past` is what `new_past` makes; with it only the tokens that are new need be given. About 3 M parameters.

    Raises:
        ValueError: more tokens than the context holds.
    """

    def __init__(
        self, vocabulary: int, dim: int = 192, blocks: int = 6, heads: int = 6, hidden: int = 512,
        context: int = 256, dropout: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.context = context
        self.class_names: tuple[str, ...] = ()  # a name for each token, where it is known
        self.embedding = nn.Embedding(vocabulary, dim)
        self.blocks = nn.ModuleList(Block(dim, heads, hidden, context, dropout) for _ in range(blocks))
        self.norm = nn.RMSNorm(dim, eps=1e-5)
        self.head = nn.Linear(dim, vocabulary, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:  # a residual stream that grows by 2·blocks terms keeps its scale (GPT-2)
                last = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(parameter, std=0.02 / ((2 * blocks) ** 0.5 if last else 1.0))

    def new_past(self) -> list[Past]:
        """An empty memory of the tokens so far, one a block, for generating text."""
        return [Past() for _ in self.blocks]

    def forward(self, tokens: Tensor, past: list[Past] | None = None) -> Tensor:
        x = self.embedding(tokens)  # (B, T) -> (B, T, dim)
        for number, block in enumerate(self.blocks):
            x = block(x, past[number] if past else None)
        return self.head(self.norm(x))  # (B, T, dim) -> (B, T, vocabulary)
