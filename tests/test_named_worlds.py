"""What satellite, tissue, defects and thermal all promise: one seed, one picture; honest masks; no telltale colours."""

from functools import lru_cache

import pytest
import torch
from torch.nn import functional as F

from transferlab.data.worlds import defects, satellite, thermal, tissue

WORLDS = [satellite, tissue, defects, thermal]
each_world = pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.__name__.rsplit(".", 1)[-1])


def drawn(world, labels, seed=0, size=64):
    return world.draw(torch.as_tensor(labels), torch.Generator().manual_seed(seed), size)


@lru_cache(maxsize=4)
def many(world):
    """40 pictures a class: images, masks and labels."""
    labels = torch.arange(8).repeat(40)
    return *drawn(world, labels, seed=7), labels


@each_world
def test_it_has_eight_classes_named_as_its_painters(world):
    assert len(world.CLASSES) == len(set(world.CLASSES)) == 8
    assert tuple(world.PAINTERS) == world.CLASSES


@each_world
@pytest.mark.parametrize("size", [16, 32, 64, 97, 128])
def test_any_size_gives_uint8_pictures_and_bool_masks_that_hold_something(world, size):
    images, masks = drawn(world, list(range(8)), size=size)
    assert images.dtype == torch.uint8
    assert images.shape == (8, 3, size, size)
    assert masks.dtype == torch.bool
    assert masks.shape == (8, size, size)
    assert masks.flatten(1).any(1).all()
    assert not masks.flatten(1).all(1).any()
    assert (images.float().flatten(1).std(1) > 3).all()


@each_world
def test_the_same_seed_gives_the_same_bits_however_many_threads_there_are(world):
    labels, threads = [0] * 12 + [5] * 12, torch.get_num_threads()  # planes large enough that torch shares them out
    try:
        torch.set_num_threads(1)
        images, masks = drawn(world, labels)
        torch.set_num_threads(2)
        again, masks_again = drawn(world, labels)
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(images, again)
    assert torch.equal(masks, masks_again)


@each_world
def test_another_seed_or_another_place_in_the_row_gives_another_picture(world):
    images, _ = drawn(world, list(range(8)) * 2)
    others, _ = drawn(world, list(range(8)) * 2, seed=1)
    assert ((images.float() - others.float()).abs().mean((1, 2, 3)) > 4).all()
    assert ((images[:8].float() - images[8:].float()).abs().mean((1, 2, 3)) > 4).all()


@each_world
def test_the_global_seed_is_neither_used_nor_moved(world):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    images, _ = drawn(world, [0, 3])
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(1)
    assert torch.equal(images, drawn(world, [0, 3])[0])


@each_world
def test_no_pictures_are_a_batch_too(world):
    images, masks = drawn(world, torch.zeros(0, dtype=torch.long))
    assert images.shape == (0, 3, 64, 64)
    assert masks.shape == (0, 64, 64)


@each_world
@pytest.mark.parametrize("label", [8, -1])
def test_a_label_out_of_range_is_answered_with_the_labels_there_are(world, label):
    with pytest.raises(ValueError, match=rf"{label}(.|\n)*0 \({world.CLASSES[0]}\)"):
        drawn(world, [0, label])


@each_world
def test_a_picture_too_small_to_be_recognised_is_refused(world):
    with pytest.raises(ValueError, match=r"at least 16 pixels.*you gave 15"):
        drawn(world, [0], size=15)


@each_world
def test_each_mask_is_a_sensible_share_of_its_picture(world):
    _, masks, labels = many(world)
    share = masks.float().mean((1, 2))
    assert share.min() > 0.005
    assert share.max() < 0.90
    for label, name in enumerate(world.CLASSES):
        assert 0.03 < share[labels == label].mean() < 0.75, name


def standing_out(images, masks):
    """How far masked pixels differ from the others, in spreads: the most of colour, odd brightness, fine contrast."""
    colours = images.float() / 255
    grey = colours.mean(1, keepdim=True)
    steps = F.pad(grey.diff(dim=3).abs(), (0, 1)) + F.pad(grey.diff(dim=2).abs(), (0, 0, 0, 1))
    odd = (grey - grey.flatten(1).median(1).values.view(-1, 1, 1, 1)).abs()
    seen = torch.cat([colours, odd, F.avg_pool2d(steps, 3, 1, 1)], 1)  # (N, 5, H, W)
    inside = masks.unsqueeze(1).float()
    within = (seen * inside).sum((2, 3)) / inside.sum((2, 3))
    without = (seen * (1 - inside)).sum((2, 3)) / (1 - inside).sum((2, 3))
    return ((within - without).abs() / seen.flatten(2).std(2)).amax(1).mean()


@each_world
def test_masks_lie_on_the_evidence_and_not_elsewhere(world):
    images, masks, labels = many(world)
    for label, name in enumerate(world.CLASSES):
        pictures, evidence = images[labels == label], masks[labels == label]
        true = standing_out(pictures, evidence)
        wrong = {
            "shifted": evidence.roll((16, 16), (1, 2)),
            "transposed": evidence.transpose(1, 2),
            "mirrored": evidence.flip(2),
            "of another picture": evidence.roll(1, 0),
        }
        for how, moved in wrong.items():
            assert true > 1.05 * standing_out(pictures, moved), f"{name}: masks that are {how} fit nearly as well"
        assert true > 1.25 * standing_out(pictures, wrong["shifted"]), name


@each_world
def test_no_colour_gives_the_class_away(world):
    images, _, labels = many(world)
    colours, half = images.float().mean((2, 3)), len(images) // 2
    centres = torch.stack([colours[:half][labels[:half] == label].mean(0) for label in range(8)])
    guess = torch.cdist(colours[half:], centres).argmin(1)
    assert (guess == labels[half:]).float().mean() < 0.40  # by chance 0.125


@each_world
def test_pictures_are_neither_burnt_out_nor_flat(world):
    images, _, _ = many(world)
    assert ((images == 0) | (images == 255)).float().mean((1, 2, 3)).max() < 0.20
    assert images.float().mean(1).flatten(1).std(1).min() > 4


@each_world
def test_each_class_comes_in_many_looks(world):
    images, masks, labels = many(world)
    for label, name in enumerate(world.CLASSES):
        small = F.adaptive_avg_pool2d(images[labels == label].float(), 8).flatten(1)
        apart = torch.cdist(small, small) / small.shape[1] ** 0.5  # root mean square, in grey levels
        apart.fill_diagonal_(999)
        assert apart.min() > 5, f"two of 40 pictures of {name} are alike"
        evidence = masks[labels == label].flatten(1).float()
        both = evidence @ evidence.T
        overlap = both / (evidence.sum(1, keepdim=True) + evidence.sum(1) - both)
        assert overlap.fill_diagonal_(0).max() < 0.99, f"two of 40 masks of {name} are alike"
        assert overlap.mean() < 0.65, f"the masks of {name} hardly vary"


@each_world
def test_a_painter_gives_finite_colours(world):
    from transferlab.data.worlds.fields import Canvas

    for name, painter in world.PAINTERS.items():
        colours, evidence = painter(Canvas(4, 32, torch.Generator().manual_seed(3)))
        assert colours.isfinite().all(), name
        assert colours.shape == (4, 3, 32, 32)
        assert evidence.shape == (4, 32, 32)
        assert evidence.isfinite().all(), name
