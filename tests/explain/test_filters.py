import copy

import pytest
import torch
from torch import nn

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.explain.filters import filter_grid, first_kernels, first_layer, random_counterpart


def classifier(first):
    return nn.Sequential(first, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(first.out_channels, 3))


def families():
    import timm
    import torchvision.models as models

    return {
        "resnet": (models.resnet18, "conv1", (64, 3, 7, 7)),
        "densenet": (lambda: models.DenseNet(8, (2, 2), 16), "features.conv0", (16, 3, 7, 7)),
        "mobilenet": (models.mobilenet_v3_small, "features.0.0", (16, 3, 3, 3)),
        "vit": (lambda: models.VisionTransformer(32, 8, 1, 2, 16, 32), "conv_proj", (16, 3, 8, 8)),
        "swin": (
            lambda: models.SwinTransformer([4, 4], 16, [2], [2], [4, 4], num_classes=10), "features.0.0", (16, 3, 4, 4),
        ),
        "timm vit": (lambda: timm.create_model("test_vit"), "patch_embed.proj", (64, 3, 16, 16)),
        "timm convnext": (lambda: timm.create_model("test_convnext"), "stem.0", (24, 3, 4, 4)),
    }  # fmt: skip


@pytest.mark.parametrize("family", families())
def test_the_convolution_that_reads_the_pixels_is_found(family):
    build, name, shape = families()[family]
    model = build()
    assert first_layer(model)[0] == name
    assert first_kernels(model).shape == shape


def test_kernels_are_a_copy():
    model = SmallResNet(3, width=8)
    before = copy.deepcopy(model.state_dict())
    first_kernels(model).zero_()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_grid_by_hand():
    kernels = torch.zeros(3, 3, 1, 2)
    kernels[0, 0, 0, 0], kernels[0, 1, 0, 1] = 2.0, -1.0  # largest 2: red at its top, green half way down
    kernels[1, :, 0, 0] = -1e-6  # tiny, and still drawn in full
    grid = filter_grid(kernels, columns=2, scale=1)
    assert grid.dtype == torch.uint8
    assert grid.shape == (3, 5, 7)  # 2 rows of 1 + 1 and 2 columns of 2 + 1, and a frame
    assert grid[:, 1, 1].tolist() == [255, 128, 128]
    assert grid[:, 1, 2].tolist() == [128, 64, 128]
    assert grid[:, 1, 4].tolist() == [0, 0, 0]
    assert grid[:, 3, 1].tolist() == [128, 128, 128]  # a dead kernel is grey
    assert grid[:, 3, 4:].min() == 255  # no kernel is there
    assert grid[:, 0].min() == 255
    assert torch.equal(filter_grid(kernels, 2, scale=3)[:, 1::3, 1::3], grid)


def test_rows_are_full_where_they_can_be():
    assert filter_grid(torch.ones(32, 3, 1, 1), scale=1).shape == (3, 9, 17)
    assert filter_grid(torch.ones(7, 3, 1, 1), scale=1).shape == (3, 7, 7)  # not a strip of 7
    assert filter_grid(torch.ones(11, 3, 1, 1), scale=1).shape == (3, 7, 9)


@pytest.mark.parametrize(
    ("first", "says"),
    [(nn.Conv2d(1, 4, 3), "it reads 1 channel,"), (nn.Conv2d(3, 6, 3, groups=3), "3 channels in 3 groups")],
)
def test_kernels_that_are_no_colour_pictures_are_refused(first, says):
    with pytest.raises(ValueError, match=f"'0' are no colour pictures.*{says}"):
        first_kernels(classifier(first))


def test_what_has_no_kernels_is_said():
    with pytest.raises(ValueError, match=r"first stage '1' .*Linear.* holds no convolution"):
        first_kernels(nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 2)))
    broken = SmallResNet(3, width=8)
    broken.conv1.weight.data[0, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match="'conv1' hold NaN"):
        first_kernels(broken)
    with pytest.raises(ValueError, match=r"tensor \(K, 3, h, w\).*you gave \(4, 1, 3, 3\)"):
        filter_grid(torch.zeros(4, 1, 3, 3))
    with pytest.raises(ValueError, match="scale is a whole number, 1 or more; you gave 0"):
        filter_grid(torch.zeros(4, 3, 3, 3), scale=0)


@pytest.mark.parametrize("build", [lambda: SmallResNet(3, width=8), lambda: classifier(nn.Conv2d(3, 4, 3))])
def test_a_random_counterpart_is_seeded_and_nothing_else_changes(build):
    model = build().train()
    before, state = copy.deepcopy(model.state_dict()), torch.random.get_rng_state()
    one, same, other = (first_kernels(random_counterpart(model, seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_counterpart_of_the_bundled_architecture_is_that_architecture_as_built():
    torch.manual_seed(5)
    built = SmallResNet(3, width=8)
    assert torch.equal(first_kernels(random_counterpart(SmallResNet(3, width=8), 5)), first_kernels(built))
