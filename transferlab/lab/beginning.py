"""The beginning of a lab's run: a fresh model, an empty log, room for its states, and the records to come."""

from collections.abc import Callable, Iterator

from torch import nn

from transferlab.control import Control
from transferlab.explain.snapshot import Snapshot, model_at
from transferlab.explain.snapshots import Snapshots
from transferlab.lab.log import Mark, RunLog
from transferlab.lab.settings import Settings
from transferlab.lab.workshop import Workshop
from transferlab.records import Epoch, Measurement, Run, Step
from transferlab.stages import stages
from transferlab.training import fit

Beginning = tuple[nn.Module, RunLog, Snapshots, Iterator[Step | Measurement | Epoch | Run]]


def begin(
    workshop: Workshop, settings: Settings, control: Control, room: Callable[[nn.Module], Snapshots],
    state: Snapshot | None = None,
) -> Beginning:  # fmt: skip
    """Everything that a run of these settings needs; `state` lets it go on from another run's model.

        >>> model, log, snapshots, records = begin(workshop, settings, Control(), history.room_for_snapshots)

    Raises:
        ValueError: no run can be made of them; see `fit`.
    """
    data = workshop.data(settings)
    model = workshop.model(settings) if state is None else model_at(workshop.pretrained(settings), state)
    memory = None if settings.starts_from_random else workshop.memory(settings)
    recipe = settings.to_recipe(stages(model).names)
    records = fit(
        model, data, recipe, memory=memory, seed=settings.seed, device=settings.device, control=control,
        measurements_per_epoch=settings.measurements_per_epoch if memory else 0,
    )  # fmt: skip
    log = RunLog(recipe.batches_per_epoch(len(data.train)), recipe.epochs)
    if state is not None:
        log.marks.append(Mark(0.0, "live", f"goes on from {state.held_out_accuracy:.1%} held-out"))
    return model, log, room(model), records
