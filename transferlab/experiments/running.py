"""Carry out a few cells in one process: what a worker of a sweep does.

Cells that train a head alone on the same images share one pass of the frozen backbone and are trained at once (see
`many_heads`); any other cell is a run of `fit`. Everything computes with one thread, so that a table does not depend on
how many processes made it.
"""

import copy
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import isfinite

import torch
from torch import nn

from transferlab.backbones import load
from transferlab.backbones.card import card_of
from transferlab.data.images import ImageSet, Splits
from transferlab.experiments.cells import Cell, Conditions
from transferlab.experiments.results import COLUMNS, Row
from transferlab.forgetting import SourceMemory, remember
from transferlab.heads import head_of, replace_head
from transferlab.inference import predict
from transferlab.many_heads import HeadFeatures, HeadResult, HeadSetting, head_features, train_heads
from transferlab.meters import accuracy
from transferlab.precision import computing_in
from transferlab.randomness import OwnRandomness
from transferlab.recipes import Recipe
from transferlab.records import Run
from transferlab.training import fit

SAFE_LR = 0.1  # a head that learns faster may leave the road, which `fit` notices and heads trained at once do not


@dataclass(frozen=True)
class Job:
    """Cells of one budget and one seed, which see the same images: one cell, or heads to be trained at once."""

    cells: tuple[Cell, ...]
    conditions: Conditions


def is_head_alone(recipe: Recipe) -> bool:
    """Whether a recipe does nothing but train a head on a frozen backbone, as `train_heads` does.

    >>> is_head_alone(feature_extraction()), is_head_alone(fine_tuning())
    (True, False)
    """
    first = recipe.phases[0]
    return (
        len(recipe.phases) == 1 and first.frozen_share == 1 and first.head_lr <= SAFE_LR
        and first.schedule == "one_cycle" and not first.until_converged and not first.stage_lrs
        and recipe.keep is None and recipe.bn == "frozen" and recipe.keep_features
        and recipe.starts_from == "pretrained"
    )  # fmt: skip


def jobs_of(cells: Sequence[Cell], conditions: Conditions) -> list[Job]:
    """The cells as jobs: heads on the same images together, every other cell by itself.

    >>> jobs_of(cells, conditions)
    """
    groups: dict[object, list[Cell]] = {}
    for cell in cells:
        recipe = cell.recipe
        alike = (cell.per_class, cell.seed, recipe.epochs, recipe.batch_size)
        groups.setdefault(alike if is_head_alone(recipe) else cell, []).append(cell)
    return [Job(tuple(group), conditions) for group in groups.values()]


