import dataclasses

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.data.images import Splits
from transferlab.feeding import Anew, Kept, augment, feed
from transferlab.freezing import freeze, freeze_to
from transferlab.inference import predict
from transferlab.recipes import feature_extraction, gradual_unfreezing
from transferlab.training import train


def network():
    torch.manual_seed(0)
    return SmallResNet(2, width=8)


def without_augmentation(data: Splits) -> Splits:
    return Splits(dataclasses.replace(data.train, label_safe=()), data.held_out, data.notes)


@pytest.mark.parametrize("recipe", [feature_extraction, gradual_unfreezing])
def test_a_run_that_keeps_features_is_the_run_that_does_not_bit_for_bit(recipe, two_colours):
    data = without_augmentation(two_colours)
    models, runs = [network(), network()], []
    for model, keep in zip(models, (True, False), strict=True):
        runs.append(train(model, data, recipe(epochs=2, keep_features=keep), progress=False))
    assert [run.phases[0].kept_at for run in runs] == ["fc", None]
    assert runs[0].epochs == runs[1].epochs
    assert all(torch.equal(a, b) for a, b in zip(*(model.state_dict().values() for model in models), strict=True))


def test_more_epochs_send_no_more_images_through_the_backbone(two_colours):
    images_seen = []
    for epochs in (6, 30):
        model = network()
        seen = []
        model.layer1.register_forward_hook(lambda module, inputs, output, seen=seen: seen.append(len(output)))
        train(model, without_augmentation(two_colours), feature_extraction(epochs=epochs), progress=False)
        images_seen.append(sum(seen))
    # 32 training images and 16 held-out ones, and one of each that tells the shape.
    assert images_seen == [50, 50]


def test_mirror_images_are_seen_and_kept_too(two_colours):
    model = network()
    freeze(model)
    kept = Kept(model, two_colours)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        kept.train(torch.arange(32), generator)
    assert kept.training.images_computed == 64


def test_held_out_answers_are_those_of_predict(two_colours):
    model = network()
    freeze(model)
    kept = Kept(model, two_colours)
    assert torch.equal(kept.held_out(), predict(model, two_colours.held_out))
    model.layer1[0].conv1.weight.data.mul_(-1)  # uncounted by torch, and noticed all the same
    assert torch.equal(kept.held_out(), predict(model, two_colours.held_out))


def test_what_cannot_be_kept_is_computed_anew(two_colours):
    model = network()
    freeze_to(model, 0)
    assert isinstance(feed(model, two_colours, keep=True), Anew)
    freeze(model)
    assert isinstance(feed(model, two_colours, keep=False), Anew)
    assert feed(model, two_colours, keep=True).kept_at == "fc"


def test_augmentation_does_only_what_leaves_labels_true():
    x = torch.rand(64, 3, 8, 8)
    generator = torch.Generator().manual_seed(0)
    assert augment(x, (), generator) is x
    flipped = augment(x, ("flip",), generator)
    same = (flipped - x).abs().amax(dim=(1, 2, 3)) < 1e-5
    mirrored = (flipped - x.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-5
    assert (same | mirrored).all()
    assert same.any()
    assert mirrored.any()
