"""Fitting the statistics of frozen BatchNorm layers to the images of the target task, without training anything.

Source: Li et al., "Revisiting Batch Normalization for Practical Domain Adaptation" (2016). Left out: weighting
batches by their size.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from transferlab.freezing.parts import parts_of
from transferlab.stages import stages


def recalibrate(model: nn.Module, batches: Iterable[Any]) -> int:
    """Estimate the frozen BatchNorm layers' statistics anew from images of the target task; returns how many layers.

        >>> freeze(model, bn="recalibrate")
        >>> recalibrate(model, [images])     # each (B, C, H, W), normalised as in training, or (images, labels)

    Each layer's mean and variance become the plain average over the batches, which should be large and at least two
    images each. Weights and everything outside the frozen stages stay as they are; the layers are frozen again after.
    Source: Li et al., "Revisiting Batch Normalization for Practical Domain Adaptation" (2016); the averaging is that of
    `torch.optim.swa_utils.update_bn`.

    Raises:
        ValueError: no frozen BatchNorm with running statistics, no batch, or a batch of one image.
    """
    parts = parts_of(model, stages(model))
    layers = [
        layer
        for part in parts
        if part.is_frozen()
        for layer in part.batch_norms
        if layer.track_running_stats and layer.running_mean is not None
    ]
    if not layers:
        raise ValueError(
            "There is no frozen BatchNorm layer to recalibrate. Type freeze(model, bn='recalibrate') first, or leave "
            "it out: not every network has BatchNorm."
        )
    modes = {module: module.training for module in model.modules()}
    momenta = [layer.momentum for layer in layers]
    saved = [{key: value.clone() for key, value in layer.state_dict().items()} for layer in layers]
    num_batches = 0
    try:
        model.eval()
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None  # torch's way to ask for a cumulative average
            layer.training = True
        device = next(model.parameters()).device
        with torch.no_grad():
            for batch in batches:
                x = batch if isinstance(batch, Tensor) else batch[0]
                if len(x) < 2:
                    raise ValueError("A batch of one image has no statistics to speak of; give two images or more.")
                model(x.to(device))
                num_batches += 1
        if not num_batches:
            raise ValueError("There is no batch to recalibrate with; give at least one tensor of images (B, C, H, W).")
    except BaseException:
        for layer, values in zip(layers, saved, strict=True):
            layer.load_state_dict(values)
        raise
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        for module, mode in modes.items():
            module.training = mode
    return len(layers)
