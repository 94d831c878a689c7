"""Show me the code: the transferlab script of exactly what the lab is set to, what was done by hand included.

    print(script(settings, ("conv1", …, "fc"), run.commands))

Run as it stands, it gives the lab's own curve, bit for bit on a CPU; a test does so. What was done by hand while a run
was on is done again after the same step.
"""

from collections.abc import Sequence
from pprint import pformat

from transferlab.lab.settings import MINE, REHEARSAL, REHEARSED, Settings
from transferlab.recipes import Recipe
from transferlab.records import Command

PUBLIC = ("feature_extraction", "fine_tuning", "gradual_unfreezing", "from_scratch")  # those that `tl.` names


def script(settings: Settings, stages: Sequence[str], commands: Sequence[Command] = ()) -> str:
    """The code, to be read and to be run.

    >>> exec(script(Settings(data=choice), ("conv1", "layer1", "layer2", "layer3", "layer4", "fc")))
    """
    recipe = settings.to_recipe(stages)
    remembers = not settings.starts_from_random
    return "\n".join(
        [*_imports(settings, commands), "", *_model(settings, remembers), "", *_recipe(settings, recipe), "",
         *_training(settings, remembers, commands), ""]
    )  # fmt: skip


def _imports(settings: Settings, commands: Sequence[Command]) -> list[str]:
    lines = ["import torch", ""] if settings.starts_from_random else []
    lines += ["import transferlab as tl"]
    if settings.keep_method:
        lines += [f"from transferlab.keep_methods import {settings.keep}"]
    if settings.recipe == MINE:
        lines += ["from transferlab.recipes import Phase, Recipe"]
    elif settings.recipe not in PUBLIC:
        lines += [f"from transferlab.recipes import {settings.recipe}"]
    return [*lines, "from transferlab.records import Epoch"]


def _model(settings: Settings, remembers: bool) -> list[str]:
    data = settings.data.code().splitlines() if settings.data else ["data = …  # the images to learn from"]
    name = settings.backbone
    if not isinstance(name, str):
        lines = ["model = copy.deepcopy(model)  # the model that you gave to the lab"]
        return [*data, "", "import copy", *lines, *_head(settings, remembers)]
    if settings.starts_from_random:
        number = "data.train.num_classes"
        return [*data, f"torch.manual_seed({settings.seed})", f'model = tl.load("{name}", {number}, pretrained=False)']
    return [*data, f'model = tl.load("{name}")', *_head(settings, remembers)]


def _head(settings: Settings, remembers: bool) -> list[str]:
    rehearsal = f", rehearsal={REHEARSAL}" if settings.keep in REHEARSED else ""
    source = "model" if settings.backbone == "bundled" else "model, data.held_out"
    memory = [f"memory = tl.remember({source}{rehearsal})  # what it can do now"] if remembers else []
    return [*memory, f"tl.replace_head(model, data.train.num_classes, seed={settings.seed})"]


def _recipe(settings: Settings, recipe: Recipe) -> list[str]:
    others = f"bn={settings.bn!r}, batch_size={settings.batch_size}"
    if settings.keep_method:
        others += f", keep={settings.keep}()"
    if settings.recipe != MINE:
        where = "tl." if settings.recipe in PUBLIC else ""
        shorter = "" if settings.length == 1 else f".shortened({settings.length})"
        return [f"recipe = {where}{settings.recipe}({others}){shorter}"]
    phase = recipe.phases[0]
    rates = pformat(dict(phase.stage_lrs), sort_dicts=False, compact=True).replace("\n", "\n        ")
    return [
        "phase = Phase(",
        f'    "{MINE}", frozen_share={phase.frozen_share!r}, epochs={phase.epochs}, head_lr={phase.head_lr!r},',
        f'    stage_lrs={rates}, schedule="{phase.schedule}",',
        ")",
        f'recipe = Recipe("{MINE}", (phase,), {others})',
    ]


def _training(settings: Settings, remembers: bool, commands: Sequence[Command]) -> list[str]:
    arguments = [f"seed={settings.seed}"]
    if remembers:
        arguments += ["memory=memory", f"measurements_per_epoch={settings.measurements_per_epoch}"]
    if settings.device != "cpu":
        arguments += [f'device="{settings.device}"']
    before, steer = [], []
    if commands:
        arguments += ["control=control"]
        before = [
            "control = tl.Control()",
            "by_hand = {  # after which step what was done",
            *_done(commands),
            "}",
            "step = 0",
        ]
        steer = ["    step = getattr(record, 'step', step)", "    for act in by_hand.pop(step, []):", "        act()"]
    return [
        *before,
        f"for record in tl.fit(model, data, recipe, {', '.join(arguments)}):",
        *steer,
        "    if isinstance(record, Epoch):",
        '        print(f"{record.epoch:3} {record.phase}: held-out {record.held_out_accuracy:.1%}")',
        "run = record",
    ]


def _done(commands: Sequence[Command]) -> list[str]:
    by_step: dict[int, list[str]] = {}
    for one in commands:
        value = f", {one.value!r}" if one.value is not None else ""
        by_step.setdefault(one.step, []).append(f'lambda: control.{one.what}("{one.stage}"{value})')
    return [f"    {step}: [{', '.join(acts)}]," for step, acts in by_step.items()]
