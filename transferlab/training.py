"""`fit`: carry a recipe out on a model, as a generator of records.

    for record in fit(model, data, "fine_tuning"):
        ...                                          # Step, Step, …, Epoch, …, and at the end the Run

Between two records the model is the caller's: whoever iterates may look at it, draw it, or simply stop. The same seed
on the same machine gives the same run bit for bit on a CPU, whatever the caller does with torch's random numbers in
between. What is frozen runs once for each image, not once an epoch (see feeding). On a GPU the Steps come in groups,
behind the model by up to 16 batches, so that it need not be waited for after each (see unread).
"""

from collections.abc import Iterator
from pathlib import Path

from torch import nn

from transferlab.backbones.card import card_of
from transferlab.checkpoints import Checkpoints
from transferlab.control import Control, stopping_on_signals
from transferlab.data.images import Splits
from transferlab.forgetting import SourceMemory
from transferlab.joining import join
from transferlab.keeping import check_keep
from transferlab.loop import Loop
from transferlab.phases import adapt
from transferlab.precision import precision_for
from transferlab.randomness import check_device
from transferlab.recipes import Recipe
from transferlab.recipes import recipe as recipe_named
from transferlab.records import Epoch, Measurement, Run, Step
from transferlab.same_everywhere import check_same
from transferlab.stages import stages


def fit(
    model: nn.Module,
    data: Splits,
    recipe: str | Recipe = "fine_tuning",
    *,
    memory: SourceMemory | None = None,
    seed: int = 0,
    device: str = "cpu",
    control: Control | None = None,
    checkpoints: str | Path | None = None,
    resume: bool | str | Path = False,
    measurements_per_epoch: int = 0,
    precision: str = "auto",
    compile: bool = False,
) -> Iterator[Step | Measurement | Epoch | Run]:
    """Train `model` on `data.train` as the recipe says; yield a Step a batch, an Epoch an epoch, the Run at the end.

        >>> model = load("bundled")
        >>> memory = remember(model)
        >>> data = worlds.target("objects", per_class=20)
        >>> replace_head(model, data.train.num_classes)
        >>> for record in fit(model, data, "gradual_unfreezing", memory=memory):
        ...     if isinstance(record, Epoch):
        ...         print(record.epoch, record.held_out_accuracy, record.source_accuracy)

    Epoch 0 is the model before training. With a `memory` (see `remember`) each epoch also says how much of the source
    task is left, and `measurements_per_epoch` times within it a Measurement says it from a few source images each. The
    model is changed in place and left in eval mode, its stages frozen as in the last phase.

    A `control` steers the run while it trains (see Control). `checkpoints` is a folder where the run is saved after
    each epoch and on stop; with `resume=True` the same call goes on from the last checkpoint there, if there is one,
    and `resume="…/step-00000060.safetensors"` from that one. `precision` is "fp32", "bf16", on a GPU also "fp16", or
    "auto", which is what a short calibration found quicker on this machine (see precision). Where a batch does not fit
    in the memory of a GPU, it goes through in parts, with the same gradient and a warning.

    `compile` sends the part that trains through torch.compile, on a GPU as CUDA graphs (see compiled). It is off,
    since its start-up of tens of seconds is longer than a whole run on kept features, and comes again whenever the
    freeze line moves; it is for long runs on many images that train everything.

    Under torchrun, Accelerate's notebook_launcher or an initialised torch.distributed all processes train this one run
    together, each on its part of every batch, and yield the same records (see many_processes).

    Raises:
        ValueError: the head does not fit the classes, a class has no image, the recipe or the device is not there; a
            checkpoint is damaged or of another run; or, while training, the loss is no longer finite or far above where
            it began: the sentence names group and learning rate; or several processes were not given the same.
        OSError: the folder for checkpoints cannot be written.
    """
    recipe = recipe_named(recipe)
    check_device(device)
    _check(model, data, recipe)
    _check_measurements(measurements_per_epoch, memory)
    if recipe.keep:
        check_keep(recipe.keep, memory)
    if resume is not False and checkpoints is None:
        raise ValueError("resume needs the folder of the checkpoints: fit(…, checkpoints='runs/mine', resume=True).")
    _check_compile(compile, recipe)
    adapt(model, recipe, seed)
    processes = join(device)
    device = processes.device(device)
    if compile and processes.number > 1:
        raise ValueError("compile=True is for one process, and this run is on several; leave one out.")
    loop = Loop(
        model, data, recipe, memory, seed, device, control or Control(), measurements_per_epoch,
        processes.agreed(precision_for(device, precision)), compile, processes,
    )  # fmt: skip
    saved = Checkpoints(checkpoints, loop) if checkpoints is not None else None
    if saved:
        saved.resume(resume)
    check_same(loop)
    return loop.records(saved.save) if saved else loop.records()


