"""What a model answers, and what its last layer reads: checked, so that a wrong model is met with a sentence.

    logits = answers_of(model, images)              # (N, num_classes)
    features = last_layer_features(model, images)   # (N, D)

Left out: models with several classifiers, and heads that are no linear layer, where there is no last layer to speak of.
"""

import torch
from torch import Tensor, nn

from transferlab.data.checks import described
from transferlab.data.images import ImageSet
from transferlab.heads import heads_of
from transferlab.inference import predict


def answers_of(model: nn.Module, images: ImageSet) -> Tensor:
    """The logits `(N, num_classes)` of every image, on the CPU; the model stays as it is.

        >>> answers_of(model, data.held_out).argmax(1)

    Raises:
        ValueError: no model, no ImageSet, images that the model does not take, another number of classes than theirs,
            or answers that are no numbers.
    """
    if not isinstance(model, nn.Module):
        raise ValueError(f"The first argument is a model (an nn.Module); you gave {described(model)}.")
    if not isinstance(images, ImageSet):
        raise ValueError(f"Images are an ImageSet, data.held_out say; you gave {described(images)}.")
    try:
        logits = predict(model, images)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, AssertionError, IndexError) as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        height, width = images.size
        raise ValueError(f"This {type(model).__name__} does not take images of {height}×{width}: {reason}.") from None
    if logits.ndim != 2 or logits.shape[1] != images.num_classes:
        given = f"{logits.shape[1]} classes" if logits.ndim == 2 else f"answers of shape {tuple(logits.shape)}"
        raise ValueError(
            f"The images have {images.num_classes} classes and the model {given}. Audit the model that was trained on "
            f"these classes: replace_head(model, {images.num_classes}) and train first."
        )
    if not torch.isfinite(logits).all():
        bad = int((~torch.isfinite(logits)).any(1).sum())
        raise ValueError(
            f"The model answers {bad} of {len(images)} images with NaN or infinite scores: its weights are broken. "
            "Train it with a lower learning rate."
        )
    return logits


def last_layer(model: nn.Module) -> nn.Linear:
    """The linear layer that gives the answers.

    Raises:
        ValueError: the model has several classifiers, or one that is no linear layer.
    """
    heads = heads_of(model)
    name, head = next(iter(heads.items()))
    if len(heads) > 1 or not isinstance(head, nn.Linear):
        kind = f"{len(heads)} classifiers ({', '.join(heads)})" if len(heads) > 1 else f"a {type(head).__name__}"
        raise ValueError(
            f"{type(model).__name__} has {kind} as its last layer ('{name}'), and this remedy trains one linear layer "
            "anew. Type replace_head(model, num_classes) and train first."
        )
    return head


def last_layer_features(model: nn.Module, images: ImageSet) -> Tensor:
    """What the last layer reads of every image, float32 `(N, D)` on the CPU, in eval mode; the model stays as it is.

        >>> last_layer_features(model, data.train).shape
        torch.Size([160, 256])

    Raises:
        ValueError: as `answers_of` and `last_layer`, or a last layer that reads several vectors an image.
    """
    head, seen = last_layer(model), []
    hook = head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().float().cpu()))
    try:
        answers_of(model, images)
    finally:
        hook.remove()
    if any(part.ndim != 2 for part in seen) or sum(map(len, seen)) != len(images):
        raise ValueError(
            f"The last layer of this {type(model).__name__} does not read one vector an image, so that it cannot be "
            "trained by itself."
        )
    return torch.cat(seen)
