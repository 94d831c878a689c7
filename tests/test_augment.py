import pytest
import torch
from torchvision.transforms import functional as TF

from transferlab.data.augment import resized_crop_and_flip


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(number=8, height=16, width=16):
    return torch.rand(number, 3, height, width, generator=seeded(9))


def positions(number, side):
    """Pictures whose first channel is the column and whose second is the row, so that a crop says where it lay."""
    ramp = torch.arange(side, dtype=torch.float32)
    return torch.stack([ramp.expand(side, side), ramp[:, None].expand(side, side)]).expand(number, 2, side, side)


def test_the_whole_area_crops_nothing_whatever_the_ratio():
    x = pictures(32)
    whole = resized_crop_and_flip(x, seeded(), scale=(1, 1), flip=False)
    torch.testing.assert_close(whole, x)


def test_a_known_crop_is_torchvisions(monkeypatch):
    # A quarter of the area in the image's own shape is 8 × 8 pixels of 16 × 16, which can move by 8 pixels: a draw of
    # k/8 puts its edge on pixel k.
    left, top = torch.tensor([0, 3, 8]), torch.tensor([8, 5, 0])
    x = pictures(3)

    def crop(size):
        draws = iter([left / 8, top / 8])
        monkeypatch.setattr(torch, "rand", lambda *_, **__: next(draws))
        return resized_crop_and_flip(x, seeded(), size, scale=(0.25, 0.25), ratio=(1, 1), flip=False)

    cut, enlarged = crop(8), crop(16)
    for i in range(3):
        torch.testing.assert_close(cut[i], TF.crop(x[i], int(top[i]), int(left[i]), 8, 8))
        expected = TF.resized_crop(x[i], int(top[i]), int(left[i]), 8, 8, [16, 16], antialias=False)
        # At the rim ours looks at the true neighbours, torchvision's repeats the crop's last pixel.
        torch.testing.assert_close(enlarged[i, :, 1:-1, 1:-1], expected[:, 1:-1, 1:-1])


def test_enlarging_the_whole_image_is_torchvisions_to_the_rim():
    x = pictures()
    ours = resized_crop_and_flip(x, seeded(), 40, scale=(1, 1), flip=False)
    torch.testing.assert_close(ours, TF.resize(x, [40, 40], antialias=False))


def test_crops_keep_to_the_range_of_area_and_ratio_and_to_the_image():
    side, number = 64, 300
    crops = resized_crop_and_flip(positions(number, side), seeded(), scale=(0.3, 0.6), ratio=(0.5, 2.0), flip=False)
    width = (crops[:, 0, 0, -2] - crops[:, 0, 0, 1]) * side / (side - 3)  # the inner pixels, away from the rim
    height = (crops[:, 1, -2, 0] - crops[:, 1, 1, 0]) * side / (side - 3)
    area, ratio = width * height / side**2, width / height
    assert 0.3 - 1e-3 < area.min() < 0.32
    assert 0.58 < area.max() < 0.6 + 1e-3
    assert 0.5 - 1e-3 < ratio.min() < 0.53
    assert 1.9 < ratio.max() < 2 + 1e-3
    assert width.max() <= side + 1e-3
    assert height.max() <= side + 1e-3
    middle = crops[:, 0].mean(dim=(1, 2))  # of the crop, in pixels of the image
    assert (middle - width / 2 > -1).all()
    assert (middle + width / 2 < side).all()
    assert len(crops.flatten(1).unique(dim=0)) == number, "each image has its own crop"


def test_half_of_the_images_are_mirrored():
    x = pictures(200, 8, 8)
    flipped = resized_crop_and_flip(x, seeded(), scale=(1, 1))
    same = (flipped - x).abs().amax(dim=(1, 2, 3)) < 1e-5
    mirrored = (flipped - TF.hflip(x)).abs().amax(dim=(1, 2, 3)) < 1e-5
    assert (same ^ mirrored).all()
    assert 75 < mirrored.sum() < 125  # 100 ± 3.5 standard deviations


@pytest.mark.parametrize(("size", "shape"), [(None, (8, 3, 16, 24)), (10, (8, 3, 10, 10)), (48, (8, 3, 48, 48))])
def test_shapes(size, shape):
    assert resized_crop_and_flip(pictures(8, 16, 24), seeded(), size).shape == shape


def test_the_same_generator_draws_the_same_and_leaves_torchs_own_alone():
    x = pictures()
    before, state = x.clone(), torch.get_rng_state()
    first, second = (resized_crop_and_flip(x, seeded(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, resized_crop_and_flip(x, seeded(4)))
    assert torch.equal(x, before)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_other_floats_are_cropped_at_the_same_places(dtype):
    x = pictures(4, 64, 64)
    expected = resized_crop_and_flip(x, seeded())
    result = resized_crop_and_flip(x.to(dtype), seeded())
    assert result.dtype == dtype
    assert (result.float() - expected).abs().max() < 0.01  # bfloat16's own rounding: 1/256


def test_values_stay_within_the_images_range():
    x = torch.full((16, 3, 9, 9), 0.5)
    torch.testing.assert_close(resized_crop_and_flip(x, seeded()), x)  # no dark rim


@pytest.mark.parametrize(
    ("images", "options", "sentence"),
    [
        (
            torch.zeros(2, 3, 4, 4, dtype=torch.uint8),
            {},
            r"you gave uint8 of shape \(2, 3, 4, 4\). Type images.float\(\)",
        ),
        (torch.zeros(3, 4, 4), {}, r"floats of shape \(B, C, H, W\); you gave float32 of shape \(3, 4, 4\)"),
        (torch.zeros(2, 3, 4, 4), {"scale": (0.9, 0.5)}, r"scale is a range .*you gave \(0.9, 0.5\)"),
        (torch.zeros(2, 3, 4, 4), {"scale": (0, 1)}, "scale is a range"),
        (torch.zeros(2, 3, 4, 4), {"scale": (0.5, 1.5)}, "scale is a range"),
        (torch.zeros(2, 3, 4, 4), {"scale": (float("nan"), 1)}, "scale is a range"),
        (torch.zeros(2, 3, 4, 4), {"ratio": (0, 1)}, "ratio is a range of width over height"),
    ],
)
def test_what_cannot_be_cropped_gets_a_sentence(images, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        resized_crop_and_flip(images, seeded(), **options)