def train(
    model: nn.Module,
    data: Splits,
    recipe: str | Recipe = "fine_tuning",
    *,
    memory: SourceMemory | None = None,
    seed: int = 0,
    device: str = "cpu",
    progress: bool = True,
    checkpoints: str | Path | None = None,
    resume: bool | str | Path = False,
    precision: str = "auto",
    compile: bool = False,
) -> Run:
    """Drain `fit` with a progress bar and return the Run.

        >>> run = train(model, data, "feature_extraction", seed=1)
        >>> run.accuracy
        0.81

    Ctrl-C lets it finish its batch and, with `checkpoints`, save where it stands: `resume=True` goes on from there.
    """
    from tqdm.auto import tqdm

    recipe = recipe_named(recipe)
    control = Control()
    records = fit(
        model, data, recipe, memory=memory, seed=seed, device=device, control=control, checkpoints=checkpoints,
        resume=resume, precision=precision, compile=compile,
    )  # fmt: skip
    with (
        stopping_on_signals(control),
        tqdm(total=recipe.epochs, desc=recipe.name, unit="epoch", disable=not (progress and join(device).leads)) as bar,
    ):
        for record in records:
            if isinstance(record, Epoch) and record.epoch > 0:
                bar.set_postfix_str(f"held-out {record.held_out_accuracy:.1%}")
                bar.update(record.epoch - bar.n)  # a resumed run does not begin at the first
    assert isinstance(record, Run)
    return record


def _check(model: nn.Module, data: Splits, recipe: Recipe) -> None:
    if not isinstance(data, Splits):
        raise ValueError(
            f"fit needs images to train on and images held out; you gave {type(data).__name__}. "
            "Type images.split(held_out=0.2), or worlds.target('objects')."
        )
    names = data.train.class_names
    if len(names) < 2:
        raise ValueError(f"There is only the class {names[0]!r}: a classifier needs two classes or more to tell apart.")
    for part, images in () if data.train.by_position else (("training", data.train), ("held-out", data.held_out)):
        empty = [name for name, count in images.counts().items() if count == 0]
        if empty and (part == "training" or len(empty) == len(names)):
            raise ValueError(
                f"No {part} {images.noun} of: {', '.join(empty)}. Add {images.noun}s of it, or leave the class out."
            )
    head = stages(model).head
    num_outputs = next(reversed(list(model.get_submodule(head.name).parameters()))).shape[0]
    if num_outputs != len(names):
        raise ValueError(
            f"The head '{head.name}' has {num_outputs} outputs and the data {len(names)} classes. "
            f"Type replace_head(model, {len(names)}) first."
        )
    for stage in {stage: None for phase in recipe.phases for stage in phase.stage_lrs}:
        stages(model).index(stage)  # which says what exists, where this is none
    card = card_of(model)
    if recipe.starts_from == "random" and card and card.pretrained:
        raise ValueError(
            f"'{recipe.name}' starts from random weights, and this model carries pretrained ones. "
            f"Type load('{card.name}', num_classes={len(names)}, pretrained=False)."
        )


def _check_compile(compile: bool, recipe: Recipe) -> None:
    if not isinstance(compile, bool):
        raise ValueError(f"compile is True or False; you gave {compile!r}.")
    if compile and recipe.keep is not None:
        name = type(recipe.keep).__name__
        raise ValueError(f"{name} looks at features inside the model, which compile=True merges away; leave one out.")


def _check_measurements(measurements_per_epoch: int, memory: SourceMemory | None) -> None:
    number = measurements_per_epoch
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError(f"measurements_per_epoch is a whole number, 0 for none; you gave {number!r}.")
    if number and memory is None:
        raise ValueError(
            "measurements_per_epoch asks how much of the source task is left, and there is no memory of it. "
            "Type memory = remember(model) before replace_head, and fit(…, memory=memory)."
        )
