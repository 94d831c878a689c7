"""Exercises of lesson 12: LoRA and language models."""

import math
from collections.abc import Callable
from typing import Any

from torch import nn

from transferlab.learning import expect
from transferlab.learning.exercises import Exercise
from transferlab.lora import adapters_of

NAME = "12_lora"
QUESTION = "You serve one large model to fifty customers, each with a task of their own. What does LoRA save you?"
ANSWERS = {
    "Time when the model answers": (False, "Merged it is as fast as before, unmerged a little slower."),
    "Fifty copies of the large model": (True, "One copy, and fifty small files of adapters."),
    "Measuring what each customer's model has forgotten": (False, "That is to be measured, whatever is trained."),
}


def exercises() -> list[Exercise]:
    return [
        Exercise(
            "frozen",
            frozen,
            hints=(
                "`tl.freeze_to(model, stage)` freezes what lies before a stage. The last block is called 'blocks.5'.",
                "`frozen, _ = load_language_model()`, then `tl.freeze_to(frozen, 'blocks.5')`.",
            ),
            solution_code='frozen, _ = load_language_model()\ntl.freeze_to(frozen, "blocks.5")',
            praise="The verb did not ask whether it was a ResNet.",
        ),
        Exercise(
            "size",
            size,
            hints=(
                "A makes `r` numbers of `inputs`, B makes `outputs` of `r`.",
                "`r * inputs` numbers and `outputs * r` numbers.",
            ),
            solution_code="def adapter_size(inputs, outputs, r):\n    return r * (inputs + outputs)",
            praise="It grows with the sum of both sides, and the matrix with their product.",
        ),
        Exercise(
            "adapted",
            adapted,
            hints=(
                'Three arguments: `r=4`, `target_modules="all-linear"`, `modules_to_save=[]`.',
                "`add_lora` changes the model that it is given, and gives back a report: keep the model, not the report.",
            ),
            solution_code=(
                "adapted, _ = load_language_model()\n"
                'print(add_lora(adapted, r=4, target_modules="all-linear", modules_to_save=[]))'
            ),
            praise="42 thin layers beside 42 thick ones, and not one answer has changed yet.",
        ),
        Exercise(
            "perplexity",
            perplexity,
            hints=("`math.exp` is the inverse of the logarithm.", "`import math`, then `return math.exp(loss)`."),
            solution_code="import math\n\n\ndef perplexity(loss):\n    return math.exp(loss)",
            praise="A loss of zero is a perplexity of one: nothing else came into question.",
        ),
    ]


def frozen(frozen: nn.Module) -> None:
    if isinstance(frozen, tuple):
        raise expect.Unmet("`load_language_model()` gives back two things: `frozen, _ = load_language_model()`.")
    expect.a(frozen, nn.Module, "frozen")
    expect.true(not adapters_of(frozen), "This model has adapters; begin with a fresh copy.")
    asking = {name.split(".")[1] if name.startswith("blocks.") else name.split(".")[0]
              for name, one in frozen.named_parameters() if one.requires_grad}  # fmt: skip
    expect.true(bool(asking), "Everything is frozen; the last block and the head are to learn.")
    expect.true("5" in asking, "The last block, 'blocks.5', is frozen too.")
    expect.true("head" in asking, "The head is frozen too.")
    early = sorted(asking - {"5", "head", "norm"})
    expect.true(not early, f"More than the last block learns: {', '.join(early)} as well.")


def size(adapter_size: Callable[[int, int, int], int]) -> None:
    expect.true(callable(adapter_size), "`adapter_size` is to be a function: `def adapter_size(inputs, outputs, r): …`")
    for inputs, outputs, r in ((192, 192, 4), (192, 512, 4), (7, 3, 2)):
        found = adapter_size(inputs, outputs, r)
        expect.true(found is not None, "`adapter_size(…)` gives back nothing. Is there a `return`?")
        expect.number(found, "adapter_size(…)")
        if found == inputs * outputs:
            raise expect.Unmet("That is the size of W itself.")
        if found in (r * inputs, r * outputs) and inputs != outputs:
            raise expect.Unmet("That is one of the two matrices; count A and B.")
        expect.close(found, r * (inputs + outputs), 1e-6, f"adapter_size({inputs}, {outputs}, {r})")


def adapted(adapted: nn.Module) -> None:
    expect.true(
        isinstance(adapted, nn.Module),
        "`adapted` is to be the model. `add_lora(model, …)` changes it and gives back a report.",
    )
    there = adapters_of(adapted)
    expect.true(bool(there), "There are no adapters in it yet: `add_lora(adapted, …)`.")
    ranks = {one.r for one in there.values()}
    expect.true(ranks == {4}, f"The rank is {', '.join(map(str, sorted(ranks)))}; 4 is asked for.")
    expect.true(
        len(there) == 42,
        f"{len(there)} layers have one; every Linear of six blocks makes 42: target_modules='all-linear'.",
    )
    head = any(one.requires_grad for one in adapted.get_submodule("head").parameters())
    expect.true(not head, "The head is trained whole; leave it as it is with `modules_to_save=[]`.")


def perplexity(perplexity: Callable[[float], float]) -> None:
    expect.true(callable(perplexity), "`perplexity` is to be a function: `def perplexity(loss): …`")
    for loss in (0.0, 1.0, math.log(50)):
        found: Any = perplexity(loss)
        expect.true(found is not None, "`perplexity(loss)` gives back nothing. Is there a `return`?")
        expect.number(found, "perplexity(loss)")
        if loss == 1.0 and abs(found - 2) < 1e-6:
            raise expect.Unmet("Our losses are in nats, not in bits: the base is e.")
        expect.close(found, math.exp(loss), 1e-3, f"perplexity({loss:.2f})")
