"""Every way does the whole job; what it computes is counted, since counts are the same on every machine."""

import importlib.util

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from transferlab.bench.task import read_task
from transferlab.bench.ways import NATIVE, PROMISES, WAYS, way
from transferlab.bench.worker import measure
from transferlab.kept_store import kept

NUM_TRAIN, NUM_HELD_OUT, EPOCHS = 32, 16, 5
# Once each: the training images, the held-out ones in a batch filled up to 32, and one of each that tells the shape.
KEPT = NUM_TRAIN + 32 + 2
EACH_EPOCH = EPOCHS * (NUM_TRAIN + NUM_HELD_OUT)

IMAGES = {
    "head": KEPT, "head_warm": 0, "twice": KEPT, "head_by_hand": NUM_TRAIN + NUM_HELD_OUT,
    "head_best": EACH_EPOCH, "head_tutorial": EACH_EPOCH, "head_fastai": EACH_EPOCH, "head_fastai_no_bn": EACH_EPOCH,
    "head_lightning": EACH_EPOCH,
    # Three fronts, each passed once, then the last phase of one epoch in which everything trains.
    "gradual": 3 * KEPT + NUM_TRAIN + NUM_HELD_OUT, "gradual_tutorial": EACH_EPOCH, "gradual_fastai": EACH_EPOCH,
    # Ours also measures before the first epoch.
    "full": EACH_EPOCH + NUM_HELD_OUT, "full_tutorial": EACH_EPOCH, "full_fastai": EACH_EPOCH,
    # The source task's 160 images before the first epoch and after each; 8 in each of the 2 measurements an epoch that
    # two batches leave room for.
    "remembered": EACH_EPOCH + NUM_HELD_OUT + 6 * 160, "measured": EACH_EPOCH + NUM_HELD_OUT + 6 * 160 + 10 * 8,
    "sweep": KEPT,
    # Budgets of 2 and 4 images for each of 8 classes, one seed.
    "sweep_fastai": EPOCHS * (16 + 32 + 2 * NUM_HELD_OUT),
    # A fifth of the recipes' epochs: the head for 2, or 3, on images and mirror images, in batches of 32, ...
    "native": KEPT + NUM_TRAIN + 4 * (NUM_TRAIN + NUM_HELD_OUT),
    # ... and two thawings of one epoch, which meets each image in one view.
    "native_gradual": KEPT + NUM_TRAIN + 2 * KEPT + NUM_TRAIN + NUM_HELD_OUT,
    "native_fastai": EACH_EPOCH + NUM_TRAIN + NUM_HELD_OUT,  # an epoch of the head comes before the others
    "native_lightning": EACH_EPOCH, "native_tutorial": EACH_EPOCH,
}  # fmt: skip


@pytest.mark.parametrize("name", [one.name for one in (*WAYS, *NATIVE)])
def test_every_way_does_the_whole_job_and_is_charged_for_what_it_computes(name, small):
    chosen = way(name)
    if not chosen.is_installed():
        pytest.skip(f"needs {chosen.needs}: pip install 'transferlab[bench]'")
    figures = measure(str(small), name, count=True)
    assert figures["images_through_backbone"] == IMAGES[name]
    assert 0 <= figures["accuracy"] <= 1
    expected = {"head_by_hand": 1, "twice": 2 * EPOCHS, "sweep": 2, "sweep_fastai": 2}.get(name, EPOCHS)
    expected = {"native": 2 + 4, "native_gradual": 3 + 1 + 1 + 1, "native_fastai": 1 + EPOCHS}.get(name, expected)
    assert len(figures["points"]) == expected
    assert figures["cpu_seconds"] > 0
    assert 0 < figures["first_point_seconds"] <= figures["wall_seconds"]


def flops(function) -> int:
    with FlopCounterMode(display=False) as counter:
        function()
    return counter.get_total_flops()


def test_a_frozen_head_costs_one_forward_pass_of_the_backbone_whatever_the_epochs(small):
    task = read_task(small)
    model = task.model().eval()
    with torch.no_grad():
        one_image = flops(lambda: model(torch.zeros(1, 3, 64, 64)))
    head = 2 * 256 * 8  # the head's multiplications and additions for one image
    trained = EPOCHS * (NUM_TRAIN * 2 + NUM_HELD_OUT) * head + NUM_HELD_OUT * head  # forward and weight gradient
    for name, epochs in (("head", 1), ("twice", 2)):
        kept.clear()
        run = way(name).function()(task)
        expected = KEPT * (one_image - head) + epochs * (trained - NUM_HELD_OUT * head) + NUM_HELD_OUT * head
        assert flops(lambda run=run: run(lambda accuracy: None)) == expected


def test_gradual_unfreezing_computes_less_than_the_plain_loop(small):
    """The plain loop runs the frozen part forward in every epoch, and even one epoch a phase is enough to gain."""
    task = read_task(small)
    ours, plain = (way(name).function()(task) for name in ("gradual", "gradual_tutorial"))
    assert flops(lambda: ours(lambda accuracy: None)) < flops(lambda: plain(lambda accuracy: None))


def test_native_defaults_augment_what_the_images_bear_and_the_others_nothing(small):
    task = read_task(small)
    assert task.data.train.label_safe == ()
    assert task.augmentable().train.label_safe == ("crop", "flip")
    assert torch.equal(task.augmentable().train.images, task.data.train.images)


@pytest.mark.skipif(importlib.util.find_spec("fastai") is None, reason="needs fastai: pip install 'transferlab[bench]'")
def test_fastai_starts_from_the_same_backbone_under_a_head_of_its_own(small):
    from transferlab.bench.with_fastai import _vision_learner

    task = read_task(small)
    learner = _vision_learner(task, True, lambda accuracy: None)
    body, model = learner.model[0].eval(), task.model().eval()
    x = task.tensors()[0][:4]
    with torch.no_grad():
        for module in (model.conv1, model.bn1, model.relu, model.maxpool, model.layer1, model.layer2, model.layer3):
            x = module(x)
        assert torch.equal(body(task.tensors()[0][:4]), model.layer4(x))
    assert learner.model[1][-1].out_features == 8


def test_every_promise_names_two_ways_and_knows_when_it_is_kept():
    assert all(way(promise.more) and way(promise.less) for promise in PROMISES)
    at_least = next(promise for promise in PROMISES if not promise.at_most)
    at_most = next(promise for promise in PROMISES if promise.at_most)
    assert [at_least.is_kept(at_least.bound + change) for change in (-1, 1)] == [False, True]
    assert [at_most.is_kept(at_most.bound + change) for change in (-1, 1)] == [True, False]


def test_an_unknown_way_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'head_fastai'"):
        way("head_fastay")


def test_a_way_says_what_it_needs():
    assert way("head").is_installed()
    assert way("head_fastai").is_installed() == (importlib.util.find_spec("fastai") is not None)
