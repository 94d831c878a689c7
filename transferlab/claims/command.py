"""What `transferlab claims` does: try the claims, say each verdict as it comes, write claims.json and claims.html."""

import argparse
import os
import sys
import tempfile

from tqdm import tqdm

from transferlab.claims.claim import Scale
from transferlab.claims.ledger import chosen, entries, ledger_of
from transferlab.claims.page import write_page
from transferlab.experiments.pools import Workers

MOST_WORKERS = 8  # of processes that a plain call starts


def list_claims(options: argparse.Namespace) -> int:
    """Print every claim, its source and its experiment."""
    for claim in chosen(options.claim):
        print(f"{claim.number:2}. {claim.text}\n    {claim.source}\n    {claim.experiment}")
    return 0


def try_claims(options: argparse.Namespace) -> int:
    """Try the claims that were asked for; returns the exit status.

    Raises:
        ValueError: no such claim, or a number that is none.
    """

    def say(text: str) -> None:
        print(text, file=sys.stderr if options.json else sys.stdout, flush=True)

    claims = chosen(options.claim)
    workers = options.workers if options.workers is not None else min(MOST_WORKERS, cores())
    for name, value, least in (("workers", workers, 1), ("seed", options.seed, 0)):
        if value < least:
            raise ValueError(f"--{name} is a whole number, {least} or more; you gave {value}.")
    options.out.mkdir(parents=True, exist_ok=True)
    found = []
    # Claims share a sweep, so that measuring anew needs a cache too, of its own.
    with Workers(workers) as pool, tempfile.TemporaryDirectory(prefix="transferlab-claims-") as own:
        scale = Scale("full" if options.full else "quick", options.seed, pool, own if options.fresh else True)
        # disable=None: no bar where nobody watches, for each of its refreshes would be a line of a log file.
        with tqdm(total=len(claims), unit="claim", file=sys.stderr, leave=False, disable=None) as bar:
            for entry in entries(scale, claims):
                found.append(entry)
                bar.update()
                with tqdm.external_write_mode(sys.stderr):
                    say(f"{entry}\n")
    ledger = ledger_of(scale, found)
    say(str(ledger))
    written = ledger.save(options.out / "claims.json")
    if options.json:
        print(written.read_text(encoding="utf-8"), end="")
    say(f"\nwritten: {written} {write_page(ledger, options.out / 'claims.html')}")
    return 0


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
