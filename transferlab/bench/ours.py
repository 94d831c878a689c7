"""transferlab's own ways: without augmentation, as every other way here, and with its own defaults (`native_…`)."""

from collections.abc import Callable

from transferlab.backbones import load
from transferlab.bench.task import Settings, Task
from transferlab.data.images import Splits
from transferlab.forgetting import remember
from transferlab.heads import replace_head
from transferlab.many_heads import HeadResult, HeadSetting, head_features, train_heads
from transferlab.recipes import Phase, Recipe, feature_extraction, recipe
from transferlab.records import Epoch
from transferlab.training import fit

Seen = Callable[[float], None]


def head(task: Task) -> Callable[[Seen], float]:
    """A head on a frozen backbone; nothing is kept beforehand."""
    return _running(task, _head_recipe(task, task.settings.epochs))


def head_warm(task: Task) -> Callable[[Seen], float]:
    """The same once more in the same process: what the backbone makes of the images is there already."""
    head(task)(lambda accuracy: None)
    return head(task)


def head_twice_as_long(task: Task) -> Callable[[Seen], float]:
    """The same with twice the epochs."""
    return _running(task, _head_recipe(task, 2 * task.settings.epochs))


def gradual(task: Task) -> Callable[[Seen], float]:
    """The head, then the last stage with it, then the upper half, then everything."""
    return _running(task, gradual_recipe(task))


def full(task: Task) -> Callable[[Seen], float]:
    """Everything from the first epoch on."""
    return _running(task, full_recipe(task))


def full_measured(task: Task) -> Callable[[Seen], float]:
    """The same, and how much of the source task is left 20 times an epoch."""
    return _running(task, full_recipe(task), measurements_per_epoch=20, with_memory=True)


def full_remembered(task: Task) -> Callable[[Seen], float]:
    """The same, and how much of the source task is left after each epoch only."""
    return _running(task, full_recipe(task), with_memory=True)


def sweep(task: Task) -> Callable[[Seen], float]:
    """A head for every budget and seed: one pass of the backbone, and the heads of one budget at once."""
    settings = task.settings

    def run(seen: Seen) -> float:
        features = head_features(task.model(), task.data)
        results: list[HeadResult] = []
        for budget in settings.budgets:
            index = task.data.train.per_class_rows(budget)
            heads = [HeadSetting(settings.head_lr, settings.weight_decay, seed) for seed in range(settings.seeds)]
            results += train_heads(features.subset(index), heads, settings.epochs, settings.batch_size)
            seen(results[-1].accuracy)
        return sum(one.accuracy for one in results) / len(results)

    return run


def native_fine_tuning(task: Task) -> Callable[[Seen], float]:
    """`train(model, data, "fine_tuning")`: 8 epochs of the head, 20 of everything, batches of 32, crops and flips."""
    return _native(task, "fine_tuning")


def native_gradual(task: Task) -> Callable[[Seen], float]:
    """`train(model, data, "gradual_unfreezing")`: the head until it converges, then three thawings of 5 epochs."""
    return _native(task, "gradual_unfreezing")


def _native(task: Task, name: str) -> Callable[[Seen], float]:
    share = task.settings.native_epochs / Settings().native_epochs  # a trial is shorter, whoever is tried
    return _running(task, recipe(name).shortened(share), data=task.augmentable())


def _head_recipe(task: Task, epochs: int) -> Recipe:
    settings = task.settings
    return feature_extraction(
        epochs, settings.head_lr, batch_size=settings.batch_size, weight_decay=settings.weight_decay
    )


def gradual_recipe(task: Task) -> Recipe:
    """Two fifths of the epochs for the head, a fifth for each thawing; the rates of the recipe `gradual_unfreezing`."""
    settings, lr = task.settings, task.settings.tuned_head_lr
    head_epochs, epochs = settings.gradual_epochs
    phases = (
        Phase("head", 1.0, head_epochs, settings.head_lr),
        Phase("last stage", 0.8, epochs, lr, backbone_lr=lr / 10),
        Phase("upper half", 0.5, epochs, lr, backbone_lr=lr / 30),
        Phase("all", 0.0, epochs, lr, backbone_lr=lr / 100),
    )
    return Recipe("gradual", phases, batch_size=settings.batch_size, weight_decay=settings.weight_decay)


def full_recipe(task: Task) -> Recipe:
    """One phase in which everything trains."""
    settings = task.settings
    phase = Phase("all", 0.0, settings.epochs, settings.tuned_head_lr, backbone_lr=settings.backbone_lr)
    return Recipe("full", (phase,), batch_size=settings.batch_size, weight_decay=settings.weight_decay)


def _running(
    task: Task, recipe: Recipe, measurements_per_epoch: int = 0, with_memory: bool = False, data: Splits | None = None
) -> Callable[[Seen], float]:
    model = load("bundled")
    memory = remember(model) if with_memory else None
    replace_head(model, task.data.train.num_classes, seed=0)
    model.load_state_dict(task.weights)

    def run(seen: Seen) -> float:
        accuracy = 0.0
        records = fit(model, data or task.data, recipe, memory=memory, measurements_per_epoch=measurements_per_epoch)
        for record in records:
            if isinstance(record, Epoch) and record.epoch > 0:
                accuracy = record.held_out_accuracy
                seen(accuracy)
        return accuracy

    return run
