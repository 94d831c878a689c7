"""The methods of `explain`: for each, the few lines that ask Captum for it, and why it may have nothing to say.

Every function here gets a `Study` (a working copy with a tap behind the stage), images as the model takes them and
the classes to explain, and returns one signed map an image, `(B, h, w)`, at the stage's grid or the image's size.
Sources: Grad-CAM, Selvaraju et al. (2017); guided backpropagation, Springenberg et al. (2015); integrated gradients,
Sundararajan et al. (2017); conductance, Dhamdhere et al. (2019); internal influence, Leino et al. (2018); DeepLift,
Shrikumar et al. (2017); saliency, Simonyan et al. (2014); occlusion, Zeiler & Fergus (2014). Captum computes, and its
names are kept. Left out: methods that train something of their own.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from transferlab.explain.nonlinearities import why_not_deep_lift, why_not_guided
from transferlab.explain.places import Tap

ADDS_UP = 0.05  # DeepLift's contributions sum to the change of the score exactly; more than rounding is a broken rule


@dataclass(frozen=True)
class Study:
    """What a method works on: a working copy with a tap behind the stage; None where the pixels are explained."""

    inside: nn.Module
    through: Tap | None
    steps: int  # along the path of the methods that integrate
    at_once: int  # images that go through together
    channel: int | None = None


def grad_cam(study: Study, x: Tensor, target: Tensor) -> Tensor:
    from captum.attr import LayerGradCam

    # With its sign: the ReLU comes later, so that a map that it empties can be told from one that was never there.
    return LayerGradCam(study.inside, _tap(study)).attribute(x, target=target)[:, 0]


def guided_grad_cam(study: Study, x: Tensor, target: Tensor) -> Tensor:
    from captum.attr import GuidedGradCam

    explainer = GuidedGradCam(study.inside, _tap(study))
    return explainer.attribute(x, target=target, interpolate_mode="bilinear").sum(1)


def layer_activation(study: Study, x: Tensor, target: Tensor) -> Tensor:
    from captum.attr import LayerActivation

    return LayerActivation(study.inside, _tap(study)).attribute(x).mean(1)


def layer_integrated_gradients(study: Study, x: Tensor, target: Tensor) -> Tensor:
    from captum.attr import LayerIntegratedGradients

    explainer = LayerIntegratedGradients(study.inside, _tap(study))
    return explainer.attribute(x, torch.zeros_like(x), target=target, **_path(study)).sum(1)


def layer_conductance(study: Study, x: Tensor, target: Tensor) -> Tensor:
    from captum.attr import LayerConductance

    explainer = LayerConductance(study.inside, _tap(study))
    return explainer.attribute(x, torch.zeros_like(x), target=target, **_path(study)).sum(1)


def internal_influence(study: Study, x: Tensor, target: Tensor) -> Tensor:
    from captum.attr import InternalInfluence

    explainer = InternalInfluence(study.inside, _tap(study))
    return explainer.attribute(x, torch.zeros_like(x), target=target, **_path(study)).sum(1)


def layer_deep_lift(study: Study, x: Tensor, target: Tensor) -> Tensor:
    from captum.attr import LayerDeepLift

    baseline = torch.zeros_like(x)
    explainer = LayerDeepLift(study.inside, _tap(study))
    maps, missing = explainer.attribute(x, baseline, target=target, return_convergence_delta=True)
    with torch.no_grad():
        change = (study.inside(x) - study.inside(baseline)).gather(1, target[:, None])[:, 0]  # (B,)
    off = (missing.detach().abs() / change.abs().clamp_min(1e-6)).median().item()
    if off > ADDS_UP and missing.abs().median() > 1e-4:
        raise ValueError(
            f"DeepLift's contributions should add up to the change of the score, and here {off:.0%} of it is missing: "
            "this network joins activations in a way that the method has no rule for (products, or functions in a "
            "forward). Take layer_integrated_gradients or layer_conductance."
        )
    return maps.sum(1)


def neuron_conductance(study: Study, x: Tensor, target: Tensor) -> Tensor:
    # Captum's NeuronConductance is about one unit at one place, and refuses sums. Where only the channel lets gradients
    # through, integrated gradients are the sum of it over all places of the channel, in one go.
    assert study.through is not None
    study.through.only = study.channel
    return integrated_gradients(study, x, target)


def integrated_gradients(study: Study, x: Tensor, target: Tensor) -> Tensor:
    from captum.attr import IntegratedGradients

    explainer = IntegratedGradients(study.inside)
    return explainer.attribute(x, torch.zeros_like(x), target=target, **_path(study)).sum(1)


def saliency(study: Study, x: Tensor, target: Tensor) -> Tensor:
    from captum.attr import Saliency

    return Saliency(study.inside).attribute(x, target=target, abs=True).amax(1)


def occlusion(study: Study, x: Tensor, target: Tensor) -> Tensor:
    from captum.attr import Occlusion

    height, width = x.shape[2:]
    window = max(1, height // 5), max(1, width // 5)  # a fifth of the picture: a part of a thing, not the thing
    strides = max(1, height // 10), max(1, width // 10)
    return Occlusion(study.inside).attribute(
        x, (x.shape[1], *window), (x.shape[1], *strides), target=target,
        perturbations_per_eval=max(1, study.at_once // len(x)),
    ).mean(1)  # fmt: skip


def _tap(study: Study) -> nn.Module:
    assert study.through is not None
    return study.through.tap


def _path(study: Study) -> dict:
    return {"n_steps": study.steps, "internal_batch_size": study.at_once}


Refusal = Callable[[Counter[str], int], str | None]


@dataclass(frozen=True)
class Method:
    """A method and what there is to know about it.

    `says` reads behind "the map shows". `stage`: it looks at a stage. `path`: it takes steps from a grey picture to
    the image. `positive`: only what speaks for the class is kept. `refuses` gives the reason where it says nothing.
    """

    compute: Callable[[Study, Tensor, Tensor], Tensor]
    says: str
    stage: bool = True
    path: bool = False
    positive: bool = False
    refuses: Refusal | None = None


METHODS: dict[str, Method] = {
    "grad_cam": Method(grad_cam, "which places of the stage speak for the class", positive=True),
    "guided_grad_cam": Method(
        guided_grad_cam, "which pixels excite the places that speak for the class", refuses=why_not_guided
    ),
    "layer_activation": Method(layer_activation, "where the stage is active, whatever the class"),
    "layer_integrated_gradients": Method(
        layer_integrated_gradients, "what each place of the stage adds to the score, from a grey picture on", path=True
    ),
    "layer_conductance": Method(
        layer_conductance, "how much of the score flows through each place of the stage", path=True
    ),
    "internal_influence": Method(
        internal_influence, "how strongly the score hangs on each place of the stage", path=True
    ),
    "layer_deep_lift": Method(
        layer_deep_lift, "what each place of the stage adds to the score, by DeepLift's rules",
        refuses=why_not_deep_lift,
    ),
    "neuron_conductance": Method(
        neuron_conductance, "what each pixel adds to the score by way of one channel", path=True
    ),
    "integrated_gradients": Method(
        integrated_gradients, "what each pixel adds to the score, from a grey picture on", stage=False, path=True
    ),
    "saliency": Method(saliency, "to which pixels the score is most sensitive, with either sign", stage=False),
    "occlusion": Method(occlusion, "how far the score falls where a patch is covered", stage=False),
}  # fmt: skip
