"""`explain`: which places of an image, or of a stage, an answer rests on. Captum computes; the rest is made safe here.

    maps = explain(model, data.held_out, method="grad_cam", stage="layer3").maps      # (N, H, W)

The work is done in a copy (`working_copy.py`), at a layer that fits the architecture (`places.py`), as many images at a
time as a memory budget allows. A map in which there is nothing to see comes with the reason. Left out: what to
believe; see `checks/`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transferlab.data.images import ImageSet
from transferlab.errors import unknown
from transferlab.explain.listening import check_channel
from transferlab.explain.methods import METHODS, Method, Study
from transferlab.explain.nonlinearities import nonlinearities, relu_calls
from transferlab.explain.places import Recording, Site, check_has_places, reached, tap_in
from transferlab.explain.requests import Target, as_input, class_names, first_answer, pictures, targets_of
from transferlab.explain.working_copy import unshare, working_copy
from transferlab.out_of_memory import in_parts
from transferlab.randomness import OwnRandomness
from transferlab.stages import Stages, stages

LEAST_SIDE = 4  # a stage chosen by itself has 4 × 4 places or more: 2 × 2 say little about where
GRADIENT_FACTOR = 3  # activations, their gradients, and what Captum keeps of both
BUDGET = 256 * 2**20  # bytes; an eighth of what Binder gives


@dataclass(frozen=True, eq=False)
class Attribution:
    """A map for each image of what speaks for a class.

        >>> explain(model, images, "bee")
        grad_cam of 4 images at 'layer3' (4×4 places): which places of the stage speak for the class

    `maps` is float32 `(N, H, W)` at the size of the images, on the CPU: positive speaks for the class `targets` `(N,)`,
    negative against it (saliency and activations have no side). `stage` is None where pixels were asked. `blank` says
    for each image why its map is empty, None where it is not; `notes` what was chosen on the student's behalf.
    """

    maps: Tensor
    targets: Tensor
    method: str
    stage: str | None
    blank: tuple[str | None, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        many = f"{len(self.maps)} image{'s' if len(self.maps) > 1 else ''}"
        where = f"at '{self.stage}'" if self.stage else "at the pixels"
        lines = [f"{self.method} of {many} {where}: {METHODS[self.method].says}", *self.notes]
        lines += [f"image {i} is blank: {reason}" for i, reason in enumerate(self.blank) if reason]
        return "\n".join(lines)

    __repr__ = __str__


def explain(
    model: nn.Module,
    images: ImageSet | Tensor,
    target: Target = None,
    method: str = "grad_cam",
    stage: str | int | None = None,
    *,
    channel: int | None = None,
    steps: int = 32,
    memory_budget: int = BUDGET,
) -> Attribution:
    """Which places an answer rests on, by one of eleven methods (`METHODS`).

        >>> explain(model, data.held_out, method="integrated_gradients").maps.shape
        torch.Size([200, 64, 64])
        >>> explain(model, photo, "bee", "layer_conductance", stage="layer2")

    `images` are an ImageSet, uint8 `(N, 3, H, W)` or one `(3, H, W)`; floats are taken to be normalised already.
    `target` is a class by number or name, one for each image, or None for what the model answers. Without a `stage`
    the deepest with at least 4×4 places is taken. `channel` is for neuron_conductance. `steps` go from a picture of the
    mean colour to the image where a method integrates. `memory_budget`, in bytes, bounds what goes through at once. The
    model may be frozen, in training mode or on a GPU, and stays as it is. The same call gives the same maps, bit for
    bit on a CPU.

    Raises:
        ValueError: no such method, stage, class or channel; images that the model does not take; a method that has
            nothing to say about such a network (the sentence gives the reason).
    """
    if method not in METHODS:
        raise unknown("method", method, tuple(METHODS), owner="Methods are")
    chosen = METHODS[method]
    for name, value in (("steps", steps), ("memory_budget", memory_budget)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} is a whole number above 0; you gave {value!r}.")
    pixels = pictures(images)
    found = stages(model)
    if stage is not None:
        stage = found[found.index(stage)].name
        if not chosen.stage:
            raise ValueError(f"'{method}' explains pixels and looks at no stage: leave stage={stage!r} out.")
    with _quiet_and_seeded(model):
        inside = working_copy(model)
        sites, says, why_not, bytes_an_image = _look(model, inside, found, pixels, chosen)
        if why_not:
            others = [name for name, other in METHODS.items() if other.refuses is None]
            raise ValueError(
                f"'{method}' has nothing to say about this {type(model).__name__}: {why_not}. Methods that do: "
                f"{', '.join(others)}."
            )
        site = _site(found, sites, says, stage) if chosen.stage else None
        at_once = max(1, min(memory_budget // (GRADIENT_FACTOR * bytes_an_image), 250))
        study = Study(inside, tap_in(inside, site) if site else None, steps, at_once)
        device = str(next(inside.parameters()).device)

        def answers(rows: Tensor) -> Tensor:
            return first_answer(model, inside, as_input(model, pixels[rows]))

        with torch.no_grad():
            logits = torch.cat(in_parts(answers, torch.arange(len(pixels)), at_once, device)).float()
        targets = targets_of(target, logits, class_names(model, logits.shape[1]))
        study, notes = _with_channel(study, method, channel, as_input(model, pixels[:at_once]), targets, site)

        def maps(rows: Tensor) -> Tensor:
            x = as_input(model, pixels[rows]).requires_grad_()
            answer = chosen.compute(study, x, targets[rows].to(x.device)).detach().float()
            return F.interpolate(answer[:, None], tuple(pixels.shape[2:]), mode="bilinear")[:, 0].cpu()  # (B, H, W)

        together = max(1, at_once // steps) if chosen.path else at_once
        signed = torch.cat(in_parts(maps, torch.arange(len(pixels)), together, device))
    result = signed.clamp_min(0) if chosen.positive else signed
    blank = tuple(_why_blank(method, one, before, site, says) for one, before in zip(result, signed, strict=True))
    return Attribution(result, targets, method, site.stage if site else None, blank, notes)


@contextmanager
def _quiet_and_seeded(model: nn.Module) -> Iterator[None]:
    """Whatever is random in a forward is the same each time, and the student's own random stream stands still."""
    import warnings

    device = str(next(model.parameters()).device)
    with OwnRandomness(0, device), warnings.catch_warnings(), torch.enable_grad():
        warnings.filterwarnings("ignore", module="captum")  # about its hooks, which are gone afterwards
        yield


