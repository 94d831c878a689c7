"""From texts and labels to a model's tokens: a `TextSet` to train on.

Rows are filled up to the longest text of the set. A text that is longer than what the model reads is cut, and
the report says which. Left out: pairs of texts, and windows over long ones.
"""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import torch
from torch import nn

from transferlab.backbones.text_networks.network import TextNetwork
from transferlab.backbones.text_networks.tokens import Encoded, Tokens
from transferlab.data.folder_report import plural, some
from transferlab.data.labelled import UNLABELLED
from transferlab.data.listing import printable
from transferlab.data.texts import TextSet
from transferlab.text.labelled_texts import LabelledTexts, TextReport

MUCH_PADDING = 4  # the longest text has so many times the tokens of the middle one: most of the time goes into padding


def texts(
    given: LabelledTexts | Sequence[str],
    labels: Sequence[str] | None = None,
    *,
    model: nn.Module,
    class_names: Sequence[str] | None = None,
    max_tokens: int | None = None,
) -> TextSet:
    """Labelled texts as the tokens of this model: int64 `(N, T)` with one label a text.

        >>> texts(["Is it open?", "Open it."], ["question", "request"], model=model)
        TextSet(2 texts of up to 6 tokens, 2 classes: question 1, request 1)
        >>> print(texts(read_texts("reviews.csv"), model=model).report)

    Texts are cut to `max_tokens` (by default what the model reads at most); `.report` says which were, and which hold
    letters that its vocabulary does not know.

    Raises:
        ValueError: no texts, an empty one, not one label a text, or a model that reads no texts.
    """
    if not isinstance(given, LabelledTexts):
        if isinstance(given, str) or labels is None:
            raise ValueError("Give a list of texts and a list of labels, one a text: texts(['…'], ['…'], model=model).")
        given = LabelledTexts(tuple(given), tuple(labels), tuple(class_names or ()))
    elif labels is not None or class_names is not None:
        raise ValueError("These texts have their labels and classes already; leave labels= and class_names= out.")
    reader, padding, at_most = _reader(model, max_tokens)
    encoded = reader.encode(given.texts, at_most)
    numbers = {name: i for i, name in enumerate(given.class_names)}
    report = given.report or TextReport(given.name or "texts", given.counts())
    report = _reported(report, encoded, given.rows, at_most)
    return TextSet(
        filled_up([one.numbers for one in encoded], padding),
        torch.tensor([numbers[label] for label in given.labels]),
        given.class_names,
        padding=padding, texts=given.texts, name=given.name, report=report,
    )  # fmt: skip


def tagged_words(
    words: Sequence[Sequence[str]],
    tags: Sequence[Sequence[str]],
    *,
    model: nn.Module,
    class_names: Sequence[str] | None = None,
    max_tokens: int | None = None,
) -> TextSet:
    """Sentences as words with a tag each, for token classification: labels int64 `(N, T)`, -100 where none is asked.

        >>> tagged_words([["Ada", "sleeps"]], [["NAME", "O"]], model=model).labels
        tensor([[-100, 0, 1, -100]])

    The first token of each word carries its tag; the other tokens, the model's own signs and the padding carry -100.

    Raises:
        ValueError: words and tags of a row differ in number (the row is named), an empty row, or an unknown tag.
    """
    if len(words) != len(tags):
        raise ValueError(f"Every row of words has a row of tags; you gave {len(words)} and {len(tags)}.")
    if not words:
        raise ValueError("There are no rows; give at least one.")
    for number, (row, given) in enumerate(zip(words, tags, strict=True)):
        if isinstance(row, str) or isinstance(given, str):
            raise ValueError(f"Row {number} is one string; words and tags are lists, such as ['Ada', 'sleeps'].")
        if len(row) != len(given):
            raise ValueError(f"Row {number} has {len(row)} words and {len(given)} tags; every word has one tag.")
        if not row or not all(isinstance(one, str) and one.strip() for one in row):
            raise ValueError(f"Row {number} has no words, or an empty one.")
    classes = tuple(class_names or sorted({tag for row in tags for tag in row}))
    if others := sorted({tag for row in tags for tag in row} - set(classes)):
        raise ValueError(f"Tags that are none of the class_names: {some(others)}.")
    reader, padding, at_most = _reader(model, max_tokens)
    joined = tuple(" ".join(row) for row in words)
    encoded = reader.encode(joined, at_most)
    labels = [_first_tokens(row, [classes.index(tag) for tag in given], one)
              for row, given, one in zip(words, tags, encoded, strict=True)]  # fmt: skip
    asked = sum(label != UNLABELLED for row in labels for label in row)
    lost = sum(map(len, words)) - asked
    remarks = (f"{plural(lost, 'word')} without a token, cut off or unknown: not asked",) if lost else ()
    counts = {name: sum(tag == name for row in tags for tag in row) for name in classes}
    report = TextReport("tagged words", counts, remarks=remarks)
    report = _reported(report, encoded, tuple(f"row {i}" for i in range(len(words))), at_most)
    tokens = filled_up([one.numbers for one in encoded], padding)
    return TextSet(tokens, filled_up(labels, UNLABELLED), classes, padding=padding, texts=joined, report=report)


