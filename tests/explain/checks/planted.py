"""Methods planted for the tests: an honest one, and two that lie."""

import torch
from torch import Tensor, nn

from transferlab.backbones.preprocessing import normalise


def gradients(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Plain input gradients, summed over colours, with their signs."""
    x = normalise(images).detach().requires_grad_()
    model(x).gather(1, targets[:, None]).sum().backward()
    return x.grad.sum(1)


def edges(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Where the picture changes; the model is not asked."""
    grey = images.float().mean(1)
    across = nn.functional.pad(grey.diff(dim=2).abs(), (0, 1))
    return across + nn.functional.pad(grey.diff(dim=1).abs(), (0, 0, 0, 1))


def nothing(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    return torch.zeros(len(images), *images.shape[2:])


def by_the_weights(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Noise that the weights choose: it changes with the model and says nothing about it."""
    total = sum(parameter.abs().sum().item() for parameter in model.parameters())
    generator = torch.Generator().manual_seed(int(1000 * total))
    return torch.rand(len(images), *images.shape[2:], generator=generator)


class Linear(nn.Module):
    """Two scores of a picture of four pixels, red alone: w · red and minus that; its gradient is w."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.fc = nn.Linear(weights.numel(), 2, bias=False)
        with torch.no_grad():
            self.fc.weight.copy_(torch.stack([weights.flatten(), -weights.flatten()]))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x[:, 0].flatten(1))


def state(model: nn.Module) -> tuple:
    """Everything a check might change, to compare before and after."""
    tensors = {name: value.clone() for name, value in model.state_dict().items()}
    flags = [(p.requires_grad, p.grad is None) for p in model.parameters()]
    hooks = [len(m._forward_hooks) + len(m._backward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    return tensors, flags, hooks, [m.training for m in model.modules()], torch.get_rng_state()


def assert_same(before: tuple, after: tuple) -> None:
    assert before[0].keys() == after[0].keys()
    assert all(torch.equal(before[0][name], after[0][name]) for name in before[0])
    assert before[1:4] == after[1:4]
    assert torch.equal(before[4], after[4])
