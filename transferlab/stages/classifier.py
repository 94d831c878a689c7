"""Where a model's classifier is, for a timm model, a torchvision model, and any module of the user's own.

timm says it itself (`get_classifier()` and `pretrained_cfg['classifier']`; see timm `models/_builder.py`). Elsewhere
it is the last layer with weights, in the order in which the model runs, and it has to be a Linear or a 1×1 convolution.
Left out: models that answer with anything else than one score a class (detection, segmentation, encoders).
"""

from collections.abc import Iterable, Iterator
from typing import Any

from torch import nn
from torch.nn.utils.parametrize import ParametrizationList

ADAPTER = "is_transferlab_adapter"  # set on layers that stand in for another one and hold it (see lora)
MARK = "is_transferlab_head"  # set on heads that are more than one layer, so that they are found again
WEIGHTED = (nn.Linear, nn.Bilinear, nn.Embedding, nn.RNNBase, nn.modules.conv._ConvNd)
NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.LocalResponseNorm)


def is_norm(module: nn.Module) -> bool:
    """Whether this layer normalises: torch's own norms, and others by their name (RmsNorm2d, Affine, EvoNorm).

    >>> is_norm(nn.BatchNorm2d(3))
    True
    """
    if isinstance(module, NORMS):
        return True
    if type(module).__module__.startswith("torch.nn.utils"):
        return False  # weight norm and its like are part of the layer that they parametrise
    name = type(module).__name__.lower()
    leaf = not any(isinstance(child, WEIGHTED) for child in module.modules())
    return leaf and ("norm" in name or name in ("affine", "evonorm"))


def has_weight(module: nn.Module) -> bool:
    """Whether this very module (not its children) owns a weight matrix or kernel; vectors and norms do not count.

    >>> has_weight(nn.Linear(3, 2)), has_weight(nn.BatchNorm2d(3)), has_weight(nn.PReLU())
    (True, False, False)
    """
    if isinstance(module, WEIGHTED) or getattr(module, ADAPTER, False):
        return True
    if isinstance(module, nn.ParameterList | nn.ParameterDict | ParametrizationList) or is_norm(module):
        return False
    return any(
        parameter is not None and sum(size > 1 for size in parameter.shape) >= 2
        for parameter in module._parameters.values()
    )


def is_classifier_layer(module: nn.Module | None) -> bool:
    """Whether a layer of this kind can be a classifier: Linear, or a 1×1 convolution.

    >>> is_classifier_layer(nn.Conv2d(512, 10, 1))
    True
    """
    return isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1))


def architecture(model: nn.Module) -> str:
    """The model's name: timm's own, else that of its class.

    >>> architecture(timm.create_model("resnet18"))
    'resnet18'
    """
    configuration = getattr(model, "pretrained_cfg", None)
    if configuration is not None and hasattr(configuration, "get"):
        name = configuration.get("architecture")
        if name:
            return name
    return type(model).__name__


def declared_heads(model: nn.Module) -> tuple[str, ...]:
    """The dotted names of the classifiers that the model itself declares, or none.

        >>> declared_heads(timm.create_model("deit_tiny_distilled_patch16_224"))
        ('head', 'head_dist')

    A head made by `replace_head` comes first, then what timm says. Where timm names a block (a norm, then a Linear),
    the head is the Linear: the rest was pretrained and belongs to the backbone.
    """
    names = {id(module): name for name, module in model.named_modules()}
    marked = tuple(name for name, module in model.named_modules() if getattr(module, MARK, False))
    if marked:
        return marked
    get_classifier: Any = getattr(model, "get_classifier", None)
    if not callable(get_classifier):
        return ()
    configuration: Any = getattr(model, "pretrained_cfg", None)
    listed = configuration.get("classifier") if hasattr(configuration, "get") else None
    by_name = dict(model.named_modules())
    listed = [name for name in _flat(listed) if is_classifier_layer(by_name.get(name))]
    found: list[str] = []
    for module in _flat(get_classifier()):  # the main one comes first
        if not isinstance(module, nn.Module) or id(module) not in names:
            continue
        parts = list(module.children()) if isinstance(module, nn.ModuleList) else [module]
        for part in parts:
            own = [names[id(layer)] for layer in part.modules() if is_classifier_layer(layer)]
            found += [name for name in own if name in listed] or own[-1:]
    return tuple(dict.fromkeys([*found, *listed]))


def _flat(value: object) -> Iterator:
    """One thing, a tuple of things, or nothing."""
    if isinstance(value, tuple | list):
        for one in value:
            yield from _flat(one)
    elif value is not None:
        yield value


def last_classifier(model: nn.Module, run_last: str) -> str | None:
    """The dotted name of the classifier inside `run_last`, the module with weights that runs last; None if it has none.

        >>> last_classifier(vgg11(), "classifier")
        'classifier.6'

    The last layer of a repeated block (`blocks.11.mlp.fc2`) is no classifier, nor is a layer that a norm follows.
    """
    root = model.get_submodule(run_last)
    candidate = None
    for name, module in root.named_modules(prefix=run_last):
        if has_weight(module):
            candidate = name
        elif is_norm(module):
            candidate = None  # a norm behind it: whatever came before was no classifier
    if candidate is None or not is_classifier_layer(model.get_submodule(candidate)):
        return None
    parts = candidate.split(".")
    for depth in range(1, len(parts)):
        ancestor = ".".join(parts[:depth])
        if _is_repeated(model, ancestor):
            return None
    return candidate


def _is_repeated(model: nn.Module, name: str) -> bool:
    """Whether a sibling of this module is built exactly alike, as the blocks of a trunk are."""
    parent_name, _, own = name.rpartition(".")
    parent = model.get_submodule(parent_name)
    module = parent.get_submodule(own)
    shapes = [tuple(parameter.shape) for parameter in module.parameters()]
    return any(
        child_name != own
        and type(child) is type(module)
        and [tuple(parameter.shape) for parameter in child.parameters()] == shapes
        for child_name, child in parent.named_children()
    )


def auxiliary_heads(model: nn.Module) -> tuple[str, ...]:
    """The side classifiers of Inception and GoogLeNet, which answer only while training.

    >>> auxiliary_heads(googlenet(aux_logits=True))
    ('aux1', 'aux2')
    """
    if not hasattr(model, "aux_logits"):
        return ()
    children = model.named_children()
    return tuple(name for name, child in children if name.lower().startswith("aux") and [*child.parameters()])


def no_classifier(model: nn.Module, names: Iterable[str]) -> ValueError:
    """The error for a model that ends without a classifier.

    >>> raise no_classifier(nn.Sequential(nn.Conv2d(3, 8, 3)), ["0"])
    ValueError: This Sequential has no classifier: … Its parts are: 0. …
    """
    if is_classifier_layer(model):
        return ValueError(f"A lone {type(model).__name__} has no parts to be stages. Type nn.Sequential(model).")
    remedy = (
        "Type replace_head(model, num_classes) to give it one."
        if callable(getattr(model, "reset_classifier", None))
        else "Put one at its end, for instance nn.Sequential(model, nn.Flatten(1), nn.LazyLinear(num_classes))."
    )
    return ValueError(
        f"This {architecture(model)} has no classifier: the last layer with weights should be an nn.Linear or a 1×1 "
        f"nn.Conv2d that gives one score a class. Its parts are: {', '.join(names) or 'none'}. {remedy}"
    )
