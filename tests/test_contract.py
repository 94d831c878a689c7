"""The contract: what must hold for every classifier of torchvision and for a model of every timm family.

    pytest tests/test_contract.py -k timm-vit            # one family of the default run
    pytest tests/test_contract.py -m slow -k vit_h_14    # one model of the full sweep
    pytest tests/test_contract.py -m 'slow or not slow'  # everything

Random weights, small images. Each model has its stages found and its head replaced; then the freeze line takes three
positions under one live optimizer, with a training step at each. What is frozen must be bit-equal afterwards, buffers
included; what is declared trainable must have moved, tensor by tensor. `model_families.py` lists the models and
their image sizes. Every declared tensor must get a gradient, and must move unless that is exactly zero. This is allowed
to one tensor in fifty: what is added in front of a norm cancels out, to the last bit on some machines.
"""

import fnmatch
import hashlib
import warnings

import pytest
import torch
from torch import nn

from tests.model_families import TIMM, Family, families
from transferlab.backbones import load
from transferlab.freezing import freeze_to, unfreeze
from transferlab.heads import head_of, heads_of, replace_head
from transferlab.lr_groups import lr_groups, update_groups
from transferlab.stages import find_heads, stage_parameters, stages
from transferlab.stages.classifier import declared_heads
from transferlab.unsupported import UNSUPPORTED

NUM_CLASSES = 5
BATCH = 3  # two would make BatchNorm's output on 1×1 maps a mere sign, without a gradient


def fingerprint(tensor: torch.Tensor) -> bytes:
    """Equal exactly when the bits are equal; a copy of a billion parameters would not fit beside the optimizer."""
    return hashlib.sha1(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().data).digest()


def fingerprints(named) -> dict[str, bytes]:
    return {name: fingerprint(tensor) for name, tensor in named if tensor.numel()}


