"""What fp16 needs beside autocast: a loss multiplied before backward, and no step where that was too much.

    scaler = loss_scaler("fp16", "cuda")
    scaler.scale(loss).backward()                    # gradients 65,536 times as large
    scaled_step(scaler, optimizer)                   # which divides them again, or skips the step

fp16's smallest numbers are 6·10⁻⁸, and gradients are often smaller: they would be zero. Multiplied they are not; where
one becomes infinite instead, that step is left out and the factor is halved, and after 2,000 good steps it is doubled
(Micikevicius et al., "Mixed Precision Training", 2018). It is torch's own GradScaler; switched off, as for fp32 and
bf16, it hands everything through. The factor's state goes into checkpoints. Left out: loss functions of one's own.
"""

import torch
from torch.amp import GradScaler
from torch.optim import Optimizer


def loss_scaler(precision: str, device: str) -> GradScaler:
    """A scaler for a run in this precision: at work in "fp16" only.

    >>> loss_scaler("bf16", "cuda").is_enabled()
    False
    """
    return GradScaler(torch.device(device).type, enabled=precision == "fp16")


def scaled_step(scaler: GradScaler, optimizer: Optimizer) -> None:
    """`optimizer.step()` on the gradients as they would be unscaled; none where one of them is not finite.

        >>> scaled_step(scaler, optimizer)

    A fused optimizer divides within its kernel, so that gradients stay scaled and the device is not waited for.
    """
    scaler.step(optimizer)
    scaler.update()
