"""Language: a small GPT of our own, its tokens, what it writes and how well it foresees a text.

from transferlab.language import load_language_model, write

model, tokenizer = load_language_model()
print(write(model, tokenizer, "It was the"))
"""

from transferlab.language.bundled_language_model import (
    bundled_tokenizer,
    language_card,
    load_language_model,
    own_writing,
    recorded_adaptation,
)
from transferlab.language.byte_pairs import Tokenizer
from transferlab.language.docstrings import docstrings
from transferlab.language.last_token import LastToken, sentence_set
from transferlab.language.passages import passages
from transferlab.language.perplexity import Foreseen, foresee
from transferlab.language.sampling import continued, write, write_many
from transferlab.language.small_gpt import SmallGPT

__all__ = [
    "Foreseen", "LastToken", "SmallGPT", "Tokenizer", "bundled_tokenizer", "continued", "docstrings", "foresee",
    "language_card", "load_language_model", "own_writing", "passages", "recorded_adaptation", "sentence_set", "write",
    "write_many",
]  # fmt: skip
