"""How far does a network for photographs get with sounds? The bundled backbone on spectrograms, frozen, tuned, scratch.

    python data_scripts/measure_sound.py --seeds 5 --per-class 20

Each seed makes its own sounds and its own head; held out are 25 sounds a class. Prints the mean accuracy over the
seeds, ± half of its 95 % interval (Student's t), and the differences between the ways, seed by seed.
"""

import argparse
import time

import torch

import transferlab as tl
from transferlab.meters import mean_interval
from transferlab.sound import spectrograms, world

WAYS = {
    "frozen + head": ("feature_extraction", True),
    "fine-tuning": ("fine_tuning", True),
    "from scratch": ("from_scratch", False),
}


def accuracy(task: str, way: str, seed: int, per_class: int, colours: str, knobs: dict) -> float:
    recipe, pretrained = WAYS[way]
    pictures = spectrograms(world.target(task, per_class, seed=seed, **knobs), colours=colours)
    torch.manual_seed(seed)
    model = tl.load("bundled", pictures.train.num_classes, pretrained=pretrained)
    return tl.train(model, pictures, recipe, seed=seed, progress=False).accuracy


def with_interval(values: list[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:6.1%}"
    mean, half = mean_interval(values)
    return f"{mean:6.1%} ± {half:.1%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", nargs="+", default=["timbre", "vowel"])
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--per-class", type=int, default=20)
    parser.add_argument("--colours", default="magma")
    parser.add_argument("--snr", type=float, default=30.0)
    parser.add_argument("--room", type=float, default=0.0)
    parser.add_argument("--detune", type=float, default=0.0)
    options = parser.parse_args()
    knobs = {"snr": options.snr, "room": options.room, "detune": options.detune}
    for task in options.tasks:
        found: dict[str, list[float]] = {}
        for way in options.ways:
            begun = time.perf_counter()
            seeds = range(options.first_seed, options.first_seed + options.seeds)
            found[way] = [accuracy(task, way, seed, options.per_class, options.colours, knobs) for seed in seeds]
            seconds = (time.perf_counter() - begun) / options.seeds
            print(f"{task:8} {way:14} {with_interval(found[way])}  {seconds:.0f} s a run", flush=True)
        for way in options.ways[1:]:
            gain = [a - b for a, b in zip(found[options.ways[0]], found[way], strict=True)]
            print(f"{task:8} {options.ways[0]} less {way}: {with_interval(gain)}", flush=True)


if __name__ == "__main__":
    main()
