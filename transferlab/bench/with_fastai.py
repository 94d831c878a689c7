"""fastai doing the same: its Learner, its freezing, its one-cycle training, on images in memory.

The layer groups are the network's stages, so that fastai can freeze where we do. `train_bn=True` is fastai's default:
the weights of BatchNorm train below the freeze line, and so the gradient goes through the whole backbone. `native` is
what fastai's own documentation types, with a head of fastai's.
"""

from collections.abc import Callable

import torch

from transferlab.bench.task import Task

Seen = Callable[[float], None]


def _learner(task: Task, train_bn: bool, seen: Seen, index: torch.Tensor | None = None):
    import fastai.callback.progress
    import fastai.callback.schedule  # noqa: F401  both add methods to Learner
    from fastai.basics import CrossEntropyLossFlat, DataLoader, DataLoaders, Learner, accuracy, params

    x, labels, y, held_out_labels = task.tensors()
    if index is not None:
        x, labels = x[index], labels[index]

    def splitter(model):
        first = params(model.conv1) + params(model.bn1)
        return [first, *(params(model.get_submodule(name)) for name in ("layer1", "layer2", "layer3", "layer4", "fc"))]

    train = DataLoader(
        list(zip(x, labels, strict=True)), bs=task.settings.batch_size, shuffle=True, drop_last=False, num_workers=0
    )
    valid = DataLoader(list(zip(y, held_out_labels, strict=True)), bs=250, num_workers=0)
    learner = Learner(
        DataLoaders(train, valid, device=torch.device("cpu")), task.model(), loss_func=CrossEntropyLossFlat(),
        splitter=splitter, metrics=accuracy, train_bn=train_bn, wd=task.settings.weight_decay, cbs=[_watch(seen)],
    )  # fmt: skip
    return learner


def _watch(seen: Seen):
    from fastai.basics import Callback

    class Watch(Callback):
        order = 90  # after the Recorder

        def after_epoch(self) -> None:
            seen(float(self.learn.recorder.values[-1][-1]))

    return Watch()


def _training(task: Task, steps: Callable, train_bn: bool = True, make: Callable = _learner) -> Callable[[Seen], float]:
    points: list[float] = []
    report: list[Seen] = []

    def seen(accuracy: float) -> None:
        points.append(accuracy)
        report[0](accuracy)

    learner = make(task, train_bn, seen)

    def run(tell: Seen) -> float:
        report.append(tell)
        with learner.no_bar(), learner.no_logging():
            steps(learner)
        return points[-1]

    return run


def head(task: Task) -> Callable[[Seen], float]:
    """`learn.freeze()` and `fit_one_cycle`, as they come."""

    def steps(learner) -> None:
        learner.freeze()
        learner.fit_one_cycle(task.settings.epochs, task.settings.head_lr)

    return _training(task, steps)


def head_without_bn(task: Task) -> Callable[[Seen], float]:
    """The same with `train_bn=False`."""

    def steps(learner) -> None:
        learner.freeze()
        learner.fit_one_cycle(task.settings.epochs, task.settings.head_lr)

    return _training(task, steps, train_bn=False)


def gradual(task: Task) -> Callable[[Seen], float]:
    """`freeze`, `freeze_to(-2)`, `freeze_to(-4)`, `unfreeze`, phase by phase as in `ours.gradual`."""
    settings, lr = task.settings, task.settings.tuned_head_lr
    head_epochs, epochs = settings.gradual_epochs

    def steps(learner) -> None:
        learner.freeze()
        learner.fit_one_cycle(head_epochs, settings.head_lr)
        learner.freeze_to(-2)
        learner.fit_one_cycle(epochs, [lr / 10] * 5 + [lr])
        learner.freeze_to(-4)
        learner.fit_one_cycle(epochs, [lr / 30] * 5 + [lr])
        learner.unfreeze()
        learner.fit_one_cycle(epochs, [lr / 100] * 5 + [lr])

    return _training(task, steps)


def full(task: Task) -> Callable[[Seen], float]:
    """`unfreeze` and `fit_one_cycle`."""

    def steps(learner) -> None:
        learner.unfreeze()
        learner.fit_one_cycle(task.settings.epochs, [task.settings.backbone_lr] * 5 + [task.settings.tuned_head_lr])

    return _training(task, steps)


def native(task: Task) -> Callable[[Seen], float]:
    """`vision_learner(…).fine_tune(epochs)`: one epoch of the head, then all of it, without augmentation, its default.

    The rates, the optimizer and the head with its hidden layer are fastai's, and so is a last batch that is left out.
    """
    return _training(task, lambda learner: learner.fine_tune(task.settings.native_epochs), make=_vision_learner)


def _vision_learner(task: Task, train_bn: bool, seen: Seen):
    import fastai.callback.progress
    import fastai.callback.schedule  # noqa: F401  both add methods to Learner
    from fastai.basics import CrossEntropyLossFlat, DataLoaders, accuracy
    from fastai.vision.learner import vision_learner

    x, labels, y, held_out_labels = task.tensors()
    sets = [list(zip(*part, strict=True)) for part in ((x, labels), (y, held_out_labels))]
    loaders = DataLoaders.from_dsets(*sets, bs=task.settings.batch_size, device=torch.device("cpu"), num_workers=0)

    def network(pretrained: bool):
        return task.model()

    return vision_learner(
        loaders, network, n_out=task.data.train.num_classes, loss_func=CrossEntropyLossFlat(), metrics=accuracy,
        train_bn=train_bn, cbs=[_watch(seen)],
    )  # fmt: skip


def sweep_of_one_seed(task: Task) -> Callable[[Seen], float]:
    """A frozen run for each budget, of one seed: a fifth of the sweep, since the whole takes half an hour."""
    settings = task.settings

    def run(seen: Seen) -> float:
        accuracies = []
        for budget in settings.budgets:
            found: list[float] = []
            learner = _learner(task, True, found.append, task.data.train.per_class_rows(budget))
            with learner.no_bar(), learner.no_logging():
                learner.freeze()
                learner.fit_one_cycle(settings.epochs, settings.head_lr)
            accuracies.append(found[-1])
            seen(found[-1])
        return sum(accuracies) / len(accuracies)

    return run
