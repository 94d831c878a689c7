import pytest
import torch

from tests.lab.conftest import small_network
from transferlab.data.images import Splits
from transferlab.data.texts import TextSet
from transferlab.lab.data.given_data import GivenData
from transferlab.lab.data.sound_choice import SoundWorldData
from transferlab.lab.session import Session
from transferlab.lab.settings import Settings
from transferlab.lab.workshop import Workshop


def settings(two_colours, **changes):
    return Settings(backbone=small_network(), data=GivenData(two_colours), recipe="mine", **changes)


def test_what_runs_share_is_made_once(two_colours):
    workshop, one = Workshop(), settings(two_colours)
    other = one.changed(seed=1)
    assert workshop.memory(one) is workshop.memory(other)
    assert workshop.stages(one) is workshop.stages(other)
    assert workshop.model(one) is not workshop.model(one)


def test_other_images_are_other_probes(two_colours):
    workshop, one = Workshop(), settings(two_colours)
    other = one.changed(data=GivenData(Splits(two_colours.held_out, two_colours.train)))
    assert workshop.memory(one).images is two_colours.held_out
    assert workshop.memory(other).images is two_colours.train


def test_every_run_starts_from_the_same_weights(two_colours):
    workshop, one = Workshop(), settings(two_colours)
    first, second = workshop.model(one), workshop.model(one)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert first.fc.out_features == 2


def test_without_images_it_says_what_to_type():
    with pytest.raises(ValueError, match=r'Lab\(data="objects"\)'):
        Workshop().data(Settings())


def test_a_network_of_ones_own_has_no_random_twin(two_colours):
    with pytest.raises(ValueError, match="comes with its weights"):
        Workshop().model(settings(two_colours).changed(recipe="from_scratch"))


def test_what_a_backbone_cannot_take_is_said_before_a_run():
    sounds = SoundWorldData(per_class=2, pixels=None)
    with pytest.raises(ValueError, match=r"'bundled' looks at pictures, and these are sounds. Give it spectrograms"):
        Session("bundled", sounds)
    texts = TextSet(torch.ones(4, 3, dtype=torch.int64), torch.tensor([0, 1, 0, 1]), ("a", "b"))
    for recipe in ("fine_tuning", "from_scratch"):
        with pytest.raises(ValueError, match="looks at pictures, and these are texts"):
            Session("bundled", Splits(texts, texts), recipe=recipe)
    session = Session("bundled", SoundWorldData(per_class=2))
    with pytest.raises(ValueError, match="these are sounds"):
        session.choose(data=sounds)
    assert session.settings.data == SoundWorldData(per_class=2), "what was refused is not chosen"
    session.close()
