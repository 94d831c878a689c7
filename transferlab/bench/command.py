"""What `transferlab bench` does: measure the ways that were asked for, print the tables, write the figures."""

import argparse
import json
from pathlib import Path

from transferlab.bench import gpu, live, memory_scaling
from transferlab.bench.measuring import added, chosen, run_in_turns
from transferlab.bench.report import drift, medians_table, native_note, ratios_table
from transferlab.files import write_atomically


def measure(options: argparse.Namespace) -> int:
    """Carry out `transferlab bench`; returns the exit status.

    Raises:
        ValueError: options that do not go together, no turn, or figures to add to that are not there.
    """
    apart = [kind for kind in ("live", "gpu", "memory") if getattr(options, kind)]
    kind = f"-{apart[0]}" if apart else "-native" if options.native else ""
    out = options.out or Path(f"transferlab-bench{kind}.json")
    if apart:
        return measure_apart(options, apart, out)
    if options.repeats < 1:
        raise ValueError(f"--repeats is how often each way is measured, 1 or more; you gave {options.repeats}.")
    if options.add and not out.is_file():
        raise ValueError(f"--add needs figures to add to, and there is no file {out}.")
    before = json.loads(out.read_text(encoding="utf-8")) if options.add else None
    jobs = [*options.job, "native defaults"] if options.native else options.job
    figures = run_in_turns(chosen(jobs, options.way), options.repeats, small=options.small)
    if before is not None:
        figures = added(before, figures)
    text = json.dumps(figures, indent=1) + "\n"
    written = write_atomically(out, lambda partial: partial.write_text(text, encoding="utf-8"))
    for part in (medians_table(figures), ratios_table(figures), native_note(figures)):
        if part:
            print(f"\n{part}")
    packages = ", ".join(f"{name} {number}" for name, number in figures["versions"].items())
    turns = f"{figures['repeats']} turns; the machine's own drift: {drift(figures):.2f}×"
    print(f"\n{figures['machine']}; {packages}; {turns}")
    print(f"written: {written}")
    return 0


def measure_apart(options: argparse.Namespace, kinds: list[str], out: Path) -> int:
    """What is measured by ways of its own: what the lab costs a run, seconds on a GPU, memory."""
    if len(kinds) > 1 or options.job or options.way or options.native or options.add:
        raise ValueError(
            f"--{kinds[0]} measures ways of its own; leave --job, --way, --native, --add and the others out."
        )
    if kinds == ["live"]:
        figures = live.live_figures(options.repeats, small=options.small)
        lines = live.live_table(figures)
    elif kinds == ["gpu"]:
        figures = gpu.gpu_figures(options.repeats, small=options.small)
        lines = gpu.gpu_table(figures)
    else:
        figures = memory_scaling.memory_figures(small=options.small)
        lines = memory_scaling.memory_table(figures)
    text = json.dumps(figures, indent=1) + "\n"
    written = write_atomically(out, lambda partial: partial.write_text(text, encoding="utf-8"))
    print(f"\n{lines}\n\n{figures['machine']}\nwritten: {written}")
    return 0
