"""Draw the pictures of the README: a sheet of the drawn worlds, the questions and the gap, and the curves of a run.

`filters.png` and `maps.png` come from `transferlab filters` and `transferlab explain`.

python data_scripts/draw_figures.py --run transferlab-run/run.json --out lessons/figures
"""

import argparse
import json
from pathlib import Path

import torch
from matplotlib.figure import Figure

from transferlab.data import worlds
from transferlab.plots import contact_sheet, run_figure, save_figure, tile
from transferlab.records import Run

COLUMNS = 6


def sheet_of_worlds() -> Figure:
    """Every target with its classes, a class a row; the source world below, a picture a class."""
    figure = Figure(figsize=(16, 5.0), dpi=110, layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(3.4, 1.5))
    for ax, name in zip(above.subplots(1, len(worlds.TARGETS)), worlds.TARGETS, strict=True):
        images = worlds.target(name, per_class=COLUMNS, seed=2, size=96, held_out_per_class=1).train
        contact_sheet(images, columns=COLUMNS, ax=ax)
        ax.set_title(name, fontsize=13)
        ax.tick_params(labelsize=8)
    ax = below.subplots()
    drawn = worlds.source(per_class=2, seed=2, size=96)
    order = torch.arange(64).view(32, 2).T.flatten()  # one of each class, then a second of each
    ax.imshow(tile(drawn.images[order], columns=32).permute(1, 2, 0).numpy())
    ax.set_title("the source world: what the bundled backbone has seen", fontsize=13)
    ax.set_axis_off()
    return figure


def sheet_of_knobs() -> Figure:
    """One picture a column: five answers to five questions, and the same pictures at growing domain gaps."""
    figure = Figure(figsize=(13, 7.6), dpi=90, layout="constrained")
    gaps = (0.0, 0.25, 0.5, 0.75, 1.0)
    sets = {
        task: worlds.target(per_class=1, seed=5, task=task, size=96, held_out_per_class=1).train
        for task in worlds.TASKS
    }
    moved = [worlds.target(per_class=1, seed=5, size=96, domain_gap=gap, held_out_per_class=1).train for gap in gaps]
    for column, row in ((column, row) for column in range(8) for row in range(len(gaps))):
        ax = figure.add_subplot(len(gaps), 8, row * 8 + column + 1)
        ax.imshow(moved[row].images[column].permute(1, 2, 0).numpy())
        ax.set(xticks=[], yticks=[])
        if column == 0:
            ax.set_ylabel(f"gap {gaps[row]:g}", fontsize=11)
        if row == 0:
            answers = [f"{images.class_names[images.labels[column]]}" for images in sets.values()]
            ax.set_title("\n".join(answers), fontsize=9)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="run.json of `transferlab run`; without it only the worlds are drawn")
    parser.add_argument("--out", type=Path, default=Path("lessons/figures"))
    args = parser.parse_args()
    save_figure(sheet_of_worlds(), args.out / "worlds.png")
    save_figure(sheet_of_knobs(), args.out / "knobs.png")
    if args.run:
        runs = [Run.from_dict(values) for values in json.loads(args.run.read_text())["runs"]]
        first = [run for run in runs if run.seed == runs[0].seed]
        save_figure(run_figure(first), args.out / "first_transfer.png")


if __name__ == "__main__":
    main()
