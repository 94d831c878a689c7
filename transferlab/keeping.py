"""What a way to keep the source task does during a run: one term beside the loss.

A Keeping looks at the model through two hooks, at the images that go in and at the features that reach the head, so
that it works on any architecture. It holds the backbone as it was when the run began.
"""

import copy

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F
from torch.utils.hooks import RemovableHandle

from transferlab.forgetting import SourceMemory
from transferlab.heads import head_of
from transferlab.inference import evaluating, model_input
from transferlab.keep_methods import EWC, L2SP, KeepMethod, LwF, Replay
from transferlab.losses import answer_loss


class Keeping:
    """A keep method at work on one model.

        >>> keeping = Keeping(EWC(), model, memory, seed=0)
        >>> keeping.look()                      # hooks on, until close()
        >>> logits = model(x)
        >>> loss = F.cross_entropy(logits, y) + keeping.term(step)

    `start` are the backbone's weights and buffers by name as they were, `importance` the Fisher information of each
    weight (EWC only); given both as `restored`, a run that was interrupted goes on (see checkpoints).

    Raises:
        ValueError: the method needs a memory of the source task, or images to rehearse, and there are none.
    """

    def __init__(
        self, method: KeepMethod, model: nn.Module, memory: SourceMemory | None, seed: int = 0,
        restored: tuple[dict[str, Tensor], dict[str, Tensor]] | None = None,
    ) -> None:  # fmt: skip
        check_keep(method, memory)
        self.method, self.model, self.memory, self.seed = method, model, memory, seed
        self.head_name, _ = head_of(model)
        self._hooks: list[RemovableHandle] = []
        self._seen: dict[str, Tensor] = {}
        device = next(model.parameters()).device
        if memory is not None:
            self.source_head = copy.deepcopy(memory.head).requires_grad_(False).eval().to(device)
        if restored is not None:
            self.start, self.importance = ({name: v.to(device) for name, v in part.items()} for part in restored)
            return
        backbone = {name: value for name, value in model.state_dict().items() if not self._of_head(name)}
        self.start = {name: value.detach().clone() for name, value in backbone.items()}
        self.importance = self._fisher() if isinstance(method, EWC) else {}

    def look(self) -> None:
        """Put the hooks on: from now on the last images and features are known."""

        def keep(what: str):
            def hook(module: nn.Module, inputs: tuple) -> None:
                self._seen[what] = inputs[0]

            return hook

        head = self.model.get_submodule(self.head_name)
        self._hooks = [
            self.model.register_forward_pre_hook(keep("images")),
            head.register_forward_pre_hook(keep("features")),
        ]

    def close(self) -> None:
        """Take the hooks off."""
        for hook in self._hooks:
            hook.remove()
        self._hooks, self._seen = [], {}

    def term(self, step: int) -> Tensor:
        """What to add to the loss of the batch that the model has just answered; `step` chooses what is rehearsed."""
        method = self.method
        if isinstance(method, L2SP | EWC):
            return method.strength / 2 * self._distance()
        if isinstance(method, LwF):
            return method.strength * self._distillation(method.temperature)
        assert isinstance(method, Replay)
        return method.strength * self._rehearsal(method.batch_size, step)

    def _distance(self) -> Tensor:
        """How far the backbone's trainable weights are from where they began, each weighed by its importance."""
        distances = [
            (self.importance.get(name, 1.0) * (parameter - self.start[name]).square()).sum()
            for name, parameter in self.model.named_parameters()
            if parameter.requires_grad and name in self.start
        ]
        return torch.stack(distances).sum()

    def _distillation(self, temperature: float) -> Tensor:
        """The divergence of the source head's answers from those of the model as it was, on the same images."""
        images, features = self._seen["images"], self._seen["features"]
        with torch.no_grad(), evaluating(self.model):
            functional_call(self.model, self.start, (images,), strict=False)
            before = self.source_head(self._seen["features"])  # (B, source classes)
        now = self.source_head(features)
        divergence = F.kl_div(
            F.log_softmax(now / temperature, -1).flatten(0, -2),
            F.log_softmax(before / temperature, -1).flatten(0, -2),
            log_target=True,
            reduction="batchmean",
        )
        return temperature**2 * divergence  # gradients as large as at temperature 1 (Hinton et al. 2015)

    def _rehearsal(self, batch_size: int, step: int) -> Tensor:
        """The loss on some source images, chosen by seed and step alone."""
        assert self.memory is not None
        assert self.memory.rehearsal is not None
        images, answers = self.memory.rehearsal
        generator = Generator().manual_seed(self.seed * 1_000_003 + step)
        index = torch.randint(len(images), (batch_size,), generator=generator)
        x = model_input(self.model, images.rows[index])
        self.model(x)
        return answer_loss(self.source_head(self._seen["features"]), answers[index].to(x.device))

    def _fisher(self) -> dict[str, Tensor]:
        """The mean square of each weight's gradient, one source image at a time, answers drawn from the model's own.

        Its own answers and not the labels: with labels it is the empirical Fisher, which is another matrix
        (Kunstner et al. 2019). Averaged over images, so that `strength` does not depend on how many there are.
        """
        assert self.memory is not None
        assert self.memory.rehearsal is not None
        images, _ = self.memory.rehearsal
        generator = Generator().manual_seed(self.seed)
        weights = {
            name: parameter.detach().clone().requires_grad_(True)
            for name, parameter in self.model.named_parameters()
            if name in self.start
        }
        sums = {name: torch.zeros_like(value) for name, value in weights.items()}
        self.look()
        with evaluating(self.model):
            for pixels in images.rows:
                functional_call(self.model, weights, (model_input(self.model, pixels[None]),), strict=False)
                logits = self.source_head(self._seen["features"]).flatten(
                    0, -2
                )  # (1, source classes), or one row a position
                drawn = torch.multinomial(logits.detach().softmax(1).cpu(), 1, generator=generator)[:, 0]
                loss = F.cross_entropy(logits, drawn.to(logits.device))
                gradients = torch.autograd.grad(loss, list(weights.values()), allow_unused=True)  # side heads have none
                for name, gradient in zip(weights, gradients, strict=True):
                    if gradient is not None:
                        sums[name] += gradient.square()
        self.close()
        return {name: value / len(images) for name, value in sums.items()}

    def _of_head(self, name: str) -> bool:
        return name.startswith(f"{self.head_name}.")


def check_keep(method: KeepMethod, memory: SourceMemory | None) -> None:
    """Say what a method lacks, before anything is trained.

    Raises:
        ValueError: no memory of the source task, or no images to rehearse.
    """
    name = type(method).__name__
    if memory is None and not isinstance(method, L2SP):
        raise ValueError(
            f"{name} keeps the source task by its own head, and there is no memory of it. Type "
            "memory = remember(model, rehearsal=5) before replace_head, and fit(…, memory=memory)."
        )
    if isinstance(method, EWC | Replay) and memory is not None and memory.rehearsal is None:
        raise ValueError(
            f"{name} looks at source images, and never at those that forgetting is measured on. Type "
            "remember(model, rehearsal=5), or remember(model, source, rehearsal=other_images) for images of your own."
        )
