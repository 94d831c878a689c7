"""Lightning doing the same: a LightningModule and its callback BackboneFinetuning.

In `head` it never unfreezes; `native` is as Lightning's documentation has it, which leaves batch size and epochs to the
user.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from transferlab.bench.plain import one_cycle
from transferlab.bench.task import Task

Seen = Callable[[float], None]


def head(task: Task) -> Callable[[Seen], float]:
    """The callback's default freezes the backbone and lets BatchNorm train."""
    from lightning.pytorch.callbacks import BackboneFinetuning

    settings = task.settings
    steps = settings.epochs * -(-len(task.data.train) // settings.batch_size)

    def optimizers(parameters: list[nn.Parameter]):
        optimizer = torch.optim.AdamW(parameters, settings.head_lr, weight_decay=settings.weight_decay)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": one_cycle(optimizer, steps), "interval": "step"},
        }

    callback = BackboneFinetuning(unfreeze_backbone_at_epoch=settings.epochs + 1)
    return _training(task, settings.epochs, callback, optimizers)


def native(task: Task) -> Callable[[Seen], float]:
    """`BackboneFinetuning()` as it comes: the backbone thaws at epoch 10; Adam at 1e-3, as in Lightning's examples."""
    from lightning.pytorch.callbacks import BackboneFinetuning

    return _training(
        task, task.settings.native_epochs, BackboneFinetuning(), lambda parameters: torch.optim.Adam(parameters, 1e-3)
    )


def _training(
    task: Task, epochs: int, callback: Any, optimizers: Callable[[list[nn.Parameter]], Any]
) -> Callable[[Seen], float]:
    import logging

    import lightning

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    x, labels, y, held_out_labels = task.tensors()
    points: list[float] = []
    report: list[Seen] = []

    class Classifier(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = task.model()
            self.head: nn.Module = self.backbone.fc
            self.backbone.fc = nn.Identity()  # type: ignore[assignment]
            self.right = 0

        def training_step(self, batch, _):
            return F.cross_entropy(self.head(self.backbone(batch[0])), batch[1])

        def validation_step(self, batch, _):
            self.right += int((self.head(self.backbone(batch[0])).argmax(1) == batch[1]).sum())

        def on_validation_epoch_end(self) -> None:
            points.append(self.right / len(y))
            self.right = 0
            report[0](points[-1])

        def configure_optimizers(self):
            return optimizers([parameter for parameter in self.parameters() if parameter.requires_grad])

    loaders = (
        torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, labels), task.settings.batch_size, shuffle=True),
        torch.utils.data.DataLoader(torch.utils.data.TensorDataset(y, held_out_labels), 250),
    )
    trainer = lightning.Trainer(
        max_epochs=epochs, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0, callbacks=[callback],
    )  # fmt: skip
    classifier = Classifier()

    def run(tell: Seen) -> float:
        report.append(tell)
        trainer.fit(classifier, *loaders)
        return points[-1]

    return run
