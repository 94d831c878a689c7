"""Ask the author's own `predict`, and watch from inside the model what reaches it and in which mode it answers.

    asked = ask(model, predict, images)
    asked.inputs, asked.in_train_mode

So it need not be known how the author prepares images: an all-black and an all-white picture stay what they are under
any crop or flip, and what arrives for them is the normalisation. Hooks are gone afterwards, after an error too.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from transferlab.museum.untouched import theirs


@dataclass(frozen=True, eq=False)
class Asked:
    """One call of `predict`.

    `outputs` is `(N, classes)`, or `(N,)` where classes were given at once. `inputs` is what the model was given,
    `(N, 3, H, W)`, None where that is not one picture for each. `in_train_mode` names layers that ran in train mode,
    `reached` says whether the model was run at all.
    """

    outputs: Tensor
    inputs: Tensor | None
    in_train_mode: tuple[str, ...]
    reached: bool

    @property
    def classes(self) -> Tensor:
        """The class that was answered for each image `(N,)`."""
        return self.outputs.argmax(1) if self.outputs.ndim == 2 else self.outputs


def ask(model: nn.Module | None, predict: Callable[[Tensor], Tensor], images: Tensor) -> Asked:
    """Call `predict` on uint8 images `(N, 3, H, W)`, and watch. To be called inside `untouched`.

        >>> ask(model, trained.predict, data.held_out.images[:64]).in_train_mode
        ('bn1', 'layer1.0.bn1', …)

    Raises:
        ValueError: predict raised something, or what came back is no tensor with a row for each image.
    """
    inputs: list[Tensor] = []
    in_train_mode: dict[str, None] = {}

    def note_input(_: nn.Module, given: tuple) -> None:
        if given and isinstance(given[0], Tensor):
            inputs.append(given[0].detach().float().cpu().clone())

    def note_mode(name: str) -> Callable:
        def hook(module: nn.Module, _: tuple) -> None:
            if module.training:
                in_train_mode[name] = None

        return hook

    handles = []
    if model is not None:
        handles.append(model.register_forward_pre_hook(note_input))
        layers = [(name, module) for name, module in model.named_modules() if has_modes(module)]
        handles += [module.register_forward_pre_hook(note_mode(name)) for name, module in layers]
    try:
        with torch.no_grad(), theirs("Your predict"):
            outputs = predict(images)
    finally:
        for handle in handles:
            handle.remove()
    if not isinstance(outputs, Tensor) or outputs.ndim not in (1, 2) or len(outputs) != len(images):
        given = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
        raise ValueError(
            f"predict takes uint8 images (N, 3, H, W) and gives (N, classes) or (N,); for {len(images)} images it gave "
            f"{given}."
        )
    return Asked(outputs.detach().cpu(), _joined(inputs, len(images)), tuple(in_train_mode), bool(inputs))


def has_modes(module: nn.Module) -> bool:
    """Whether this layer answers otherwise in train mode: BatchNorm, and dropout of any kind that drops something.

    >>> has_modes(nn.Dropout(0.5)), has_modes(nn.Dropout(0.0))
    (True, False)
    """
    if isinstance(module, _BatchNorm):
        return True
    share = getattr(module, "p", getattr(module, "drop_prob", None))  # drop_prob in timm's DropPath
    return "drop" in type(module).__name__.lower() and bool(share)


def _joined(inputs: list[Tensor], count: int) -> Tensor | None:
    """None where other pictures than one for each image arrived, as with several views of one."""
    same = len({one.shape[1:] for one in inputs}) == 1
    return torch.cat(inputs) if same and sum(map(len, inputs)) == count else None
