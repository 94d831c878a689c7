import pytest
import torch
from torch import nn

from transferlab.advice.menu import MENU
from transferlab.advice.times import BATCH, Price, counted, minutes_of, price_at
from transferlab.backbones import load
from transferlab.data.images import ImageSet, Splits
from transferlab.kept_store import kept
from transferlab.recipes import feature_extraction, fine_tuning, from_scratch, last_stage


def clock(tick):
    """A clock that goes on by `tick` seconds whenever it is looked at: whatever is timed takes that long."""
    now = [0.0]

    def look():
        now[0] += tick
        return now[0]

    return look


def images(number, label_safe=("crop", "flip")):
    pixels = torch.zeros(number, 3, 32, 32, dtype=torch.uint8)
    return ImageSet(pixels, torch.arange(number) % 2, ("a", "b"), label_safe=label_safe)


def splits(train=100, held_out=40, **settings):
    return Splits(images(train, **settings), images(held_out, **settings))


def test_a_recipe_is_counted_out_by_hand():
    prices = {1.0: Price(0.01, 0.001, 0.0005), 0.0: Price(0.0, 0.03, 0.01)}
    # 100 images twice and 40 once through the frozen part; 10 epochs of 100 and of 40.
    head = 0.01 * (2 * 100 + 40) + 10 * (0.001 * 100 + 0.0005 * 40)
    assert counted(feature_extraction(epochs=10), prices, splits()) == pytest.approx(head)
    everything = 5 * (0.03 * 100 + 0.01 * 40)
    assert counted(fine_tuning(epochs=5, head_epochs=10), prices, splits()) == pytest.approx(head + everything)


def test_images_that_must_not_be_mirrored_go_through_once():
    prices = {1.0: Price(0.01, 0.0, 0.0)}
    assert counted(feature_extraction(), prices, splits(label_safe=())) == pytest.approx(0.01 * 140)


def test_without_kept_features_the_frozen_part_runs_every_epoch():
    prices = {1.0: Price(0.01, 0.0, 0.0)}
    recipe = feature_extraction(epochs=10, keep_features=False)
    assert counted(recipe, prices, splits()) == pytest.approx(0.01 * (10 * 100 + 10 * 40))


def test_prices_are_seconds_an_image():
    model = load("bundled")
    frozen = price_at(4, model, images(10), last_stage(), clock=clock(0.01))
    assert frozen == Price(*[pytest.approx(0.01 / BATCH)] * 3)
    assert price_at(0, model, images(10), from_scratch(), clock=clock(0.01)).frozen == 0


def test_where_a_batch_is_slow_a_quarter_of_it_has_to_do():
    price = price_at(4, load("bundled"), images(10), last_stage(), clock=clock(3.0))
    assert price == Price(*[pytest.approx(3.0 / (BATCH // 4))] * 3)


def test_what_other_runs_keep_of_an_image_is_not_looked_up_and_nothing_is_left_for_them():
    price_at(4, load("bundled"), images(10), last_stage(), clock=clock(0.01))
    assert kept.num_bytes == 0


class Uncut(nn.Module):
    """A forward that depends on its images, so that nobody can say where its stages end."""

    def __init__(self):
        super().__init__()
        self.stem, self.body, self.fc = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.Linear(4, 2)

    def forward(self, x):
        x = self.stem(x).relu()
        if x.sum() >= 0:
            x = self.body(x).relu()
        return self.fc(x.mean((2, 3)))


def test_a_model_that_cannot_be_cut_is_timed_whole():
    price = price_at(1, Uncut(), images(10), last_stage(), clock=clock(0.01))
    assert price == Price(0.0, pytest.approx(0.01 / BATCH), pytest.approx(0.01 / BATCH))


def test_minutes_of_the_menu_and_a_model_that_stays_as_it_was():
    model = load("bundled")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    found = minutes_of(MENU, model, splits(), clock=clock(0.032))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(parameter.requires_grad for parameter in model.parameters())
    # Everything costs a millisecond an image: 240 passes of the frozen part, then 20 epochs of 140 images.
    assert found["feature_extraction"] == pytest.approx((0.24 + 20 * 0.14) / 60)
    assert found["from_scratch"] == pytest.approx(30 * 0.14 / 60)
    assert found["last_stage"] == pytest.approx((2 * 0.24 + 28 * 0.14) / 60)
