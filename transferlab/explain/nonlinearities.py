"""Which nonlinear functions an answer passes through, read from autograd's graph and not from the list of modules.

Guided backpropagation and DeepLift replace the gradient of some nonlinearities by a rule of their own, through hooks on
modules. A GELU has no such rule, and an `F.relu` in a forward has no module: both would go unnoticed and give a pretty
picture that is plain wrong. Left out: products of two activations (gates), which DeepLift's sum gives away.
"""

from collections import Counter

from torch import Tensor, nn

# Autograd's node, without 'Backward0' -> what people call it.
ACTIVATIONS = {
    "Relu": "ReLU", "LeakyRelu": "LeakyReLU", "Elu": "ELU", "Celu": "CELU", "Gelu": "GELU", "Silu": "SiLU",
    "Mish": "Mish", "Hardswish": "Hardswish", "Hardtanh": "ReLU6", "Hardsigmoid": "Hardsigmoid", "Prelu": "PReLU",
    "PreluKernel": "PReLU", "Sigmoid": "Sigmoid", "Tanh": "Tanh", "Softplus": "Softplus", "Softmax": "Softmax",
    "LogSigmoid": "LogSigmoid", "Threshold": "Threshold", "ScaledDotProductAttention": "attention",
    "ScaledDotProductFlashAttentionForCpu": "attention", "ScaledDotProductFlashAttention": "attention",
    "ScaledDotProductEfficientAttention": "attention", "ScaledDotProductFusedAttentionOverrideable": "attention",
}  # fmt: skip
GATES = {"Sigmoid", "Hardsigmoid", "Softmax", "attention", "Tanh"}  # they weigh something and carry no feature on


def nonlinearities(logits: Tensor) -> Counter[str]:
    """How often each nonlinear function lies between the images and these logits; the images need `requires_grad`.

    >>> nonlinearities(nn.Sequential(nn.Linear(2, 2), nn.ReLU())(torch.ones(1, 2, requires_grad=True)))
    Counter({'ReLU': 1})
    """
    found: Counter[str] = Counter()
    seen = set()
    waiting = [logits.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        name = node.name().split("::")[-1].rstrip("0123456789").removesuffix("Backward")
        if name in ACTIVATIONS:
            found[ACTIVATIONS[name]] += 1
        waiting += [following for following, _ in node.next_functions]
    return found


def relu_calls(inside: nn.Module, calls: Counter[str]) -> int:
    """How many of the ReLUs are modules, which hooks reach."""
    return sum(calls[name] for name, module in inside.named_modules() if type(module) is nn.ReLU)


def why_not_guided(found: Counter[str], relus: int) -> str | None:
    """Why guided backpropagation says nothing about such a network, None where it does."""
    others = sorted(name for name in found if name not in GATES and name != "ReLU")
    if others:
        return f"guided backpropagation has a rule for ReLUs alone, and this network passes through {_and(others)}"
    if not found["ReLU"]:
        return "guided backpropagation is about ReLUs, and this network has none: its gradients are the plain ones"
    if found["ReLU"] > relus:
        return _functions("guided backpropagation", found["ReLU"] - relus)
    return None


def why_not_deep_lift(found: Counter[str], relus: int) -> str | None:
    """Why DeepLift's rules do not cover such a network, None where they do."""
    known = {"ReLU", "LeakyReLU", "ELU", "Sigmoid", "Tanh", "Softplus", "Softmax"}
    others = sorted(set(found) - known)
    if others:
        return f"DeepLift has no rule for {_and(others)}"
    if found["ReLU"] > relus:
        return _functions("DeepLift", found["ReLU"] - relus)
    return None


def _functions(method: str, number: int) -> str:
    verb = "ReLU is a function" if number == 1 else f"{number} of the ReLUs are functions"
    return f"{method} works through modules, and here {verb} in a forward (F.relu), which no hook reaches"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
