"""Settle a bet: train every candidate in the same way, with several seeds, and compare.

    settled = settle(bet, candidates, data, "fine_tuning", seeds=range(3))
    settled = settle_stages(bet, model, data, seeds=range(3))

Backbones are trained by a recipe, as a sweep does it: kept, resumable, on several processes if asked. For a stage,
everything after it is thrown away and a linear head is trained on what it hands on. Left out: budgets and domain gaps
as further axes, which are a loop over bets.
"""

import functools
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from numbers import Integral
from pathlib import Path

import torch
from torch import Tensor, nn

from transferlab.bets.bet import Bet, SettledBet, settled_bet
from transferlab.bets.scoring import check_models, origin_of, stage_features
from transferlab.data.images import ImageSet, Splits
from transferlab.experiments.sweeps import sweep
from transferlab.many_heads import HeadFeatures, HeadSetting, train_heads
from transferlab.recipes import Recipe
from transferlab.recipes import recipe as recipe_named

STAGE_EPOCHS = 60  # features of lower stages need larger weights than the 20 of feature_extraction reach


def settle(
    bet: Bet, candidates: Mapping[str, nn.Module], data: Splits, recipe: str | Recipe = "feature_extraction",
    seeds: Iterable[int] = (0, 1, 2), *, most_images: int | None = None, device: str = "cpu", workers: int = 1,
    executor: Executor | None = None, cache: bool | str | Path = True, progress: bool = True,
) -> SettledBet:  # fmt: skip
    """Train each candidate on all of `data.train` with each seed, and compare the ranks with held-out accuracy.

        >>> print(settle(bet, candidates, data, "fine_tuning", seeds=range(3)))

    The candidates stay as they are. A seed gives the first weights of the head and the order of the images. The other
    arguments are those of `sweep`.

    Raises:
        ValueError: other candidates, weights or images than those of the bet; a recipe that begins at random weights;
            or a candidate that could not be trained, and why.
    """
    recipe, seeds = recipe_named(recipe), _seeds(seeds)
    check_models(candidates)
    _check_same(bet, candidates, data)
    if recipe.starts_from == "random":
        raise ValueError(
            f"'{recipe.name}' throws the candidates' weights away, and the bet is on these. "
            "Type 'feature_extraction' or 'fine_tuning'."
        )
    all_images = functools.partial(_all_images, data.train, data.held_out)
    per_class = min(data.train.counts().values())  # what rows are called by; everything is trained on
    accuracies = {}
    for name in bet.names:
        results = sweep(
            {recipe.name: recipe}, (per_class,), seeds, all_images, candidates[name], most_images=most_images,
            device=device, workers=workers, executor=executor, cache=cache, progress=progress,
        )  # fmt: skip
        if results.failed:
            raise ValueError(f"'{name}' could not be trained: {results.failed[0].error}")
        found = results.values(recipe.name, per_class)
        accuracies[name] = tuple(found[seed] for seed in seeds)
    return settled_bet(bet, recipe.name, seeds, accuracies)


def settle_stages(
    bet: Bet, model: nn.Module, data: Splits, seeds: Iterable[int] = (0, 1, 2), epochs: int = STAGE_EPOCHS,
    batch_size: int = 32,
) -> SettledBet:  # fmt: skip
    """Freeze the network up to each stage, train a linear head on what that stage hands on, and compare.

        >>> print(settle_stages(Bet(score_stages(model, data)), model, data))

    The head goes the way of `feature_extraction`, mirror images included where they are safe. It sees each feature
    scaled to variance 1 on the training images: stages differ a hundredfold in size, and one learning rate serves all.

    Raises:
        ValueError: other stages, weights or images than those of the bet, or a network that cannot be tapped.
    """
    seeds = _seeds(seeds)
    if not isinstance(model, nn.Module):
        raise ValueError(f"settle_stages() takes one network; you gave {type(model).__name__}. For several: settle().")
    _check_same(bet, dict.fromkeys(bet.names, model), data)
    views = (False, True) if "flip" in data.train.label_safe else (False,)
    train = [stage_features(model, data.train, mirrored) for mirrored in views]
    held_out = stage_features(model, data.held_out)
    if set(held_out) != set(bet.names):
        raise ValueError(
            f"The bet is on {', '.join(bet.names)}, and this network's stages are {', '.join(held_out)}. "
            "Type Bet(score_stages(model, data))."
        )
    accuracies = {}
    for stage in bet.names:
        features = _head_features([view[stage] for view in train], held_out[stage], data)
        heads = train_heads(features, [HeadSetting(seed=seed) for seed in seeds], epochs, batch_size)
        accuracies[stage] = tuple(head.accuracy for head in heads)
    return settled_bet(bet, "a linear head on the frozen stage", seeds, accuracies)


def _head_features(train: list[Tensor], held_out: Tensor, data: Splits) -> HeadFeatures:
    """Features of one stage, scaled, with a network that is nothing but the head to be trained on them."""
    spread = train[0].std(0, correction=0)
    mean, scale = train[0].mean(0), torch.where(spread > 1e-8, spread, 1.0)
    num_classes = data.train.num_classes
    head = nn.Sequential(nn.Flatten(), nn.utils.skip_init(nn.Linear, held_out.shape[1], num_classes))
    return HeadFeatures(
        head, (torch.stack(train) - mean) / scale, data.train.labels.cpu(), (held_out - mean) / scale,
        data.held_out.labels.cpu(), num_classes,
    )  # fmt: skip


def _all_images(train: ImageSet, held_out: ImageSet, per_class: int, seed: int) -> Splits:
    """The images that the bet was made on, for every seed."""
    return Splits(train, held_out)


def _seeds(seeds: Iterable[int]) -> tuple[int, ...]:
    try:
        found = list(dict.fromkeys([seeds] if isinstance(seeds, int) else seeds))
    except TypeError:
        raise ValueError(f"seeds are a list, such as range(3); you gave {seeds!r}.") from None
    if not found or any(isinstance(one, bool) or not isinstance(one, Integral) or one < 0 for one in found):
        raise ValueError(f"seeds are whole numbers of at least 0, such as range(3); you gave {found}.")
    return tuple(int(one) for one in found)


def _check_same(bet: Bet, candidates: Mapping[str, nn.Module], data: Splits) -> None:
    """Ranks are fixed before training: the same names, weights and images as when they were."""
    if not isinstance(bet, Bet):
        raise ValueError(f"First comes a bet: type Bet(score_backbones(candidates, data)); you gave {bet!r}.")
    if not isinstance(data, Splits):
        raise ValueError(f"A bet is settled on held-out images, so data are Splits; you gave {type(data).__name__}.")
    if set(candidates) != set(bet.names):
        raise ValueError(f"The bet is on {', '.join(bet.names)}; the candidates are {', '.join(candidates)}.")
    for one in bet.scores:
        if origin_of(candidates[one.name], data.train) != one.origin:
            raise ValueError(
                f"The weights of '{one.name}', or the training images, are not those that the bet was made on. "
                "Make a new bet: Bet(score_backbones(candidates, data)), or score_stages(model, data)."
            )
