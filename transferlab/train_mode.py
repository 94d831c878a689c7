"""Train mode as a recipe means it, entered again before every batch, since between two batches a model is its caller's.

Left out: what frozen stages do when they are told to train, which freezing sees to.
"""

from torch import nn

from transferlab.freezing.parts import hold_statistics


class TrainMode:
    """Puts a model into train mode, save for what is frozen and, with `hold`, for the statistics of BatchNorm.

    >>> enter = TrainMode(model, hold=True)
    >>> enter()
    """

    def __init__(self, model: nn.Module, hold: bool) -> None:
        self.model, self.hold = model, hold
        self._modes: list[tuple[nn.Module, bool]] = []  # of each module while it trains, known after the first time

    def __call__(self) -> None:
        """Nothing where every module is in its mode already."""
        if self._modes and all(module.training is mode for module, mode in self._modes):
            return
        self.model.train()  # what is frozen stays in eval mode: see freezing
        if self.hold:
            hold_statistics(self.model)
        self._modes = [(module, module.training) for module in self.model.modules()]
