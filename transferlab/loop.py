"""The training loop: one run, batch by batch, phase by phase.

`Loop.records` is the whole of it; `training.fit` checks what it is given and hands out the records. Between two batches
the loop obeys a Control and knows its own state completely, so that it can be saved there and go on from there.
"""

import dataclasses
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import torch
from torch import Generator, Tensor, nn
from torch.optim import Optimizer

from transferlab.backbones.card import card_of
from transferlab.batch_gradient import BatchGradient
from transferlab.compiled import Compiler
from transferlab.control import Control, Request
from transferlab.data.images import Splits
from transferlab.evaluation import evaluate, rates
from transferlab.fast_paths import lay_out
from transferlab.feeding import Feed, batches_of
from transferlab.forgetting import SourceMemory
from transferlab.keeping import Keeping
from transferlab.loss_scale import loss_scaler, scaled_step
from transferlab.losses import Judged
from transferlab.many_processes import ALONE, Processes
from transferlab.out_of_memory import free_memory
from transferlab.phases import begin, freeze_line, has_converged, move_line, one_cycle
from transferlab.position import Counted, Position
from transferlab.precision import computing_in
from transferlab.randomness import OwnRandomness
from transferlab.recipes import Phase, Recipe
from transferlab.records import Command, Epoch, Measurement, Run, Step
from transferlab.resident import DeviceCopies
from transferlab.shared_gradient import shared
from transferlab.stages import stages
from transferlab.train_mode import TrainMode
from transferlab.unread import Unread, UnreadSteps