def run_job(job: Job) -> list[Row]:
    """The rows of the job's cells; what fails is a row with its error, and nothing is raised.

    >>> run_job(Job((cell,), conditions))
    """
    first, device = job.cells[0], job.conditions.device
    with one_thread(), OwnRandomness(first.seed, device):  # loading a backbone draws first weights
        try:
            job = replace(job, conditions=job.conditions.with_network(first.seed))
            data = job.conditions.data(per_class=first.per_class, seed=first.seed)
            if not isinstance(data, Splits):
                raise ValueError(f"data(per_class=, seed=) gives Splits; this one gave {type(data).__name__}.")
            if is_head_alone(first.recipe):
                return _heads(job, data)
            return [_run(cell, job.conditions, data) for cell in job.cells]
        except Exception as error:
            return [failed(cell, job.conditions, _told(error)) for cell in job.cells]


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def failed(cell: Cell, conditions: Conditions, error: str) -> Row:
    """The row of a cell that came to nothing."""
    return Row(
        cell.arm, cell.recipe.name, conditions.backbone_name, conditions.data_name, cell.per_class, cell.seed,
        error=error,
    )  # fmt: skip


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def within(recipe: Recipe, num_train: int, most_images: int | None) -> Recipe:
    """The recipe with each phase cut to as many epochs as show at most `most_images` training images, at least one.

    >>> within(from_scratch(), num_train=1000, most_images=8000).epochs
    8
    """
    if most_images is None:
        return recipe
    most = max(1, most_images // num_train)
    return recipe.with_epochs(tuple(min(phase.epochs, most) for phase in recipe.phases))


def fresh_model(conditions: Conditions, recipe: Recipe, num_classes: int, seed: int) -> nn.Module:
    """The backbone with a new head, or random weights where the recipe starts from them."""
    backbone = conditions.network
    if recipe.starts_from == "random":
        card = None if isinstance(backbone, str) else card_of(backbone)
        name = backbone if isinstance(backbone, str) else card and card.name
        if not name:
            raise ValueError(
                f"'{recipe.name}' needs random weights, and nobody knows how to make them for a network of your own. "
                "Give the backbone by its name, or leave this recipe out."
            )
        with OwnRandomness(seed):
            return load(name, num_classes=num_classes, pretrained=False)
    model = load(backbone) if isinstance(backbone, str) else copy.deepcopy(backbone)
    replace_head(model, num_classes, seed=seed)
    return model


def _run(cell: Cell, conditions: Conditions, data: Splits) -> Row:
    begun = time.perf_counter()
    recipe = within(cell.recipe, len(data.train), conditions.most_images)
    model = fresh_model(conditions, recipe, data.train.num_classes, cell.seed)
    memory = None
    if recipe.keep is not None or (conditions.forgetting and recipe.starts_from == "pretrained"):
        memory = _memory(conditions, data.held_out, rehearsal=5 if recipe.keep is not None else 0)
    watched, watching = data, memory
    if not conditions.curves:
        watched = hardly_watched(data)
        watching = memory if recipe.keep is not None else None
    run = None
    for record in fit(
        model, watched, recipe, memory=watching, seed=cell.seed, device=conditions.device,
        precision=conditions.precision,
    ):  # fmt: skip
        if isinstance(record, Run):
            run = record
    assert run is not None
    if conditions.curves:
        reached, before, after = run.accuracy, run.source_before, run.source_after
    else:
        with computing_in(conditions.precision, conditions.device):
            reached = accuracy(predict(model, data.held_out), data.held_out.labels)
            before, after = (memory.before, memory.measure(model)) if memory else (None, None)
    return Row(
        cell.arm, recipe.name, conditions.backbone_name, data.train.name or conditions.data_name, cell.per_class,
        cell.seed, reached, run.num_train, len(data.held_out), data.train.num_classes, before,
        after, run.trainable_parameters, len(run.epochs) - 1, _measured(conditions, model, data, cell.seed),
        time.perf_counter() - begun, run=run if conditions.curves else None,
    )  # fmt: skip


def hardly_watched(data: Splits) -> Splits:
    """The data with one held-out image a class, for a run that nobody looks at before its end.

    >>> hardly_watched(data).held_out
    """
    first = {int(label): row for row, label in reversed(list(enumerate(data.held_out.labels)))}
    return Splits(data.train, data.held_out.subset(sorted(first.values())), data.notes)


def _heads(job: Job, data: Splits) -> list[Row]:
    begun, conditions = time.perf_counter(), job.conditions
    pretrained = load(conditions.network) if isinstance(conditions.network, str) else conditions.network
    try:
        features = head_features(copy.deepcopy(pretrained).to(conditions.device), data)
    except ValueError:  # a head that is no linear layer on one vector, which fit can train or say why not
        return [_run(cell, conditions, data) for cell in job.cells]
    source = _memory(conditions, data.held_out).before if conditions.forgetting else None
    settings = [HeadSetting(cell.recipe.phases[0].head_lr, cell.recipe.weight_decay, cell.seed) for cell in job.cells]
    first = job.cells[0].recipe
    trained = train_heads(features, settings, first.epochs, first.batch_size)  # not shortened: it costs next to nothing
    rows = []
    for cell, result in zip(job.cells, trained, strict=True):
        model = _with_head(features, result)
        try:
            measured = _measured(conditions, model, data, cell.seed)
        except Exception as error:  # of this head alone
            rows.append(failed(cell, conditions, _told(error)))
            continue
        num_trained = result.weight.numel() + result.bias.numel()
        rows.append(
            Row(
                cell.arm, cell.recipe.name, conditions.backbone_name, data.train.name or conditions.data_name,
                cell.per_class, cell.seed, result.accuracy, len(data.train), len(data.held_out),
                data.train.num_classes, source, source, num_trained, cell.recipe.epochs, measured,
                (time.perf_counter() - begun) / len(job.cells),
            )
        )  # fmt: skip
    return rows


def _with_head(features: HeadFeatures, trained: HeadResult) -> nn.Module:
    """The backbone that all heads share, with this one on it."""
    head = head_of(features.model)[1]
    assert isinstance(head, nn.Linear)
    with torch.no_grad():
        head.weight.copy_(trained.weight)
        head.bias.copy_(trained.bias)
    return features.model


def _measured(conditions: Conditions, model: nn.Module, data: Splits, seed: int) -> Mapping[str, float | None]:
    """What `measure` gave, as numbers that go to JSON and back."""
    if conditions.measure is None:
        return {}
    with OwnRandomness(seed, conditions.device):  # whatever it draws, the same with any number of heads beside
        found = conditions.measure(model, data, seed)
    if not isinstance(found, Mapping):
        raise ValueError(f"measure(model, data, seed) gives numbers by name; this one gave {type(found).__name__}.")
    return {str(name): _number(str(name), value) for name, value in found.items()}


def _number(name: str, value: object) -> float | None:
    if name in (*COLUMNS, "forgotten", "run", "measured"):
        raise ValueError(f"measure gave a column '{name}', which every table has; choose another name.")
    if value is None:
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"measure gave '{name}': {value!r}, which is no number.") from None
    if not isfinite(number):
        raise ValueError(f"measure gave '{name}': {number}; give None where it cannot be measured.")
    return number


def _memory(conditions: Conditions, probes: ImageSet, rehearsal: int = 0) -> SourceMemory:
    """Accuracy on drawn source images where the backbone has some, else agreement on the held-out images."""
    backbone = conditions.network
    model = load(backbone) if isinstance(backbone, str) else backbone
    card = card_of(model)
    if card and card.name == "bundled":
        return remember(model, rehearsal=rehearsal)
    return remember(model, probes)
