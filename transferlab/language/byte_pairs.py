"""Byte pair encoding: text as numbers of frequent pieces, and back, without a character that it could not write.

Source: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units" (2016); over bytes as in Radford
et al. (GPT-2, 2019), so that any text has tokens. Left out: special tokens, and GPT-2's printable stand-ins for bytes.
"""

import functools
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

Pair = tuple[int, int]
# A piece never crosses from a word to the next: a word with the space before it, a number, marks, or white space.
WORDS = re.compile(r" ?[^\W\d_]+| ?\d{1,3}| ?[^\s\w]+|_+|\s+(?!\S)|\s+")


class Tokenizer:
    """Text to token numbers and back; token 0 to 255 is a byte, and each later one two earlier ones together.

    >>> tokens = Tokenizer.learn(["low lower lowest"], vocabulary=258)
    >>> tokens.encode("low")
    [257]
    >>> tokens.decode([257])
    'low'
    """

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.pairs = [(int(left), int(right)) for left, right in pairs]
        self._pieces = [bytes([one]) for one in range(256)]
        for number, (left, right) in enumerate(self.pairs, start=256):
            if not 0 <= min(left, right) <= max(left, right) < number:
                raise ValueError(f"Token {number} is made of {left} and {right}, which must both come before it.")
            self._pieces.append(self._pieces[left] + self._pieces[right])
        self._numbers = {pair: number for number, pair in enumerate(self.pairs, start=256)}
        self._word = functools.lru_cache(maxsize=50_000)(self._encode_word)

    def __len__(self) -> int:
        """How many tokens there are."""
        return len(self._pieces)

    def encode(self, text: str) -> list[int]:
        """The tokens of a text; half a surrogate pair, which is no character, becomes a question mark.

        >>> tokenizer.encode("It was the best of times")
        """
        return [token for word in WORDS.findall(text) for token in self._word(word)]

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens; bytes that are no character, as when one is cut in two, become �.

        Raises:
            ValueError: a number that is no token.
        """
        numbers = [int(token) for token in tokens]
        wrong = next((one for one in numbers if not 0 <= one < len(self)), None)
        if wrong is not None:
            raise ValueError(f"There is no token {wrong}: this tokenizer has 0 to {len(self) - 1}.")
        return b"".join(self._pieces[one] for one in numbers).decode("utf-8", errors="replace")

    def piece(self, token: int) -> str:
        """What one token stands for, to look at: `tokenizer.piece(300)` is perhaps `' the'`."""
        return self.decode([token])

    def letters(self, tokens: Sequence[int]) -> list[tuple[int, int]]:
        """Which letters `(start, end)` of their common text each token stands for.

            >>> tokenizer.letters(tokenizer.encode("It was"))
            [(0, 2), (2, 6)]

        A token that holds a part of a character's bytes stands for the whole of it.
        """
        spans, at = [], 0
        for token in tokens:
            starts = [one & 0xC0 != 0x80 for one in self._pieces[token]]  # bytes that begin a character (UTF-8)
            spans.append((at if starts[0] else at - 1, at + sum(starts)))
            at += sum(starts)
        return spans

    def save(self, path: str | Path) -> Path:
        """Write the pairs as JSON, in the order in which they were learned."""
        from transferlab.files import write_atomically

        text = json.dumps({"pairs": self.pairs}, separators=(",", ":")) + "\n"
        return write_atomically(Path(path), lambda partial: partial.write_text(text, encoding="utf-8"))

    @classmethod
    def load(cls, path: str | Path) -> "Tokenizer":
        """What `save` wrote.

        Raises:
            ValueError: the file is no tokenizer of ours.
        """
        try:
            return cls([(left, right) for left, right in json.loads(Path(path).read_text(encoding="utf-8"))["pairs"]])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"'{path}' holds no tokenizer that `Tokenizer.save` wrote ({error}).") from error

    @classmethod
    def learn(cls, texts: Iterable[str], vocabulary: int) -> "Tokenizer":
        """Join the pair that occurs most often, again and again, until there are `vocabulary` tokens.

            >>> Tokenizer.learn([novel], vocabulary=1024)

        Of equally frequent pairs the one with the smaller numbers is joined, so that the same texts give the same
        tokens. It stops early when no pair occurs twice.

        Raises:
            ValueError: fewer than 256 tokens are asked for, which single bytes need already.
        """
        if vocabulary < 256:
            raise ValueError(f"A vocabulary holds the 256 bytes at least; you asked for {vocabulary} tokens.")
        found = Counter(word for text in texts for word in WORDS.findall(text))
        words = [list(word.encode("utf-8", errors="replace")) for word in found]
        counts = list(found.values())
        pairs: list[Pair] = []
        frequency: Counter[Pair] = Counter()
        where: dict[Pair, set[int]] = {}  # the words that a pair occurs in, so that only those are read again
        for index, word in enumerate(words):
            for pair in pairwise(word):
                frequency[pair] += counts[index]
                where.setdefault(pair, set()).add(index)
        while 256 + len(pairs) < vocabulary and frequency:
            best = min(frequency, key=lambda pair: (-frequency[pair], pair))
            if frequency[best] < 2:
                break
            for index in where.pop(best):
                for pair in pairwise(words[index]):
                    frequency[pair] -= counts[index]
                words[index] = joined(words[index], best, 256 + len(pairs))
                for pair in pairwise(words[index]):
                    frequency[pair] += counts[index]
                    where.setdefault(pair, set()).add(index)
            frequency = +frequency  # without pairs that no longer occur
            pairs.append(best)
        return cls(pairs)

    def _encode_word(self, word: str) -> tuple[int, ...]:
        tokens = list(word.encode("utf-8", errors="replace"))
        while len(tokens) > 1:
            first = min((self._numbers.get(pair, len(self)) for pair in pairwise(tokens)), default=len(self))
            if first == len(self):
                break
            tokens = joined(tokens, self.pairs[first - 256], first)
        return tuple(tokens)


def joined(tokens: Sequence[int], pair: Pair, number: int) -> list[int]:
    """The tokens with every occurrence of a pair, from the left, as one token.

    >>> joined([1, 2, 1, 2, 2], (1, 2), 256)
    [256, 256, 2]
    """
    result, position = [], 0
    while position < len(tokens):
        if tuple(tokens[position : position + 2]) == pair:
            result.append(number)
            position += 2
        else:
            result.append(tokens[position])
            position += 1
    return result
