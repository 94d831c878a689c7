"""What all networks for texts have in common: token numbers in, logits out, and what is known of their tokens.

The parts are transformers' own and keep their names (`bert.encoder.layer.0.attention.self.query`), so that state dicts,
PEFT's target_modules and papers mean the same thing. The forward is written out here, since the library's own takes
several tensors and branches on them, and could not be cut in two. Tests compare it with the library's.
"""

from typing import Any

from torch import Tensor, nn

from transferlab.backbones.text_networks.marks import apart, mean_of_real, of_length_one
from transferlab.backbones.text_networks.tokens import Tokens


class TextNetwork(nn.Module):
    """Token numbers `(B, T)` to logits `(B, C)`, or `(B, T, C)` where every token is answered.

        >>> model = load("minilm", num_classes=4)
        >>> model(torch.tensor([[101, 7592, 102]])).shape
        torch.Size([1, 4])

    `padding` is the token that fills rows up, `max_tokens` the most that it reads at once, special ones included,
    `tokens` what turns texts into numbers, `config` transformers' own configuration. `embedding_name` is the dotted
    name of the table that holds a vector for every token of the vocabulary.
    """

    embedding_name: str

    def __init__(self, config: Any, task: str, padding: int, max_tokens: int) -> None:
        super().__init__()
        self.config, self.task, self.padding, self.max_tokens = config, task, padding, max_tokens
        self.pooling, self.length_one = "mean", False  # of sentence embeddings; see `hugging_face`
        self.tokens: Tokens | None = None

    @property
    def answers_tokens(self) -> bool:
        """Whether there is an answer for every token and not one for the text."""
        return self.task in ("token_classification", "causal_lm")

    def sentence(self, hidden: Tensor, mark: Tensor) -> Tensor:
        """The vector `(B, H)` of a text from `(B, T, H)` behind the last block: its first token, or the mean.

        >>> network.sentence(hidden, mark)
        """
        one = hidden[:, 0] if self.pooling == "first" else mean_of_real(hidden, mark)
        return of_length_one(one) if self.length_one else one

    def pooled(self, features: Tensor) -> Tensor:
        """What crosses between two stages as vectors `(B, H)`: the mean over the real tokens.

        >>> model.pooled(torch.zeros(2, 5, 385)).shape
        torch.Size([2, 384])
        """
        if features.ndim < 3:
            return features
        if features.shape[-1] != self.config.hidden_size + 1:  # behind the last block, one token or without its mark
            return features.mean(1)
        return mean_of_real(*apart(features))