def _look(
    model: nn.Module, inside: nn.Module, found: Stages, pixels: Tensor, method: Method
) -> tuple[dict[str, Site], dict[str, bool], str | None, int]:
    """One image through the copy: where stages know places, whether these are read, what the method refuses."""
    kept: dict[int, int] = {}
    own = {parameter.data_ptr() for parameter in inside.parameters()}

    def count(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in own:
            kept[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    x = as_input(model, pixels[:1]).requires_grad_()
    with (
        torch.enable_grad(),
        Recording(inside, found) as recording,
        torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor),
    ):
        logits = first_answer(model, inside, x)
    sites = recording.sites((pixels.shape[2], pixels.shape[3]))
    says = reached(sites, logits) if sites else {}
    why_not = method.refuses(nonlinearities(logits), relu_calls(inside, recording.calls)) if method.refuses else None
    unshare(inside, recording.calls)
    return {name: site for name, (site, _) in sites.items()}, says, why_not, max(1, sum(kept.values()))


def _site(found: Stages, sites: dict[str, Site], says: dict[str, bool], stage: str | None) -> Site:
    """Where to look: at the stage asked for, else the deepest that has enough places which the answer depends on."""
    if stage is not None:
        check_has_places(found, stage, sites)
        return sites[stage]
    read = [site for site in sites.values() if says[site.stage]]
    if not read:
        raise ValueError(
            "No stage of this network has places that its answer depends on. Take integrated_gradients, saliency or "
            "occlusion, which explain pixels."
        )
    fine = [site for site in read if min(site.layout.height, site.layout.width) >= LEAST_SIDE]
    return (fine or read)[-1]


def _with_channel(
    study: Study, method: str, channel: Any, x: Tensor, targets: Tensor, site: Site | None
) -> tuple[Study, tuple[str, ...]]:
    """For neuron_conductance: the channel asked for, else the one that weighs most for these classes."""
    if method != "neuron_conductance":
        if channel is not None:
            raise ValueError(f"channel is for neuron_conductance alone; '{method}' takes all channels together.")
        return study, ()
    from captum.attr import LayerGradientXActivation

    assert study.through is not None
    assert site is not None
    weights = LayerGradientXActivation(study.inside, study.through.tap).attribute(
        x.requires_grad_(), target=targets[: len(x)].to(x.device)
    )
    per_channel = weights.flatten(2).sum(2).mean(0)  # (C,)
    notes: tuple[str, ...] = ()
    if channel is None:
        channel = int(per_channel.argmax())
        notes = (f"channel {channel} of '{site.stage}' was taken, which adds most to the score",)
    return replace(study, channel=check_channel(channel, site.stage, len(per_channel))), notes


def _why_blank(method: str, shown: Tensor, signed: Tensor, site: Site | None, says: dict[str, bool]) -> str | None:
    """Why there is nothing to see in a map, None where there is."""
    if not torch.isfinite(shown).all():
        return "the map holds NaN or infinite values: the gradients of this network overflow"
    if shown.abs().max() > 0 and shown.max() > shown.min():
        return None
    if site is not None and not says[site.stage]:
        earlier = [name for name, read in says.items() if read]
        advice = f" Ask for stage='{earlier[-1]}'." if earlier else ""
        return f"no place of '{site.stage}' is read behind it, only a class token.{advice}"
    if signed.abs().max() > 0 and shown.abs().max() == 0:
        return "everything that was found here speaks against this class, and the method shows what speaks for it"
    if shown.abs().max() > 0:
        return "all places have the same value: the map has one place, or they cannot be told apart"
    if method == "guided_grad_cam":
        return "nothing at the stage speaks for this class (its Grad-CAM is empty), or every ReLU on the way is shut"
    return "the gradient is zero: whatever leads from here to the score is dead or saturated for this image"