class Loop:
    """A recipe being carried out on a model.

    >>> loop = Loop(model, data, recipe, memory=None, seed=0, device="cpu", control=Control())
    >>> for record in loop.records(): ...
    >>> loop.at.epoch, loop.at.batch            # where it stands
    """

    def __init__(
        self, model: nn.Module, data: Splits, recipe: Recipe, memory: SourceMemory | None, seed: int, device: str,
        control: Control, measurements_per_epoch: int = 0, precision: str = "fp32", compile: bool = False,
        processes: Processes = ALONE,
    ) -> None:  # fmt: skip
        self.model, self.data, self.recipe, self.memory = model, data, recipe, memory
        self.seed, self.device, self.control, self.processes = seed, device, control, processes
        self.measurements_per_epoch, self.precision = measurements_per_epoch, precision
        self.unread = UnreadSteps(device, data.train.num_classes)
        self.copies, self.compiler = DeviceCopies(device), Compiler(device, compile)
        self.scaler = loss_scaler(precision, device)
        self.names = stages(model).names
        self.generator = Generator().manual_seed(seed)  # the order of the images and their augmentation
        self.randomness = OwnRandomness(seed, device)  # dropout, and whatever else asks torch for random numbers
        self.optimizer: Optimizer | None = None
        self.at = Position()
        self.control.meet(self.names, freeze_line(model, recipe.phases[0].frozen_share))
        self.keeping: Keeping | None = None
        # Set by a checkpoint, for when the optimizer and the way to keep exist:
        self.restore_optimizer: Callable[[Optimizer], None] | None = None
        self.restored_keeping: tuple[dict[str, Tensor], dict[str, Tensor]] | None = None

    @property
    def phase(self) -> Phase:
        return self.recipe.phases[self.at.phase]

    def records(self, save: Callable[[], None] = lambda: None) -> Iterator[Step | Measurement | Epoch | Run]:
        """Every record from where the loop stands to the Run; `save` is called after each epoch and on stop."""
        self.control.begin()
        try:
            yield from self._records(save)
        finally:
            self.control.end()
            if self.keeping:
                self.keeping.close()
            self.copies.clear()
            for name in ("feed", "gradient"):  # they hold the copies
                self.__dict__.pop(name, None)
            free_memory(self.device)

    def _records(self, save: Callable[[], None]) -> Iterator[Step | Measurement | Epoch | Run]:
        at = self.at
        self.model.to(self.device)
        lay_out(self.model)
        if self.recipe.keep:
            self.keeping = Keeping(self.recipe.keep, self.model, self.memory, self.seed, self.restored_keeping)
            self.keeping.look()
        while at.phase < len(self.recipe.phases):
            self._begin_phase()
            if not at.epochs:
                at.epochs.append(self._evaluate("before"))
                yield at.epochs[-1]
            while not self._phase_is_over():
                if at.order is None:
                    at.order, at.counted = torch.randperm(len(self.data.train), generator=self.generator), Counted()
                batches = batches_of(at.order, self.recipe.batch_size)
                self.feed.expect(batches[at.batch :])
                while at.batch < len(batches):
                    yield from self._obey(len(batches))
                    if self.processes.stopped(self.control):
                        assert self.optimizer is not None
                        yield from self.unread.read(self.optimizer, at.counted)
                        save()
                        yield from self._stopped()
                        return
                    yield from self._train_batch(batches[at.batch], len(batches))
                    yield from self._forgetting(len(batches))
                epoch = self._end_epoch()
                save()  # first, so that whoever stops iterating here loses nothing
                yield epoch
            self._end_phase()
        self.model.eval()
        yield self.processes.agreed(self._run(tuple(at.epochs)))

    def _begin_phase(self) -> None:
        at = self.at
        if at.line is None:
            at.line = freeze_line(self.model, self.phase.frozen_share)
        self.optimizer, row = begin(self.model, self.phase, self.recipe, self.optimizer, at.line)
        if self.restore_optimizer:
            self.restore_optimizer(self.optimizer)
            self.restore_optimizer = None
        if len(at.phases) == at.phase:
            at.phases.append(row)
        self._line_is_drawn()

    def _line_is_drawn(self) -> None:
        """The model's freeze line stands where it will for a while: note the rates, and keep what is frozen."""
        assert self.optimizer is not None
        assert self.at.line is not None
        self.control.meet(self.names, self.at.line)
        self.peaks = {group["name"]: group["lr"] for group in self.optimizer.param_groups}
        recipe = self.recipe
        hold = recipe.keep_statistics and recipe.bn != "train" and recipe.starts_from == "pretrained"
        self.enter_train_mode = TrainMode(self.model, hold)
        keep = recipe.keep_features and recipe.bn == "frozen"
        # A way to keep the source task looks at images and answers of the whole model.
        with self._computing():
            self.feed = Feed(
                self.model, self.data, self.memory, keep, only_the_head_trains=self._backbone_is_frozen,
                keep_training=recipe.keep is None, copies=self.copies, quicken=self.compiler,
                processes=self.processes,
            )  # fmt: skip
        gradient = BatchGradient(
            self.feed, self.data.train.labels, self.optimizer, self.generator, self.randomness, self._term,
            self.device, self.precision, self.scaler,
        )  # fmt: skip
        self.gradient = shared(gradient, self.processes)

    @property
    def _backbone_is_frozen(self) -> bool:
        return self.at.line == len(self.names) - 1

    def _phase_is_over(self) -> bool:
        converged = self.phase.until_converged and has_converged(self.at.losses)
        return self.at.epoch == self.phase.epochs or (converged and self.at.order is None)

    def _end_phase(self) -> None:
        at = self.at
        at.phases[-1] = dataclasses.replace(at.phases[-1], num_epochs=at.epoch, kept_at=self.feed.kept_at)
        at.phase, at.epoch, at.losses, at.held, at.line = at.phase + 1, 0, [], {}, None

    def _obey(self, num_batches: int) -> Iterator[Measurement]:
        """Do what was asked since the last batch, and stay here while the run is paused."""
        while True:
            for request in self.processes.take(self.control):
                if request.what == "evaluate":
                    yield self._measurement(num_batches)
                elif request.work:
                    request.work()
                else:
                    self._steer(request)
            if self.processes.may_train(self.control):
                return

    def _steer(self, request: Request) -> None:
        at = self.at
        assert self.optimizer is not None
        assert request.stage is not None
        if request.what == "set_lr":
            assert request.value is not None
            at.held[request.stage] = request.value
        else:
            at.line = self.names.index(request.stage)
            move_line(self.model, at.line, self.phase, self.recipe, self.optimizer)
            self._line_is_drawn()
        at.commands.append(Command(at.step, request.what, request.stage, request.value))

    def _train_batch(self, index: Tensor, num_batches: int) -> Iterator[Step]:
        """One step on the images at `index`, and the records that are due."""
        at, start = self.at, time.perf_counter()
        assert self.optimizer is not None
        self._set_rates(num_batches)
        self.enter_train_mode()
        loss, correct = self.gradient(index)
        at.step, at.batch = at.step + 1, at.batch + 1
        self.unread.add(
            Unread(loss, correct, len(index), at.step, len(at.epochs), self.phase.name, rates(self.optimizer))
        )
        due = self.unread.are_due or at.batch == num_batches
        steps = self.unread.read(self.optimizer, at.counted) if due else []
        scaled_step(self.scaler, self.optimizer)
        at.counted.seconds += time.perf_counter() - start
        yield from steps

    def _term(self) -> Tensor | None:
        # A frozen backbone forgets nothing, so there is nothing to add there.
        return self.keeping.term(self.at.step) if self.keeping and not self._backbone_is_frozen else None

    def _computing(self) -> AbstractContextManager[None]:
        return computing_in(self.precision, self.device)

    def _set_rates(self, num_batches: int) -> None:
        """What the schedule says, save for the stages whose rate somebody holds by hand."""
        assert self.optimizer is not None
        share = 1.0
        if self.phase.schedule == "one_cycle":
            share = one_cycle((self.at.epoch + self.at.batch / num_batches) / self.phase.epochs)
        for group in self.optimizer.param_groups:
            group["lr"] = self.at.held.get(group["stage"], self.peaks[group["name"]] * share)

    def _end_epoch(self) -> Epoch:
        at = self.at
        at.losses.append(at.counted.loss_sum / at.counted.images)
        at.epochs.append(self._evaluate(self.phase.name, at.counted))
        at.epoch, at.batch, at.order = at.epoch + 1, 0, None
        return at.epochs[-1]

    def _evaluate(self, phase: str, counted: Counted | None = None) -> Epoch:
        assert self.optimizer is not None
        source = self._known_source()
        with self._computing():
            epoch = evaluate(
                self.model, self.data, self.feed, self.optimizer, len(self.at.epochs), phase, counted, source
            )
        return self.processes.agreed(epoch)

    def _known_source(self) -> Judged | None:
        """A backbone that was frozen all through this epoch is bit-equal: there is nothing to ask again."""
        at = self.at
        thawed = any(one.what == "freeze_to" and one.step >= at.step - at.batch for one in at.commands)
        last = at.epochs[-1] if at.epochs else None
        if last and self._backbone_is_frozen and self.recipe.bn == "frozen" and not thawed:
            return Judged(last.source_accuracy, last.source_loss) if last.source_accuracy is not None else None
        return None

    def _measurement(self, num_batches: int) -> Measurement:
        """Everything, in the middle of an epoch, because somebody asked."""
        with self._computing():
            source = self.feed.source()
            held_out = self.feed.judged().accuracy
        return self._noted(num_batches, held_out, source, len(self.memory.images) if self.memory else 0)

    def _forgetting(self, num_batches: int) -> Iterator[Measurement]:
        """A slice of the source images, as often in an epoch as was asked for."""
        due = self.at.batch * self.measurements_per_epoch // num_batches
        if self.memory is None or due == (self.at.batch - 1) * self.measurements_per_epoch // num_batches:
            return
        known = self._known_source()
        if known is not None:
            yield self._noted(num_batches, None, known, len(self.memory.images))
        else:
            index = self.memory.portion(len(self.at.measurements), len(self.data.train), self.measurements_per_epoch)
            with self._computing():
                found = self.feed.source(index)
            yield self._noted(num_batches, None, found, len(index))

    def _noted(self, num_batches: int, held_out: float | None, source: Judged | None, asked: int) -> Measurement:
        progress = len(self.at.epochs) - 1 + self.at.batch / num_batches
        measurement = Measurement(
            self.at.step, progress, held_out, source and source.accuracy, asked, source and source.loss
        )
        self.at.measurements.append(self.processes.agreed(measurement))
        return self.at.measurements[-1]

    def _stopped(self) -> Iterator[Epoch | Run]:
        """The last records of a run that ends early: the part of an epoch that was trained counts as its last one."""
        epochs = tuple(self.at.epochs)
        if self.at.counted.images:
            epochs += (self._evaluate(self.phase.name, self.at.counted),)
            yield epochs[-1]
        self.model.eval()
        yield self.processes.agreed(self._run(epochs, stopped=True))

    def _run(self, epochs: tuple[Epoch, ...], stopped: bool = False) -> Run:
        card, train, at = card_of(self.model), self.data.train, self.at
        phases = list(at.phases)
        if stopped:
            phases[-1] = dataclasses.replace(phases[-1], num_epochs=at.epoch, kept_at=self.feed.kept_at)
        return Run(
            recipe=self.recipe.name,
            backbone=card.name if card else type(self.model).__name__,
            data=train.name,
            class_names=train.class_names,
            num_train=len(train),
            num_held_out=len(self.data.held_out),
            seed=self.seed,
            device=self.device,
            settings=self.recipe.to_plain(),
            phases=tuple(phases),
            epochs=epochs,
            source_kind=self.memory.kind if self.memory else None,
            versions={"python": platform.python_version(), "torch": torch.__version__},
            measurements=tuple(at.measurements),
            commands=tuple(at.commands),
            precision=self.precision,
            stopped=stopped,
        )
