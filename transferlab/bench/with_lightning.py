"""Lightning doing the same: a LightningModule and its callback BackboneFinetuning, which never unfreezes here."""

from collections.abc import Callable

import torch
from torch.nn import functional as F

from transferlab.bench.plain import one_cycle
from transferlab.bench.task import Task

Seen = Callable[[float], None]


def head(task: Task) -> Callable[[Seen], float]:
    """The callback's default freezes the backbone and lets BatchNorm train."""
    import logging

    import lightning
    from lightning.pytorch.callbacks import BackboneFinetuning

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    settings = task.settings
    x, labels, y, held_out_labels = task.tensors()
    points: list[float] = []
    report: list[Seen] = []

    class Classifier(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = task.model()
            self.head: torch.nn.Module = self.backbone.fc
            self.backbone.fc = torch.nn.Identity()  # type: ignore[assignment]
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
            parameters = [parameter for parameter in self.parameters() if parameter.requires_grad]
            optimizer = torch.optim.AdamW(parameters, settings.head_lr, weight_decay=settings.weight_decay)
            schedule = one_cycle(optimizer, settings.epochs * -(-len(x) // settings.batch_size))
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    loaders = (
        torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, labels), settings.batch_size, shuffle=True),
        torch.utils.data.DataLoader(torch.utils.data.TensorDataset(y, held_out_labels), 250),
    )
    trainer = lightning.Trainer(
        max_epochs=settings.epochs, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
        callbacks=[BackboneFinetuning(unfreeze_backbone_at_epoch=settings.epochs + 1)],
    )  # fmt: skip
    classifier = Classifier()

    def run(tell: Seen) -> float:
        report.append(tell)
        trainer.fit(classifier, *loaders)
        return points[-1]

    return run
