"""The command `transferlab`: `lab` opens the lab, `run` trains recipes side by side, `claims` tries what is said of
transfer learning, `lessons` copies the course, `doctor` says what is missing here, `filters` and `explain` look inside,
`fetch` brings pretrained weights, `bench` measures.

What can go wrong for a user ends in one sentence and exit status 2, without a traceback.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from transferlab import __version__
from transferlab.files import write_atomically

DEFAULT_RECIPES = ("feature_extraction", "gradual_unfreezing", "from_scratch")
QUICK_SHARE = 0.1  # of each recipe's epochs: enough to see the order of the recipes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status.

    >>> main(["run", "--quick"])
    0
    """
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except (ValueError, OSError) as error:
        print(f"transferlab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = getattr(options, "checkpoints", None)
        told = (
            f"go on with --checkpoints {kept} --resume" if kept else getattr(options, "stopped", "nothing was written")
        )
        print(f"\ntransferlab: stopped; {told}.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="transferlab", description="Learn transfer learning by doing it.")
    parser.add_argument("--version", action="version", version=f"transferlab {__version__}")
    commands = parser.add_subparsers(
        title="commands",
        required=True,
        metavar="lab | run | claims | lessons | doctor | filters | explain | fetch | bench",
    )

    lab = commands.add_parser("lab", help="open JupyterLab on a notebook with the lab in it")
    lab.set_defaults(command=_lab)
    lab.add_argument(
        "notebook", nargs="?", type=Path, default=Path("transferlab.ipynb"), help="made if it is not there"
    )
    lab.add_argument("--data", default="objects", help="a drawn target (objects, satellite, …) or a folder of images")
    lab.add_argument("--backbone", default="bundled", help="bundled, torchvision/resnet50, timm/efficientnet_b4, …")
    lab.add_argument("--no-browser", action="store_true", help="start the server and print its address")

    run = commands.add_parser("run", help="train recipes side by side and show what was learned and forgotten")
    run.set_defaults(command=_run)
    run.add_argument("--data", default="objects", help="a drawn target (objects, satellite, …) or a folder of images")
    run.add_argument("--backbone", default="bundled", help="bundled, torchvision/resnet50, timm/efficientnet_b4, …")
    run.add_argument("--recipe", action="append", help="may be given several times; default: three side by side")
    run.add_argument("--per-class", type=int, help="training images a class; default: 20 drawn, all of a folder")
    run.add_argument("--seed", type=int, default=0)
    run.add_argument(
        "--seeds", type=int, default=1, help="repeat with so many seeds, from --seed on, and give intervals"
    )
    run.add_argument("--device", default="cpu", help="cpu, cuda or mps")
    run.add_argument("--out", type=Path, default=Path("transferlab-run"), help="where run.json and curves.png go")
    run.add_argument("--checkpoints", type=Path, metavar="DIR", help="save each run there after each epoch")
    run.add_argument("--resume", action="store_true", help="go on from what is in --checkpoints")
    run.add_argument("--quick", action="store_true", help="fewer epochs: a first look")
    run.add_argument("--json", action="store_true", help="print run.json on standard output, and nothing else there")

    claims = commands.add_parser("claims", help="try what is said of transfer learning: effects, intervals, verdicts")
    claims.set_defaults(command=_claims)
    extent = claims.add_mutually_exclusive_group()
    extent.add_argument("--quick", action="store_true", help="within ten minutes on two cores (the default)")
    extent.add_argument("--full", action="store_true", help="more seeds and images, within an hour on two cores")
    claims.add_argument("--claim", type=int, action="append", default=[], help="a number; may be given several times")
    claims.add_argument("--seed", type=int, default=0, help="the base seed; another one has other seeds throughout")
    claims.add_argument("--workers", type=int, help="processes, one thread each; default: as many as cores, at most 8")
    claims.add_argument("--fresh", action="store_true", help="measure anew what was measured before")
    claims.add_argument("--list", action="store_true", help="show the claims and try none")
    claims.add_argument("--out", type=Path, default=Path("transferlab-claims"), help="where claims.json and .html go")
    claims.add_argument(
        "--json", action="store_true", help="print claims.json on standard output, and nothing else there"
    )

    filters = commands.add_parser("filters", help="show the first layer's kernels, and count how many are edges")
    filters.set_defaults(command=_filters)
    filters.add_argument("--backbone", default="bundled", help="bundled, torchvision/resnet50, a weights file, …")
    filters.add_argument("--seed", type=int, default=0, help="of the random networks beside it")
    filters.add_argument("--out", type=Path, default=Path("transferlab-filters"), help="where filters.png goes")

    lessons = commands.add_parser("lessons", help="list the lessons, or copy their notebooks into a folder")
    lessons.set_defaults(command=_lessons)
    lessons.add_argument("what", choices=("list", "copy"))
    lessons.add_argument("folder", nargs="?", type=Path, default=Path("lessons"), help="where copies go")
    lessons.add_argument("--teacher", action="store_true", help="copy with solutions and the instructor's notes")

    doctor = commands.add_parser("doctor", help="what works on this machine, what is missing, and what mends it")
    doctor.set_defaults(command=_doctor)
    doctor.add_argument("--offline", action="store_true", help="try only what lessons need without a network")

    explain = commands.add_parser("explain", help="train, then look into the networks: maps, drift, a lie detector")
    explain.set_defaults(command=_explain)
    explain.add_argument("--data", default="objects", help="a drawn target (objects, satellite, …) or a folder")
    explain.add_argument("--backbone", default="bundled", help="bundled, torchvision/resnet50, timm/efficientnet_b4, …")
    explain.add_argument("--method", action="append", help="may be given several times; default: two of them")
    explain.add_argument("--per-class", type=int, help="training images a class; default: 20 drawn, all of a folder")
    explain.add_argument("--images", type=int, default=200, help="how many held-out images the maps are measured on")
    explain.add_argument("--judged", type=int, default=16, help="how many of them the lie detector gets")
    explain.add_argument("--seed", type=int, default=0)
    explain.add_argument("--device", default="cpu", help="cpu, cuda or mps")
    explain.add_argument("--quick", action="store_true", help="fewer epochs: a first look")
    explain.add_argument("--out", type=Path, default=Path("transferlab-explain"), help="where the pictures go")

    fetch = commands.add_parser("fetch", help="download pretrained weights, for use offline; or all that a class needs")
    fetch.set_defaults(command=_fetch, stopped="the same command goes on from there")
    fetch.add_argument("name", nargs="?", help="such as torchvision/resnet50 or timm/efficientnet_b4.ra2_in1k")
    fetch.add_argument("--profile", help="binder or classroom: fill --dest with what lessons need without a network")
    fetch.add_argument("--dest", type=Path, metavar="DIR", help="a folder to bake into an image or copy to a stick")
    fetch.add_argument("--check", action="store_true", help="read every file in --dest again; needs no network")

    bench = commands.add_parser("bench", help="measure how long the same work takes here and with fastai, Lightning, …")
    bench.set_defaults(command=_bench)
    bench.add_argument("--job", action="append", default=[], help="may be given several times; default: every job")
    bench.add_argument("--way", action="append", default=[], help="a single way, such as head or head_fastai")
    bench.add_argument("--repeats", type=int, default=3, help="how often each way is measured, in turns")
    bench.add_argument("--add", action="store_true", help="more turns for the figures that --out holds already")
    bench.add_argument("--native", action="store_true", help="each tool with its own defaults, in a second table")
    bench.add_argument("--live", action="store_true", help="what the lab costs a run: curves, and pictures")
    bench.add_argument("--gpu", action="store_true", help="seconds on a GPU, beside the tutorial's loop there")
    bench.add_argument("--memory", action="store_true", help="how memory grows with images, epochs and heads instead")
    bench.add_argument("--small", action="store_true", help="a trial in seconds, whose figures mean nothing")
    bench.add_argument("--out", type=Path, help="where the figures go; default: transferlab-bench.json and the like")
    return parser


def _lab(options: argparse.Namespace) -> int:
    from transferlab.opening import open_lab

    more = ["--no-browser"] if options.no_browser else []
    return open_lab(options.notebook, options.backbone, options.data, more)


def _run(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from transferlab.backbones import load
    from transferlab.backbones.card import card_of
    from transferlab.comparison import Comparison, find_data
    from transferlab.joining import join
    from transferlab.plots import label, run_figure, save_figure
    from transferlab.randomness import check_device
    from transferlab.recipes import recipe as recipe_named
    from transferlab.records import Epoch
    from transferlab.tables import result_table, seeds_table, stage_table

    check_device(options.device)
    processes = join(options.device)

    def say(text: str) -> None:
        if processes.leads:
            print(text, file=sys.stderr if options.json else sys.stdout, flush=True)

    if options.resume and not options.checkpoints:
        raise ValueError("--resume needs the folder of the checkpoints: transferlab run --checkpoints DIR --resume.")
    if options.seeds < 1:
        raise ValueError(f"--seeds is the number of repetitions, 1 or more; you gave {options.seeds}.")
    recipes = [recipe_named(name) for name in dict.fromkeys(options.recipe or DEFAULT_RECIPES)]
    if options.quick:
        recipes = [recipe.shortened(QUICK_SHARE) for recipe in recipes]
    if processes.leads:
        options.out.mkdir(parents=True, exist_ok=True)
    card = card_of(load(options.backbone, pretrained=False))
    assert card is not None
    runs = []
    for seed in range(options.seed, options.seed + options.seeds):
        with processes.first_here():  # the others find a folder's images decoded
            data = find_data(options.data, options.per_class, card.input_size, seed)
        comparison = Comparison(
            options.backbone, data, recipes, seed, options.device, probes_per_class=2 if options.quick else 5,
            checkpoints=options.checkpoints, resume=options.resume,
        )  # fmt: skip
        if seed == options.seed:
            counts = f"{len(data.train)} images to train on, {len(data.held_out)} held out"
            say(f"{options.backbone} on {data.train.name}: {data.train.num_classes} classes, {counts}")
            for note in data.notes:
                say(f"note: {note}")
            say(f"\n{stage_table(comparison.plans())}\n")
        # disable=None: no bar where nobody watches, for each of its refreshes would be a line of a log file.
        total = sum(recipe.epochs for recipe in recipes)
        silent = None if processes.leads else True
        with tqdm(total=total, unit="epoch", file=sys.stderr, leave=False, disable=silent) as bar:
            for recipe, record in comparison.records():
                if isinstance(record, Epoch) and record.epoch > 0:
                    bar.set_description(f"seed {seed}, {label(recipe.name)}, {record.phase}")
                    bar.set_postfix_str(f"held-out {record.held_out_accuracy:.0%}")
                    bar.update()
        runs += comparison.runs
        if options.seeds == 1:
            say(result_table(comparison.runs))
    if options.seeds > 1:
        say(seeds_table(runs))
    if not processes.leads:
        return 0
    picture = save_figure(run_figure(runs[: len(recipes)]), options.out / "curves.png")
    payload = json.dumps({"kind": "Comparison", "runs": [run.to_dict() for run in runs]}, indent=1, ensure_ascii=False)
    written = write_atomically(
        options.out / "run.json", lambda partial: partial.write_text(payload + "\n", encoding="utf-8")
    )
    if options.json:
        print(payload)
    say(f"\nwritten: {written} {picture}")
    return 0


def _claims(options: argparse.Namespace) -> int:
    from transferlab.claims.command import list_claims, try_claims

    return list_claims(options) if options.list else try_claims(options)


def _filters(options: argparse.Namespace) -> int:
    from transferlab.backbones import load
    from transferlab.explain.edges import filter_report
    from transferlab.plots import filters_figure, save_figure

    report = filter_report(load(options.backbone), options.seed)
    print(report)
    print(f"\nwritten: {save_figure(filters_figure(report), options.out / 'filters.png')}")
    return 0


def _explain(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from transferlab.backbones import load
    from transferlab.backbones.card import card_of
    from transferlab.comparison import find_data
    from transferlab.errors import unknown
    from transferlab.examination import METHODS, Examination, inside_table
    from transferlab.explain import METHODS as ALL
    from transferlab.explain.checks import verdict_table
    from transferlab.plots import comparison_figure, label, save_figure, verdict_axes
    from transferlab.randomness import check_device
    from transferlab.tables import result_table

    check_device(options.device)
    methods = tuple(dict.fromkeys(options.method or METHODS))
    for method in methods:
        if method not in ALL:
            raise unknown("method", method, tuple(ALL), owner="Methods are")
    for name, least in (("images", 1), ("judged", 2)):
        if getattr(options, name) < least:
            raise ValueError(f"--{name} is a number of images, {least} or more; you gave {getattr(options, name)}.")
    card = card_of(load(options.backbone, pretrained=False))
    assert card is not None
    data = find_data(options.data, options.per_class, card.input_size, options.seed)
    share = QUICK_SHARE if options.quick else 1.0
    examination = Examination(options.backbone, data, options.seed, options.device, share)
    counts = f"{len(data.train)} images to train on, {len(data.held_out)} held out"
    print(f"{options.backbone} on {data.train.name}: {counts}")
    with tqdm(total=examination.epochs, unit="epoch", file=sys.stderr, leave=False, disable=None) as bar:
        for recipe, _ in examination.train():
            bar.set_description(label(recipe.name))
            bar.update()
    print(f"\n{result_table(examination.runs)}\n")
    if data.held_out.masks is not None:
        print(f"{inside_table(examination.inside(methods, options.images))}\n")
    verdicts = examination.verdicts(methods, options.judged)
    print(f"{verdict_table(verdicts)}\n\n{examination.drift_table()}")
    pictures = [
        save_figure(comparison_figure(examination.side_by_side(method=methods[0])), options.out / "maps.png"),
        save_figure(verdict_axes(verdicts), options.out / "verdicts.png"),
    ]
    print(f"\nwritten: {' '.join(map(str, pictures))}")
    return 0


def _lessons(options: argparse.Namespace) -> int:
    from transferlab.learning.notebooks import copy_lessons, lesson_titles

    if options.what == "list":
        for name, title in lesson_titles().items():
            print(f"{name:24} {title}")
        return 0
    print(copy_lessons(options.folder, options.teacher))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from transferlab.health import examine

    report = examine(offline=options.offline)
    print(report)
    return 0 if report.is_fit else 1


def _fetch(options: argparse.Namespace) -> int:
    from transferlab.profiles import fetch_command

    return fetch_command(options)


def _bench(options: argparse.Namespace) -> int:
    from transferlab.bench.command import measure

    return measure(options)


if __name__ == "__main__":
    sys.exit(main())
