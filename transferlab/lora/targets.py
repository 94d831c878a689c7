"""Which layers of a model LoRA goes to, and for every other one the reason why not.

Attention's query and value where a network has layers of such names, as in the paper (section 7.1); else every Linear
of the backbone, or in a convolutional network every convolution that is larger than its adapter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from transferlab.errors import did_you_mean
from transferlab.lora.layers import CONVOLUTIONS, is_transposed
from transferlab.lora.settings import LoraSettings
from transferlab.stages import find_heads
from transferlab.stages.classifier import has_weight, is_norm

# The names under which architectures keep what makes queries and values, alone or in one matrix.
ATTENTION = (
    ("query", "value"),  # BERT, RoBERTa, and this package's GPT
    ("q_proj", "v_proj"),  # LLaMA, Wav2Vec2, Whisper
    ("q_lin", "v_lin"),  # DistilBERT
    ("c_attn",),  # GPT-2
    ("qkv",),  # timm's vision transformers
)


@dataclass(frozen=True)
class Targets:
    """Names of layers: those that get an adapter, those that do not by reason, and the modules trained whole.

    >>> targets(model, LoraSettings()).matched
    ('blocks.0.attention.query', 'blocks.0.attention.value', …)
    """

    matched: tuple[str, ...]
    skipped: dict[str, tuple[str, ...]]
    saved: tuple[str, ...]
    how: str


def targets(model: nn.Module, settings: LoraSettings) -> Targets:
    """Choose as the settings say. Nothing is changed.

    Raises:
        ValueError: nothing matches, or a name of `modules_to_save` is no module; the sentence says what there is.
    """
    heads = find_heads(model)
    saved = _saved(model, settings.modules_to_save, heads)
    layers = {name: module for name, module in model.named_modules() if name and has_weight(module)}
    layers = {name: module for name, module in layers.items() if not _inside_a_leaf(name, layers)}
    reasons = {
        name: _why_not(module, name, heads, saved, settings.r, settings.target_modules is None)
        for name, module in layers.items()
    }
    able = [name for name, reason in reasons.items() if reason is None]
    wanted, how = _wanted(able, layers, settings.target_modules)
    matched = tuple(name for name in able if name in wanted)
    if not matched:
        raise _nothing(settings.target_modules, layers, reasons)
    skipped: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        if name not in matched:
            skipped.setdefault(reason or "not among the target modules", []).append(name)
    return Targets(matched, {reason: tuple(names) for reason, names in skipped.items()}, saved, how)


def _wanted(able: Sequence[str], layers: dict[str, nn.Module], given: str | tuple[str, ...] | None) -> tuple[set, str]:
    if given == "all-linear":
        return {name for name in able if _is_linear(layers[name])}, "every Linear of the backbone"
    if given is not None:
        return {name for name in able if any(_ends(name, one) for one in given)}, f"named {', '.join(given)}"
    for names in ATTENTION:
        found = {name for name in able if any(_ends(name, one) for one in names)}
        if found:
            return found, f"attention's {' and '.join(names)}"
    if any(_is_linear(layers[name]) for name in able) and not any(type(layers[name]) in CONVOLUTIONS for name in able):
        return {name for name in able if _is_linear(layers[name])}, "every Linear of the backbone"
    return set(able), "every convolution and Linear of the backbone that is larger than its adapter"


def _why_not(
    module: nn.Module, name: str, heads: Sequence[str], saved: Sequence[str], r: int, automatic: bool
) -> str | None:
    """The reason why a layer cannot have an adapter, None where it can."""
    if any(name == one or name.startswith(f"{one}.") for one in saved):
        return "trained whole"
    if any(name == one or name.startswith(f"{one}.") for one in heads):
        return "the head"
    kind = type(module)
    if not _is_linear(module) and kind not in CONVOLUTIONS:
        return f"of the kind {kind.__name__}, and adapters are for plain Linear and convolution layers"
    weight = module.weight
    assert isinstance(weight, Tensor)
    if _is_linear(module):
        small = r * sum(weight.shape) >= weight.numel()
    else:
        groups = int(module.groups)  # type: ignore[arg-type]
        small = r * (weight[0].numel() * groups + weight.shape[0]) >= weight.numel()
    if small and automatic:
        return f"an adapter of rank {r} would be as large as the layer"
    return None


def _is_linear(module: nn.Module) -> bool:
    plain = type(module) is nn.Linear or type(module) is nn.modules.linear.NonDynamicallyQuantizableLinear
    return plain or is_transposed(module)


def _inside_a_leaf(name: str, layers: dict[str, nn.Module]) -> bool:
    """Whether a module around it holds weights itself, as torch's attention does: the parts are then its business."""
    parts = name.split(".")
    above = (".".join(parts[:depth]) for depth in range(1, len(parts)))
    return any(one in layers and not isinstance(layers[one], nn.MultiheadAttention) for one in above)


def _saved(model: nn.Module, given: tuple[str, ...] | None, heads: tuple[str, ...]) -> tuple[str, ...]:
    if given is None:
        return heads
    names: list[str] = []
    for one in given:
        if one == "norms":
            found = [name for name, module in model.named_modules() if is_norm(module)]
        else:
            found = [name for name, _ in model.named_modules() if name and _ends(name, one)]
        if not found:
            every = [name for name, _ in model.named_modules() if name]
            raise ValueError(
                f"modules_to_save names '{one}', and no module of this {type(model).__name__} is called so."
                f"{did_you_mean(one, every)} 'norms' are all its norms, and without modules_to_save it is the head."
            )
        names += found
    return tuple(dict.fromkeys(names))


def _ends(name: str, wanted: str) -> bool:
    return name == wanted or name.endswith(f".{wanted}")


def _nothing(
    given: str | tuple[str, ...] | None, layers: dict[str, nn.Module], reasons: dict[str, str | None]
) -> ValueError:
    names = given if isinstance(given, tuple) else ()
    barred = {name: reasons[name] for name in layers if any(_ends(name, one) for one in names) and reasons[name]}
    if barred:
        name, reason = next(iter(barred.items()))
        return ValueError(f"No layer can have an adapter: '{name}' is left out, since it is {reason}.")
    ends = sorted({name.rpartition(".")[2] for name, reason in reasons.items() if reason is None})
    there = ", ".join(ends) or "none"
    wanted = f"target_modules={given!r}" if given is not None else "the automatic choice"
    return ValueError(
        f"No layer matches {wanted}. Layers that could have an adapter end in: {there}."
        f"{did_you_mean(names[0], ends) if names else ''}"
    )
