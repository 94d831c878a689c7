"""Texts with a label each, before any model has turned them into tokens, and the report of how they were read.

Left out: what a model makes of them (`tokenising.py`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from transferlab.data.checks import check_names
from transferlab.data.folder_report import noted, plural, some
from transferlab.data.listing import Skipped


@dataclass(frozen=True)
class TextReport:
    """What was found in a file or folder, what was passed over, and what was done to the texts. Print it.

        >>> print(read_texts("reviews.csv").report)
        reviews.csv: 98 texts of 2 classes
          skipped 2: no label (1), empty text (1)
            row 17: no label
            row 40: empty text

    Rows are counted as an editor counts them: a table's header is row 1. `encodings` says how files were read that are
    not UTF-8. `truncated` names the texts that are longer than what the model reads, `at_most` how many tokens that is;
    `unknown` counts the tokens that its vocabulary has no sign for, by text.
    """

    path: str
    counts: dict[str, int]
    skipped: tuple[Skipped, ...] = ()
    encodings: tuple[str, ...] = ()
    duplicates: tuple[tuple[str, ...], ...] = ()
    conflicts: tuple[tuple[str, ...], ...] = ()
    truncated: tuple[str, ...] = ()
    at_most: int | None = None
    unknown: dict[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing that a user should know, none where all is well."""
        notes = []
        if self.skipped:
            reasons = Counter(entry.reason.split(" (")[0].split(";")[0] for entry in self.skipped)
            listed = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common(6))
            notes.append(f"skipped {len(self.skipped)}: {listed}")
        notes += self.encodings
        if self.duplicates:
            copies = sum(len(group) - 1 for group in self.duplicates)
            notes.append(f"{plural(copies, 'exact copy', 'exact copies')} of other texts: {_groups(self.duplicates)}")
        if self.conflicts:
            notes.append(f"the same text with two labels: {_groups(self.conflicts)}")
        if self.truncated:
            notes.append(
                f"cut after {self.at_most:,} tokens: {plural(len(self.truncated), 'text')}, {some(self.truncated, 5)}"
            )
        if self.unknown:
            number = sum(self.unknown.values())
            notes.append(
                f"{plural(number, 'token')} that the model's vocabulary has no sign for, in "
                f"{plural(len(self.unknown), 'text')}: {some(tuple(self.unknown), 5)}"
            )
        return (*notes, *self.remarks)

    def __str__(self) -> str:
        number = plural(sum(self.counts.values()), "text")
        lines = [f"{self.path}: {number} of {plural(len(self.counts), 'class', 'classes')}"]
        return "\n".join([*lines, *noted(self.notes(), self.skipped)])


@dataclass(frozen=True, eq=False, repr=False)
class LabelledTexts:
    """Texts and the class of each.

        >>> LabelledTexts(("Is it open?", "It is cold."), ("question", "remark"))
        LabelledTexts(2 texts, 2 classes: question 1, remark 1)

    `class_names` are in the order of the labels' numbers: as given, else sorted. `rows` says where each text stands in
    its file. Raises ValueError where numbers differ, a text is empty, or a label is none of the classes.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    class_names: tuple[str, ...] = ()
    name: str = ""
    report: TextReport | None = None
    rows: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for own in ("texts", "labels"):
            object.__setattr__(self, own, check_names(own, getattr(self, own)))
        object.__setattr__(self, "class_names", tuple(self.class_names) or tuple(sorted(set(self.labels))))
        object.__setattr__(self, "rows", tuple(self.rows) or tuple(f"text {i}" for i in range(len(self.texts))))
        if not self.texts:
            raise ValueError("There are no texts; give at least one.")
        if len(self.texts) != len(self.labels):
            raise ValueError(
                f"Every text has one label; you gave {len(self.texts)} texts and {len(self.labels)} labels."
            )
        empty = [row for row, text in zip(self.rows, self.texts, strict=True) if not text.strip()]
        if empty:
            raise ValueError(f"{plural(len(empty), 'text')} without a letter: {some(empty)}. Leave such texts out.")
        if others := sorted(set(self.labels) - set(self.class_names)):
            raise ValueError(f"Labels that are none of the class_names: {some(others)}.")

    def counts(self) -> dict[str, int]:
        """How many texts each class has."""
        counted = Counter(self.labels)
        return {name: counted[name] for name in self.class_names}

    def __len__(self) -> int:
        return len(self.texts)

    def subset(self, index: Sequence[int]) -> "LabelledTexts":
        """The texts at these positions; all classes keep their numbers."""
        chosen = [(self.texts[i], self.labels[i], self.rows[i]) for i in index]
        texts, labels, rows = zip(*chosen, strict=True) if chosen else ((), (), ())
        return replace(self, texts=texts, labels=labels, rows=rows)

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        counts = ", ".join(f"{one} {count}" for one, count in list(self.counts().items())[:8])
        more = ", …" if len(self.class_names) > 8 else ""
        return f"LabelledTexts({name}{len(self):,} texts, {len(self.class_names)} classes: {counts}{more})"


def _groups(groups: Sequence[tuple[str, ...]], at_most: int = 5) -> str:
    shown = ", ".join(" = ".join(group[:4]) + (" = …" if len(group) > 4 else "") for group in groups[:at_most])
    return shown + (f" and {len(groups) - at_most} more" if len(groups) > at_most else "")
