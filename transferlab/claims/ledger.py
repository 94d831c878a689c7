"""The ledger: every claim tried, one after the other, with its verdict, its effects and what it cost.

    ledger = settle(Scale("quick"))
    print(ledger)
    ledger.save("claims.json")

A claim whose experiment fails has the error for a verdict, and the others go on.
"""

import dataclasses
import json
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

import transferlab
from transferlab.claims.all_claims import CLAIMS
from transferlab.claims.claim import Claim, Finding, Outcome, Scale
from transferlab.errors import unknown
from transferlab.files import write_atomically
from transferlab.machine import processor
from transferlab.tables import table

ERROR = "could not be tried"


@dataclass(frozen=True)
class Entry:
    """A claim, what came out of it, and how long that took; `outcome` is None where `error` says why."""

    claim: Claim
    outcome: Outcome | None
    seconds: float
    error: str = ""

    @property
    def verdict(self) -> str:
        return self.outcome.verdict if self.outcome else ERROR

    def to_dict(self) -> dict[str, Any]:
        values: dict[str, Any] = {
            "number": self.claim.number, "claim": self.claim.text, "source": self.claim.source,
            "experiment": self.claim.experiment, "verdict": self.verdict, "seconds": round(self.seconds, 1),
        }  # fmt: skip
        if self.outcome is None:
            return {**values, "error": self.error}
        findings = [
            {**dataclasses.asdict(one.effect), "main": one.main, "margin": one.margin, "unit": one.unit,
             "borne_out": one.borne_out}
            for one in self.outcome.findings
        ]  # fmt: skip
        return {**values, "findings": findings, "notes": list(self.outcome.notes), "data": self.outcome.data}

    def __str__(self) -> str:
        lines = [f"{self.claim.number}. {self.claim.text}: {self.verdict.upper()}", f"   {self.claim.source}"]
        if self.outcome is None:
            return "\n".join([*lines, f"   {self.error}"])
        lines += [f"   {'•' if one.main else '◦'} {one}" for one in self.outcome.findings]
        return "\n".join([*lines, *(f"   {note}" for note in self.outcome.notes)])


@dataclass(frozen=True)
class Ledger:
    """Entries in the order of the claims, and what they were made with."""

    scale: str
    base_seed: int
    entries: tuple[Entry, ...]
    made_with: dict[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in self.entries)

    def __str__(self) -> str:
        rows = []
        for one in self.entries:
            main = next((found for found in one.outcome.findings if found.main), None) if one.outcome else None
            rows.append(
                [f"{one.claim.number:2} {shortened(one.claim.text)}", _shown(main), one.verdict, f"{one.seconds:.0f}"]
            )
        found = table(["claim", "main effect (95 % interval)", "verdict", "seconds"], rows)
        return f"{found}\n{self.scale}, base seed {self.base_seed}, {self.seconds / 60:.1f} minutes"

    def save(self, path: str | Path) -> Path:
        """Write the ledger as JSON, whole or not at all."""
        values = {
            "kind": "Ledger", "scale": self.scale, "base_seed": self.base_seed, "made_with": self.made_with,
            "seconds": round(self.seconds, 1), "entries": [one.to_dict() for one in self.entries],
        }  # fmt: skip
        text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        return write_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def entries(scale: Scale, claims: Sequence[Claim] = CLAIMS) -> Iterator[Entry]:
    """Try the claims one by one.

    >>> for entry in entries(Scale("quick")): print(entry)
    """
    for claim in claims:
        begun = time.perf_counter()
        try:
            outcome, error = claim.run(scale), ""
        except (ValueError, OSError) as problem:
            outcome, error = None, str(problem)
        yield Entry(claim, outcome, time.perf_counter() - begun, error)


def settle(scale: Scale, claims: Sequence[Claim] = CLAIMS) -> Ledger:
    """Try the claims and return the ledger.

    >>> print(settle(Scale("quick", base_seed=1)))
    """
    return ledger_of(scale, tuple(entries(scale, claims)))


def ledger_of(scale: Scale, found: Sequence[Entry]) -> Ledger:
    """The entries with what they were made with."""
    made_with = {
        "transferlab": transferlab.__version__, "torch": torch.__version__, "python": platform.python_version(),
        "processor": processor(),
    }  # fmt: skip
    return Ledger(scale.name, scale.base_seed, tuple(found), made_with)


def chosen(numbers: Sequence[int]) -> tuple[Claim, ...]:
    """The claims of these numbers; all where there are none.

    >>> [claim.number for claim in chosen([3, 9])]
    [3, 9]

    Raises:
        ValueError: no claim has this number.
    """
    known = {claim.number: claim for claim in CLAIMS}
    for number in numbers:
        if number not in known:
            raise unknown("claim", number, list(map(str, known)), owner="The claims are")
    return tuple(known[number] for number in numbers) if numbers else CLAIMS


def shortened(text: str, most: int = 58) -> str:
    """A claim's text for a line of a table."""
    return text if len(text) <= most else f"{text[:most].rsplit(' ', 1)[0].rstrip(',')}…"


def _shown(main: Finding | None) -> str:
    return main.shown if main else "–"
