"""Which tokens are real and which only fill a row up, carried along with the tokens themselves.

A transformer's blocks need two things: what each token has become, and which tokens are padding. A network can be cut
between two blocks only where one single tensor goes over, so the mark travels as one more number at the end of each
token: 1 for a real one, 0 for padding. All functions are plain tensor functions without a branch, so that torch.fx can
follow a forward that is made of them.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def marked(hidden: Tensor, mark: Tensor) -> Tensor:
    """Tokens `(B, T, H)` and their mark `(B, T)` as one tensor `(B, T, H + 1)`.

    >>> marked(torch.zeros(2, 5, 8), torch.ones(2, 5)).shape
    torch.Size([2, 5, 9])
    """
    return torch.cat([hidden, mark[:, :, None].type_as(hidden)], -1)


def apart(x: Tensor) -> tuple[Tensor, Tensor]:
    """What `marked` put together: tokens `(B, T, H)` and their mark, bool `(B, T)`.

    >>> hidden, mark = apart(x)
    """
    return x[:, :, :-1].contiguous(), x[:, :, -1] > 0.5


def sees_real(mark: Tensor) -> Tensor:
    """Every token may look at all real ones: bool `(B, 1, 1, T)`, True where it may look."""
    return mark[:, None, None, :]


def sees_earlier(mark: Tensor) -> Tensor:
    """A token may look at real ones up to itself, and always at itself: bool `(B, 1, T, T)`."""
    place = places(mark)
    query, key = place[:, None, :, None], place[:, None, None, :]
    return ((query >= key) & mark[:, None, None, :]) | (query == key)


def places(mark: Tensor) -> Tensor:
    """0, 1, 2, … along each row, padding counted too: int64 `(B, T)`.

    >>> places(torch.tensor([[True, True, False]]))
    tensor([[0, 1, 2]])
    """
    return torch.ones_like(mark.long()).cumsum(1) - 1


def mean_of_real(hidden: Tensor, mark: Tensor) -> Tensor:
    """The mean of the real tokens, `(B, H)`, as sentence-transformers pools."""
    weight = mark[:, :, None].type_as(hidden)
    return (hidden * weight).sum(1) / weight.sum(1).clamp(min=1e-9)


def last_real(hidden: Tensor, mark: Tensor) -> Tensor:
    """The last real token of each row, `(B, H)`."""
    last = (places(mark) * mark.long()).argmax(1)
    return torch.take_along_dim(hidden, last[:, None, None], 1)[:, 0]


def of_length_one(x: Tensor) -> Tensor:
    """Vectors `(B, H)` scaled to length 1."""
    return F.normalize(x, dim=-1)
