import dataclasses

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.data.images import Splits
from transferlab.feeding import Feed, augment, batches_of
from transferlab.forgetting import remember
from transferlab.freezing import freeze, freeze_to
from transferlab.inference import predict
from transferlab.keep_methods import LwF
from transferlab.kept_store import KeptStore
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
    kept = [phase.kept_at for phase in runs[0].phases]
    assert (
        kept == {"feature_extraction": ["fc"], "gradual_unfreezing": ["fc", "layer4", "layer2", None]}[runs[0].recipe]
    )
    assert {phase.kept_at for phase in runs[1].phases} == {None}
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
    # 32 training images, 16 held-out ones in a batch filled up to 32, and one of each that tells the shape.
    assert images_seen == [66, 66]


def test_gradual_unfreezing_sends_each_image_through_each_frozen_front_once(two_colours):
    for epochs in (2, 8):
        model, seen = network(), dict.fromkeys(("layer1", "layer2", "layer4"), 0)
        for name in seen:

            def count(module, inputs, output, name=name, seen=seen):
                seen[name] += len(output)

            model.get_submodule(name).register_forward_hook(count)
        train(
            model, without_augmentation(two_colours), gradual_unfreezing(epochs=epochs, head_epochs=2), progress=False
        )
        # Frozen: 32 training images, 16 held-out ones in a batch filled up to 32, and one of each that tells the shape.
        # Not frozen: 48 images an epoch.
        frozen, phase = 66, 48 * epochs
        assert seen["layer1"] == frozen + frozen + frozen + phase  # head, last stage, upper half, all
        assert seen["layer2"] == frozen + frozen + phase + phase
        assert seen["layer4"] == frozen + phase + phase + phase


def test_training_images_go_through_the_whole_model_for_a_way_to_keep(two_colours):
    model = network()
    memory = remember(model, two_colours.held_out)
    run = train(model, two_colours, gradual_unfreezing(epochs=1, keep=LwF()), memory=memory, progress=False)
    assert [phase.kept_at for phase in run.phases] == ["fc", None, None, None]


def test_mirror_images_are_seen_and_kept_too(two_colours):
    model = network()
    freeze(model)
    feed = Feed(model, two_colours, None, keep=True, only_the_head_trains=True)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        feed.train(torch.arange(32), generator)
    assert feed.training.images_computed == 64


@pytest.mark.parametrize("line", ["layer2", "layer4", "fc"])
def test_held_out_and_source_images_are_kept_at_any_line(line, two_colours):
    model = network()
    memory = remember(model, two_colours.train)
    freeze_to(model, line)
    feed = Feed(model, two_colours, memory, keep=True, only_the_head_trains=False)
    for _ in range(3):
        with torch.no_grad():
            if line != "fc":  # behind the line everything may change
                model.layer4[1].conv2.weight.mul_(-1)
        assert torch.equal(feed.held_out(), predict(model, two_colours.held_out))
        assert feed.source().accuracy == memory.measure(model)
    assert (feed.testing.images_computed, feed.remembering.images_computed) == (16, 32)
    model.layer1[0].conv1.weight.data.mul_(-1)  # uncounted by torch
    feed.check()
    assert torch.equal(feed.held_out(), predict(model, two_colours.held_out))
    assert feed.source().accuracy == memory.measure(model)


def test_only_the_features_of_a_head_go_to_a_file(two_colours, monkeypatch, tmp_path):
    monkeypatch.setenv("TRANSFERLAB_CACHE", str(tmp_path))
    monkeypatch.setattr("transferlab.feeding.kept", KeptStore(budget=0))
    model = network()
    memory = remember(model, two_colours.held_out)
    freeze(model)
    feed = Feed(model, two_colours, memory, keep=True, only_the_head_trains=True)
    assert feed.training.kept.where == "file"
    assert feed.testing is feed.remembering is None
    assert torch.equal(feed.held_out(), predict(model, two_colours.held_out))
    assert feed.source().accuracy == memory.before


def test_what_cannot_be_kept_is_computed_anew(two_colours):
    model = network()
    assert Feed(model, two_colours, None, keep=True, only_the_head_trains=True).kept_at is None  # nothing is frozen
    freeze(model)
    assert Feed(model, two_colours, None, keep=False, only_the_head_trains=True).testing is None
    assert Feed(model, two_colours, None, keep=True, only_the_head_trains=True).kept_at == "fc"


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


def test_batches_hold_every_image_once_and_never_one_alone():
    order = torch.randperm(65, generator=torch.Generator().manual_seed(0))
    batches = batches_of(order, 32)
    assert [len(batch) for batch in batches] == [32, 33]
    assert torch.equal(torch.cat(batches), order)


def test_training_images_are_answered_by_what_is_quicker_and_by_nothing_else(two_colours):
    model, asked = network(), []

    def quicken(answering):
        def answer(x):
            asked.append(len(x))
            return answering(x)

        return answer

    generator = torch.Generator().manual_seed(0)
    for freeze_the_backbone in (False, True):
        if freeze_the_backbone:
            freeze(model)
        feed = Feed(model, two_colours, None, keep=True, only_the_head_trains=freeze_the_backbone, quicken=quicken)
        feed.train(torch.arange(3), generator)
        feed.held_out()
        feed.answer_plainly()
        feed.train(torch.arange(4), generator)
    assert asked == [3, 3]
