"""From texts to token numbers and back to the letters that each token stands for, by the tokenizers library.

A model's tokenizer is one file, `tokenizer.json`, which says everything and runs nothing. What a text says is only ever
text: a "[PAD]" or "<|endoftext|>" typed by somebody is spelt out and never taken for the model's own sign. Left out:
tokenizers that exist as Python code only.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIMIT = 100_000_000  # bytes of a tokenizer.json; those in use have 0.5 to 20 million
LETTERS_A_TOKEN = 50  # a text that is cut is first cut to so many letters for each token that is kept


@dataclass(frozen=True)
class Encoded:
    """One text as tokens: their numbers, the letters `(start, end)` that each stands for, and which are special.

    `cut` says that the text went on; `unknown` counts the tokens that stand for what the vocabulary does not know.
    """

    numbers: tuple[int, ...]
    letters: tuple[tuple[int, int], ...]
    special: tuple[bool, ...]
    cut: bool
    unknown: int


class Tokens:
    """A model's tokenizer.

    >>> Tokens.read(Path("model/tokenizer.json")).encode(["Hello there"], at_most=512)[0].numbers
    (101, 7592, 2045, 102)
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = copy.deepcopy(tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._tokenizer.encode_special_tokens = True  # signs typed into a text stay text
        unknown = getattr(self._tokenizer.model, "unk_token", None)
        self._unknown = self._tokenizer.token_to_id(unknown) if isinstance(unknown, str) else None

    def __deepcopy__(self, memo: dict) -> "Tokens":
        return self  # it never changes, and copies of a model may share it

    @classmethod
    def read(cls, path: Path) -> "Tokens":
        """The tokenizer in a file.

        Raises:
            ValueError: no such file, too large, or not a tokenizer.
        """
        from tokenizers import Tokenizer

        if not path.is_file():
            raise ValueError(
                f"'{path.parent}' has no tokenizer.json. Where transformers reads its tokenizer, write one there: "
                f"AutoTokenizer.from_pretrained('{path.parent}').save_pretrained('{path.parent}')."
            )
        if path.stat().st_size > LIMIT:
            raise ValueError(f"'{path}' has {path.stat().st_size / 1e6:,.0f} MB; a tokenizer has at most 100.")
        try:
            return cls(Tokenizer.from_file(str(path)))
        except Exception as error:  # the library raises a bare Exception
            raise ValueError(f"'{path}' is broken or no tokenizer ({str(error).splitlines()[0]}).") from error

    def __len__(self) -> int:
        return self._tokenizer.get_vocab_size()

    def number_of(self, token: str | None) -> int | None:
        """The number of a token as the vocabulary spells it, None if there is none."""
        return None if token is None else self._tokenizer.token_to_id(token)

    def vocabulary(self, size: int) -> tuple[str, ...]:
        """A name for each of `size` token numbers, all different; those without a token are called "(unused 7)"."""
        names = (self._tokenizer.id_to_token(number) for number in range(size))
        return tuple(f"(unused {number})" if name is None else name for number, name in enumerate(names))

    def text_of(self, numbers: Sequence[int]) -> str:
        """Token numbers as text, special ones left out."""
        return self._tokenizer.decode(list(numbers))

    def save(self, path: Path) -> None:
        """Write the tokenizer's file."""
        self._tokenizer.save(str(path))

    def encode(self, texts: Sequence[str], at_most: int, special: bool = True) -> list[Encoded]:
        """Texts as tokens, each cut to `at_most`, the signs that the model wants around a text (`special`) included.

        >>> [one.cut for one in tokens.encode(["short", "long " * 1000], at_most=512)]
        [False, True]
        """
        self._tokenizer.enable_truncation(at_most)
        try:
            room = LETTERS_A_TOKEN * at_most
            found = self._tokenizer.encode_batch([text[:room] for text in texts], add_special_tokens=special)
            found = [
                one
                if len(text) <= room or one.overflowing
                else self._tokenizer.encode(text, add_special_tokens=special)
                for one, text in zip(found, texts, strict=True)
            ]
        finally:
            self._tokenizer.no_truncation()
        return [
            Encoded(
                tuple(one.ids), tuple(one.offsets), tuple(map(bool, one.special_tokens_mask)), bool(one.overflowing),
                0 if self._unknown is None else one.ids.count(self._unknown),
            )
            for one in found
        ]  # fmt: skip
