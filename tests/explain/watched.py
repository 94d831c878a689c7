"""A network whose channels are the colours themselves, and a way to see that a model is as it was."""

import copy

import torch
from torch import nn


def colours_net(num_classes: int = 2) -> nn.Sequential:
    """Stage '0' hands red, green, blue and nothing on, 2 × 2 pixels to a place, through a ReLU; then the head '4'."""
    conv = nn.Conv2d(3, 4, 2, stride=2, bias=False)
    with torch.no_grad():
        conv.weight.zero_()
        for channel in range(3):
            conv.weight[channel, channel] = 0.25
    torch.manual_seed(0)
    return nn.Sequential(conv, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, num_classes))


class Watched:
    """What a look inside must leave alone; `same()` says whether it did.

    >>> watched = Watched(model)
    """

    def __init__(self, model: nn.Module) -> None:
        self.model, self.before = model, self._state(model)
        self.random = torch.random.get_rng_state()

    def same(self) -> bool:
        now = self._state(self.model)
        return (
            all(torch.equal(now[0][name], value) for name, value in self.before[0].items())
            and now[1:] == self.before[1:]
            and torch.equal(torch.random.get_rng_state(), self.random)
        )

    @staticmethod
    def _state(model: nn.Module) -> tuple:
        layers = [
            (type(m), m.training, len(m._forward_hooks), len(m._backward_hooks), getattr(m, "inplace", None))
            for m in model.modules()
        ]
        parameters = [(p.requires_grad, p.grad is None) for p in model.parameters()]
        return copy.deepcopy(model.state_dict()), layers, parameters