def next_tokens(given: Sequence[str], *, model: nn.Module, max_tokens: int | None = None, name: str = "") -> TextSet:
    """Texts for a language model: at each token, the label is the token that comes next, `(N, T)`.

        >>> next_tokens(["It was a dark night."], model=model).labels.shape
        torch.Size([1, 5])

    Long texts are cut into pieces of `max_tokens` (by default what the model reads, at most 256), and nothing is lost:
    a piece begins with the last token of the one before it. The classes are the vocabulary.

    Raises:
        ValueError: no texts, or none with two tokens.
    """
    if isinstance(given, str) or not given or not all(isinstance(one, str) for one in given):
        raise ValueError("Give a list of texts: next_tokens(['…'], model=model).")
    reader, padding, most = _reader(model, max_tokens)
    size: int = most if max_tokens else min(most, 256)
    pieces, labels, sources = [], [], []
    for text in given:
        numbers = reader.encode([text], at_most=10**9)[0].numbers
        for start in range(0, len(numbers) - 1, size):
            piece, answers = numbers[start : start + size], numbers[start + 1 : start + size + 1]
            pieces.append(piece[: len(answers)])
            labels.append(answers)
            sources.append(reader.text_of(pieces[-1]))
    if not pieces:
        raise ValueError("None of these texts has two tokens, so that nothing comes next.")
    names = reader.vocabulary(reads_texts(model).config.vocab_size)
    return TextSet(
        filled_up(pieces, padding),
        filled_up(labels, UNLABELLED),
        names,
        padding=padding,
        texts=tuple(sources),
        name=name,
    )


def filled_up(rows: Sequence[Sequence[int]], padding: int) -> torch.Tensor:
    """Rows of numbers as one int64 tensor `(N, T)`, the shorter ones filled up.

    >>> filled_up([[5], [6, 7]], padding=0)
    tensor([[5, 0],
            [6, 7]])
    """
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[padding] * (longest - len(row))] for row in rows])


def reads_texts(model: nn.Module) -> TextNetwork:
    """The model, if it is one for texts.

    Raises:
        ValueError: it is not, or it has no tokenizer.
    """
    if not isinstance(model, TextNetwork) or model.tokens is None:
        raise ValueError(
            f"This {type(model).__name__} has no tokenizer: texts are for networks that `load` makes, such as "
            "load('minilm', num_classes=4)."
        )
    return model


def _reader(model: nn.Module, max_tokens: int | None) -> tuple[Tokens, int, int]:
    network = reads_texts(model)
    assert network.tokens is not None
    if max_tokens is None:
        return network.tokens, network.padding, network.max_tokens
    if isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or not 3 <= max_tokens <= network.max_tokens:
        raise ValueError(f"max_tokens is a whole number from 3 to {network.max_tokens}; you gave {max_tokens!r}.")
    return network.tokens, network.padding, max_tokens


def _reported(report: TextReport, encoded: list[Encoded], rows: Sequence[str], at_most: int) -> TextReport:
    lengths = [len(one.numbers) for one in encoded]
    if not all(any(not special for special in one.special) for one in encoded):
        empty = [row for row, one in zip(rows, encoded, strict=True) if all(one.special)]
        raise ValueError(f"The model's tokenizer finds nothing in {plural(len(empty), 'text')}: {some(empty)}.")
    middle = int(median(lengths))
    remarks = report.remarks
    if max(lengths) > MUCH_PADDING * middle and max(lengths) > 32:
        remarks = (
            *remarks,
            f"the longest text has {max(lengths)} tokens and the middle one {middle}: with max_tokens={4 * middle} "
            "training takes a fraction of the time",
        )
    return replace(
        report,
        truncated=tuple(printable(row) for row, one in zip(rows, encoded, strict=True) if one.cut),
        at_most=at_most,
        unknown={printable(row): one.unknown for row, one in zip(rows, encoded, strict=True) if one.unknown},
        remarks=remarks,
    )


def _first_tokens(words: Sequence[str], answers: Sequence[int], one: Encoded) -> list[int]:
    """The answer of each word at its first token, -100 elsewhere."""
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word) + 1
    labels, done = [UNLABELLED] * len(one.numbers), set[int]()
    for place, ((start, end), special) in enumerate(zip(one.letters, one.special, strict=True)):
        if special or start == end:
            continue
        # Some tokenizers count the space in front of a word to its first token.
        number = max(i for i, begin in enumerate(starts) if begin <= max(start, end - 1))
        if number not in done:
            labels[place] = answers[number]
            done.add(number)
    return labels
