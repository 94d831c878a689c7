"""Every method on eight architectures, of both libraries: it works, or says in one sentence why it cannot."""

import copy

import pytest
import torch
from torch import nn

from transferlab.explain import METHODS, explain

GUIDED, DEEP = "guided_grad_cam", "layer_deep_lift"


def _vgg():
    from torchvision.models.vgg import VGG, make_layers

    model = VGG(make_layers([16, "M", 32, "M", 64, "M", 512], batch_norm=False), num_classes=10, init_weights=False)
    # Theirs has 100 million weights in here; the rest is a VGG with fewer channels.
    model.classifier = nn.Sequential(nn.Linear(512 * 49, 32), nn.ReLU(True), nn.Dropout(), nn.Linear(32, 10))
    return model


def _torchvision(name, *sizes, **settings):
    def build():
        import torchvision.models as models

        return getattr(models, name)(*sizes, **settings)

    return build


def _timm(name, **settings):
    def build():
        import timm

        return timm.create_model(name, num_classes=10, **settings)

    return build


# name -> builder, the methods that have nothing to say about it, and what the sentence names
ARCHITECTURES = {
    "resnet": (_torchvision("resnet18", num_classes=10), "", ""),
    "timm resnet": (_timm("test_resnet"), "", ""),
    "vgg": (_vgg, "", ""),
    "densenet": (
        _torchvision("DenseNet", 8, (2, 2), 8, num_classes=10), f"{GUIDED} {DEEP}", "1 of the ReLUs|ReLU is a function",
    ),
    "mobilenet_v3": (_torchvision("mobilenet_v3_small", num_classes=10), f"{GUIDED} {DEEP}", "Hardswish"),
    "efficientnet": (_torchvision("efficientnet_b0", num_classes=10), f"{GUIDED} {DEEP}", "SiLU"),
    "timm efficientnet": (_timm("test_efficientnet"), f"{GUIDED} {DEEP}", "SiLU"),
    "convnext": (_timm("test_convnext"), f"{GUIDED} {DEEP}", "GELU"),
    "vit": (_torchvision("VisionTransformer", 64, 8, 3, 2, 16, 32, num_classes=10), f"{GUIDED} {DEEP}", "GELU"),
    "timm vit": (_timm("test_vit", img_size=64), f"{GUIDED} {DEEP}", "GELU"),
    "swin": (
        _torchvision("SwinTransformer", [4, 4], 16, [2, 2], [2, 2], [4, 4], num_classes=10), f"{GUIDED} {DEEP}", "GELU",
    ),
    "timm swin": (
        _timm("swin_tiny_patch4_window7_224", img_size=64, embed_dim=24, depths=(1, 1), num_heads=(2, 2)),
        f"{GUIDED} {DEEP}", "GELU",
    ),
}  # fmt: skip


def prepared(name):
    build, refused, why = ARCHITECTURES[name]
    torch.manual_seed(0)
    model = build().train()
    for layer in model.modules():
        if isinstance(layer, nn.Linear) and layer.out_features == 10:
            nn.init.normal_(layer.weight, std=0.1)  # some start at zero, and then there is nothing to explain
    for parameter in [*model.parameters()][:2]:
        parameter.requires_grad_(False)
    images = torch.randint(0, 256, (3, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    return model, images, refused.split(), why


@pytest.fixture(scope="module", params=ARCHITECTURES)
def case(request):
    return prepared(request.param)


def state(model):
    modes = [module.training for module in model.modules()]
    hooks = [
        (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks), len(m._backward_pre_hooks))
        for m in model.modules()
    ]
    grads = [(p.requires_grad, p.grad is None) for p in model.parameters()]
    return modes, hooks, grads, [getattr(m, "inplace", None) for m in model.modules()]


@pytest.mark.parametrize("method", METHODS)
def test_a_method_works_or_says_why_not(case, method):
    model, images, refused, why = case
    weights, before = copy.deepcopy(model.state_dict()), state(model)
    if method in refused:
        with pytest.raises(ValueError, match=f"nothing to say about this .*({why})"):
            explain(model, images, 3, method, steps=4)
    else:
        explained = explain(model, images, 3, method, steps=4)
        assert explained.maps.shape == (3, 64, 64)
        assert torch.isfinite(explained.maps).all()
        # With random weights nothing may speak for class 3.
        empty = ("speaks against this class", "its Grad-CAM is empty")
        assert all(reason is None or any(one in reason for one in empty) for reason in explained.blank)
        assert (explained.stage is not None) == METHODS[method].stage
    assert state(model) == before
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_maps_are_right_at_every_stage_that_has_places(case):
    """Integrated gradients at a stage that all of the answer goes through add up to what the answer changed by."""
    model, images, *_ = case
    with pytest.raises(ValueError, match="Stages with places are: ") as error:
        explain(model, images, 3, stage=-1)
    names = str(error.value).split("Stages with places are: ")[1].rstrip(".").split(", ")
    still = copy.deepcopy(model).eval()
    from transferlab.inference import model_input

    x = model_input(still, images)
    with torch.no_grad():
        change = still(x)[:, 3] - still(torch.zeros_like(x))[:, 3]
    by_token = "Vision" in type(model).__name__  # there a class token carries a part of the answer past the places
    for name in names:
        explained = explain(model, images, 3, "layer_integrated_gradients", name, steps=64)
        # On the way from a flat picture ConvNeXt's norm over channels jumps, where no number of steps follows it.
        jumps = type(model).__name__ == "ConvNeXt" and name != names[-1]
        if not by_token and not jumps:  # scaling a map up keeps its mean
            sums = explained.maps.mean((1, 2)) * _places(explained, model, images)
            torch.testing.assert_close(sums, change, rtol=0.05, atol=0.01)


def _places(explained, model, images):
    from transferlab.explain.places import Recording
    from transferlab.explain.working_copy import working_copy
    from transferlab.inference import model_input
    from transferlab.stages import stages

    inside = working_copy(model)
    with Recording(inside, stages(model)) as recording, torch.no_grad():
        inside(model_input(model, images[:1]))
    layout = recording.sites((64, 64))[explained.stage][0].layout
    return layout.height * layout.width


@pytest.mark.parametrize("name", ["vit", "timm vit"])
def test_a_class_token_that_alone_is_read_is_explained(name):
    model, images, *_ = prepared(name)
    from transferlab.stages import stages

    last = stages(model)[-2].name
    explained = explain(model, images, 3, stage=last)
    assert all(f"no place of '{last}' is read behind it, only a class token. Ask for" in r for r in explained.blank)
    assert explain(model, images, 3).stage == stages(model)[-3].name
