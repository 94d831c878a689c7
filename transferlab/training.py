"""`fit`: carry a recipe out on a model, as a generator of records.

    for record in fit(model, data, "fine_tuning"):
        ...                                          # Step, Step, …, Epoch, …, and at the end the Run

Between two records the model is the caller's: whoever iterates may look at it, draw it, or simply stop. The same seed
on the same machine gives the same run bit for bit on a CPU, whatever the caller does with torch's random numbers in
between. Where the whole backbone is frozen it runs once for each image, not once an epoch (see feeding). Left out,
until the engine: mixed precision, pausing, checkpoints.
"""

import dataclasses
import math
import platform
import time
from collections.abc import Iterator, Mapping

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer

from transferlab.backbones.card import card_of
from transferlab.data.images import Splits
from transferlab.divergence import check_loss
from transferlab.fast_paths import lay_channels_last
from transferlab.feeding import Feed
from transferlab.forgetting import SourceMemory
from transferlab.meters import accuracy
from transferlab.phases import begin, has_converged, one_cycle
from transferlab.randomness import OwnRandomness, check_device
from transferlab.recipes import Phase, Recipe
from transferlab.recipes import recipe as recipe_named
from transferlab.records import Epoch, Run, Step
from transferlab.stages import stages


def fit(
    model: nn.Module,
    data: Splits,
    recipe: str | Recipe = "fine_tuning",
    *,
    memory: SourceMemory | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> Iterator[Step | Epoch | Run]:
    """Train `model` on `data.train` as the recipe says; yield a Step a batch, an Epoch an epoch, the Run at the end.

        >>> model = load("bundled")
        >>> memory = remember(model)
        >>> data = worlds.target("objects", per_class=20)
        >>> replace_head(model, data.train.num_classes)
        >>> for record in fit(model, data, "gradual_unfreezing", memory=memory):
        ...     if isinstance(record, Epoch):
        ...         print(record.epoch, record.held_out_accuracy, record.source_accuracy)

    Epoch 0 is the model before training. With a `memory` (see `remember`) each epoch also says how much of the source
    task is left. The model is changed in place and left in eval mode, its stages frozen as in the last phase.

    Raises:
        ValueError: the head does not fit the classes, a class has no image, the recipe or the device is not there;
            or the loss is no longer finite or far above where it began: the sentence names group and learning rate.
    """
    recipe = recipe_named(recipe)
    check_device(device)
    _check(model, data, recipe)
    return _records(model, data, recipe, memory, seed, device)


def train(
    model: nn.Module,
    data: Splits,
    recipe: str | Recipe = "fine_tuning",
    *,
    memory: SourceMemory | None = None,
    seed: int = 0,
    device: str = "cpu",
    progress: bool = True,
) -> Run:
    """Drain `fit` with a progress bar and return the Run.

    >>> run = train(model, data, "feature_extraction", seed=1)
    >>> run.accuracy
    0.81
    """
    from tqdm.auto import tqdm

    recipe = recipe_named(recipe)
    records = fit(model, data, recipe, memory=memory, seed=seed, device=device)
    with tqdm(total=recipe.epochs, desc=recipe.name, unit="epoch", disable=not progress) as bar:
        for record in records:
            if isinstance(record, Epoch) and record.epoch > 0:
                bar.set_postfix_str(f"held-out {record.held_out_accuracy:.1%}")
                bar.update()
    assert isinstance(record, Run)
    return record


def _records(
    model: nn.Module, data: Splits, recipe: Recipe, memory: SourceMemory | None, seed: int, device: str
) -> Iterator[Step | Epoch | Run]:
    model.to(device)
    lay_channels_last(model)
    generator = Generator().manual_seed(seed)  # the order of the images and their augmentation
    randomness = OwnRandomness(seed, device)  # dropout, and whatever else asks torch for random numbers
    optimizer: Optimizer | None = None
    epochs: list[Epoch] = []
    phase_rows = []
    step = 0
    keep_statistics = recipe.keep_statistics and recipe.bn != "train" and recipe.starts_from == "pretrained"
    for phase in recipe.phases:
        optimizer, row = begin(model, phase, recipe, optimizer)
        peaks = [group["lr"] for group in optimizer.param_groups]
        keep = recipe.keep_features and recipe.bn == "frozen"
        feed = Feed(model, data, memory, keep, backbone_is_frozen=phase.frozen_share == 1)
        if not epochs:
            epochs.append(_measure(model, data, feed, epochs, recipe, phase, optimizer))
            yield epochs[-1]
        losses: list[float] = []
        for epoch_of_phase in range(phase.epochs):
            counted = _Counted()
            batches = shuffled_batches(len(data.train), recipe.batch_size, generator)
            for i, index in enumerate(batches):
                if phase.schedule == "one_cycle":
                    share = one_cycle((epoch_of_phase + i / len(batches)) / phase.epochs)
                    for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                        group["lr"] = peak * share
                with randomness:
                    loss = _train_batch(model, data, feed, index, optimizer, generator, counted, keep_statistics)
                step += 1
                yield Step(step, len(epochs), phase.name, loss, rates(optimizer))
            losses.append(counted.loss_sum / len(data.train))
            epochs.append(_measure(model, data, feed, epochs, recipe, phase, optimizer, counted))
            yield epochs[-1]
            if phase.until_converged and has_converged(losses):
                break
        phase_rows.append(dataclasses.replace(row, num_epochs=len(losses), kept_at=feed.kept_at))
    model.eval()
    card = card_of(model)
    yield Run(
        recipe=recipe.name,
        backbone=card.name if card else type(model).__name__,
        data=data.train.name,
        class_names=data.train.class_names,
        num_train=len(data.train),
        num_held_out=len(data.held_out),
        seed=seed,
        device=device,
        settings=_plain(recipe),
        phases=tuple(phase_rows),
        epochs=tuple(epochs),
        source_kind=memory.kind if memory else None,
        versions={"python": platform.python_version(), "torch": torch.__version__},
    )


@dataclasses.dataclass
class _Counted:
    """What one epoch adds up while it runs."""

    loss_sum: float = 0.0
    correct: int = 0
    seconds: float = 0.0


def _train_batch(
    model: nn.Module,
    data: Splits,
    feed: Feed,
    index: Tensor,
    optimizer: Optimizer,
    generator: Generator,
    counted: _Counted,
    keep_statistics: bool,
) -> float:
    """One step on the images at `index`; returns the loss."""
    start = time.perf_counter()
    model.train()  # what is frozen stays in eval mode: see freezing
    if keep_statistics:
        for module in model.modules():
            if isinstance(module, _BatchNorm):
                module.eval()
    logits = feed.train(index, generator)  # (B, num_classes)
    labels = data.train.labels[index].to(logits.device)  # (B,)
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    value = loss.item()
    check_loss(value, data.train.num_classes, optimizer)
    optimizer.step()
    counted.loss_sum += value * len(index)
    counted.correct += int((logits.argmax(1) == labels).sum())
    counted.seconds += time.perf_counter() - start
    return value


def shuffled_batches(num_images: int, batch_size: int, generator: Generator) -> list[Tensor]:
    """The positions of all images in a random order, cut into batches.

        >>> [len(batch) for batch in shuffled_batches(65, 32, generator)]
        [32, 33]

    A last batch of one image joins the one before it: BatchNorm cannot normalise a single value.
    """
    batches = list(torch.randperm(num_images, generator=generator).split(batch_size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        last = batches.pop()
        batches[-1] = torch.cat([batches[-1], last])
    return batches


def rates(optimizer: Optimizer) -> Mapping[str, float]:
    """The learning rate of every stage that trains."""
    return {group["stage"]: group["lr"] for group in optimizer.param_groups}


def _measure(
    model: nn.Module,
    data: Splits,
    feed: Feed,
    before: list[Epoch],
    recipe: Recipe,
    phase: Phase,
    optimizer: Optimizer,
    counted: _Counted | None = None,
) -> Epoch:
    """What the model can do now; `before` are the epochs so far."""
    feed.check()
    if before and phase.frozen_share == 1 and recipe.bn == "frozen":
        source_accuracy = before[-1].source_accuracy  # a frozen backbone is bit-equal: there is nothing to ask again
    else:
        source_accuracy = feed.source_accuracy()
    logits = feed.held_out()
    loss = F.cross_entropy(logits, data.held_out.labels.cpu()).item()
    if not math.isfinite(loss):  # a high one is mere overfitting
        check_loss(loss, data.train.num_classes, optimizer)
    return Epoch(
        epoch=len(before),
        phase=phase.name if counted else "before",
        train_loss=counted.loss_sum / len(data.train) if counted else None,
        train_accuracy=counted.correct / len(data.train) if counted else None,
        held_out_loss=loss,
        held_out_accuracy=accuracy(logits, data.held_out.labels),
        source_accuracy=source_accuracy,
        learning_rates=rates(optimizer),
        trainable_parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        seconds=counted.seconds if counted else 0.0,
    )


def _check(model: nn.Module, data: Splits, recipe: Recipe) -> None:
    if not isinstance(data, Splits):
        raise ValueError(
            f"fit needs images to train on and images held out; you gave {type(data).__name__}. "
            "Type images.split(held_out=0.2), or worlds.target('objects')."
        )
    names = data.train.class_names
    if len(names) < 2:
        raise ValueError(f"There is only the class {names[0]!r}: a classifier needs two classes or more to tell apart.")
    for part, images in (("training", data.train), ("held-out", data.held_out)):
        empty = [name for name, count in images.counts().items() if count == 0]
        if empty and (part == "training" or len(empty) == len(names)):
            raise ValueError(f"No {part} image of: {', '.join(empty)}. Add images of it, or leave the class out.")
    head = stages(model).head
    num_outputs = next(reversed(list(model.get_submodule(head.name).parameters()))).shape[0]
    if num_outputs != len(names):
        raise ValueError(
            f"The head '{head.name}' has {num_outputs} outputs and the data {len(names)} classes. "
            f"Type replace_head(model, {len(names)}) first."
        )
    card = card_of(model)
    if recipe.starts_from == "random" and card and card.pretrained:
        raise ValueError(
            f"'{recipe.name}' starts from random weights, and this model carries pretrained ones. "
            f"Type load('{card.name}', num_classes={len(names)}, pretrained=False)."
        )


def _plain(recipe: Recipe) -> dict:
    """The recipe as it comes back from JSON: lists and dicts only, so that a saved run equals its original."""
    settings = dataclasses.asdict(recipe)
    return {**settings, "phases": [dict(phase) for phase in settings["phases"]]}