def wake_up(model: nn.Module) -> None:
    """Scales that start at zero (`zero_init_last`) and dropped branches would leave layers without a gradient."""
    for module in model.modules():
        for attribute in ("p", "drop_prob"):
            if "Drop" in type(module).__name__ or "StochasticDepth" in type(module).__name__:
                setattr(module, attribute, 0.0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.numel() and not parameter.any():
                parameter.normal_(0, 0.02)
            elif parameter.ndim == 1 and parameter.abs().max() < 1e-3:
                parameter.fill_(0.1)


def check_stages(model: nn.Module) -> None:
    found = stages(model)
    assert len(found) >= 3
    assert len(set(found.names)) == len(found)
    assert [stage.is_head for stage in found] == [False] * (len(found) - 1) + [True]
    assert [stage.depth for stage in found] == sorted(stage.depth for stage in found)
    parts = [stage_parameters(model, stage) for stage in found]
    ids = [id(parameter) for part in parts for parameter in part.values()]
    assert sorted(ids) == sorted(id(parameter) for parameter in model.parameters())  # each once, none forgotten
    assert sum(stage.num_parameters for stage in found) == sum(p.numel() for p in model.parameters())
    assert all(part for part in parts)
    own = {id(p) for head in heads_of(model).values() for p in head.parameters()}
    assert own <= {id(p) for p in parts[-1].values()}
    buffers = {name for name, _ in model.named_buffers()}
    covered = {
        name
        for stage in found
        for module in stage.modules
        for name, _ in model.get_submodule(module).named_buffers(prefix=module)
    }
    assert not {name for name in buffers - covered if "running_" in name}


def check_head(model: nn.Module, x: torch.Tensor) -> None:
    backbone = stages(model).names[:-1]
    report = replace_head(model, NUM_CLASSES, seed=0)
    assert report.num_classes == NUM_CLASSES
    assert stages(model).names[:-1] == backbone
    assert getattr(model, "num_classes", NUM_CLASSES) == NUM_CLASSES
    if hasattr(model, "get_classifier"):  # timm's own idea of its classifier is the oracle
        of_timm = {id(m) for c in as_tuple(model.get_classifier()) for m in c.modules()}
        assert id(head_of(model)[1]) in of_timm
    model.eval()
    with torch.no_grad():
        assert model(x).shape == (len(x), NUM_CLASSES)


def as_tuple(value) -> tuple:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def check_line(model: nn.Module, line: int, optimizer, x: torch.Tensor) -> torch.optim.Optimizer:
    """Move the freeze line, take one step, and look at every tensor."""
    found = stages(model)
    report = freeze_to(model, line)
    assert report.frozen == found.names[:line]
    assert report.trainable == found.names[line:]
    settings = {"head_lr": 1e-3, "layer_decay": 0.9, "weight_decay": 0.0}  # with decay everything would move anyway
    kept = {}
    if optimizer is None:
        optimizer = torch.optim.AdamW(lr_groups(model, **settings), eps=1e-20, foreach=False)
    else:
        kept = {p: (int(state["step"]), fingerprint(state["exp_avg"])) for p, state in optimizer.state.items()}
        update_groups(optimizer, model, **settings)
        for parameter, (_, average) in kept.items():  # the head and what was unfrozen before keep Adam's memory
            assert fingerprint(optimizer.state[parameter]["exp_avg"]) == average
    declared = {name: p for stage in found[line:] for name, p in stage_parameters(model, stage).items()}
    in_groups = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(in_groups) == sorted(id(p) for p in declared.values())
    assert report.trainable_parameters == sum(p.numel() for p in declared.values())
    rates = {group["stage"]: group["lr"] for group in optimizer.param_groups}
    last = len(found) - 1
    assert rates == pytest.approx({found[i].name: 1e-3 * 0.9 ** (last - i) for i in range(line, last + 1)})

    parameters = fingerprints(model.named_parameters())
    frozen_buffers = {
        name
        for stage in found[:line]
        for module in stage.modules
        for name, _ in model.get_submodule(module).named_buffers(prefix=module)
    }
    buffers = fingerprints((name, buffer) for name, buffer in model.named_buffers() if name in frozen_buffers)
    model.train()
    asleep = {m for stage in found[:line] for name in stage.modules for m in model.get_submodule(name).modules()}
    awake = {m for stage in found[line:] for name in stage.modules for m in model.get_submodule(name).modules()}
    assert not any(m.training for m in asleep)
    assert all(m.training for m in awake - asleep)  # what CoaT's stages share is frozen with the first of them
    labels = torch.arange(len(x)) % NUM_CLASSES
    output = model(x)
    assert isinstance(output, torch.Tensor)
    nn.functional.cross_entropy(output, labels).backward()
    optimizer.step()
    now = fingerprints(model.named_parameters())
    moved = {name for name in now if now[name] != parameters[name]}
    assert moved <= set(declared), f"frozen, and moved: {sorted(moved - set(declared))}"
    assert buffers == fingerprints((n, b) for n, b in model.named_buffers() if n in frozen_buffers)
    still = {name for name in declared if name in now and name not in moved}
    assert all(p.grad is not None for p in declared.values())
    cancelled = {name for name in still if not declared[name].grad.any()}
    assert not still - cancelled, f"trainable, with a gradient, and did not move: {sorted(still - cancelled)}"
    assert len(cancelled) <= len(declared) / 50, f"trainable, without a gradient: {sorted(cancelled)}"
    assert all(int(optimizer.state[parameter]["step"]) == step + 1 for parameter, (step, _) in kept.items())
    optimizer.zero_grad()
    return optimizer


def check_contract(family: Family) -> None:
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the libraries' own
        model = family.build()
    x = torch.randn(BATCH, 3, family.size, family.size)
    if family.headless:
        with pytest.raises(ValueError, match=r"has no classifier: .* Type replace_head\(model, num_classes\)"):
            stages(model)
        replace_head(model, NUM_CLASSES)
    check_stages(model)
    check_head(model, x)
    wake_up(model)
    last = len(stages(model)) - 1
    optimizer = None
    for line in (last, last // 2, 0):
        optimizer = check_line(model, line, optimizer, x)
    unfreeze(model)
    assert not any("train" in module.__dict__ for module in model.modules())


def selection():
    return [
        pytest.param(family, id=family.id, marks=[pytest.mark.slow] if family.slow else []) for family in families()
    ]


@pytest.mark.parametrize("family", selection())
def test_contract(family):
    check_contract(family)


SMALL = next(family for family in TIMM if family.name == "test_resnet")


def wakes_up(keeper, mode=True):
    module = keeper.module()
    return type(module).train(module, mode)


def forgets(optimizer, model, original=update_groups, **settings):
    optimizer.state.clear()
    return original(optimizer, model, **settings)


@pytest.mark.parametrize(
    ("target", "broken"),
    [
        ("transferlab.freezing.parts.StaysInEval.__call__", wakes_up),  # requires_grad alone: BatchNorm drifts
        ("tests.test_contract.update_groups", forgets),
    ],
    ids=["BatchNorm drifts", "Adam forgets"],
)
def test_the_contract_can_be_broken(monkeypatch, target, broken):
    monkeypatch.setattr(target, broken)
    with pytest.raises((AssertionError, KeyError)):
        check_contract(SMALL)


def test_every_family_of_timm_is_in_the_contract():
    import timm

    assert {family.module for family in TIMM} == set(timm.list_modules())
    for family in TIMM:
        assert family.name in timm.list_models(module=family.module)


def test_every_classifier_of_torchvision_is_in_the_contract():
    from torchvision import models

    names = [family.name for family in families() if family.library == "torchvision"]
    assert sorted(names) == sorted(models.list_models(module=models))
    assert len(names) >= 80


# Where timm's own order of layers differs from ours, and why ours stands.
OTHER_ORDER = {
    "cait_*": "timm gives the first class-attention block the same number as the last block in front of it",
    "vit_*_rope_mixed*": "timm counts the rotary embedding last; it is used in every block",
    "vit_srelpos_*": "timm counts the shared relative position last; it is used in every block",
}


@pytest.mark.slow
@pytest.mark.parametrize("module", sorted({family.module for family in TIMM}))
def test_structure_of_every_timm_model(module):
    """All models of a module, without memory for weights: stages in timm's own order (the oracle), head replaced."""
    import timm
    from timm.models import group_parameters

    for name in timm.list_models(module=module):
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in UNSUPPORTED):
            continue  # test_unsupported.py asks for them
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = load(f"timm/{name}", pretrained=False)
        if not declared_heads(model):
            with pytest.raises(ValueError, match=r"has no classifier: .* Type replace_head\(model, num_classes\)"):
                find_heads(model)
            replace_head(model, NUM_CLASSES)
        check_stages(model)
        replace_head(model, NUM_CLASSES)
        assert model.num_classes == NUM_CLASSES
        found = stages(model)
        if not hasattr(model, "group_matcher") or any(fnmatch.fnmatchcase(name, one) for one in OTHER_ORDER):
            continue
        of_timm = group_parameters(model, model.group_matcher(coarse=False), reverse=True)
        spans = []
        for stage in found[:-1]:
            # bare parameters are ours to give to the stem; timm gives those that come late to a late group
            numbers = [of_timm[p] for p in stage.parameters if p in of_timm and (stage is not found[0] or "." in p)]
            spans += [(stage.name, min(numbers))] if numbers else []
        assert [number for _, number in spans] == sorted(number for _, number in spans), name
