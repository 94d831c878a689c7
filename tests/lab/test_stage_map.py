import pytest
import torch
from torch import nn

from tests.lab.conftest import small_network
from transferlab.data.sounds import SoundSet
from transferlab.lab.stage_map import Cost, StageLook, cost, stage_map
from transferlab.language import LastToken, SmallGPT, Tokenizer, sentence_set


def test_the_map_names_every_stage_with_its_output(two_colours):
    looks = stage_map(small_network(), two_colours.train)
    assert [look.name for look in looks] == ["conv1", "layer1", "layer2", "layer3", "layer4", "fc"]
    # Worked out by hand for 32 pixels: conv1 and its pooling halve twice, every later layer but the first once.
    assert [look.shape for look in looks] == [(8, 8, 8), (8, 8, 8), (16, 4, 4), (32, 2, 2), (64,), (5,)]
    assert [look.is_head for look in looks] == [False] * 5 + [True]
    assert all(look.seconds > 0 for look in looks)
    assert looks[-1].num_parameters == 64 * 5 + 5


def test_looking_leaves_the_model_as_it_is(two_colours):
    model = small_network().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    stage_map(model, two_colours.train)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_model_that_cannot_be_traced_shows_its_parameters(two_colours):
    class Untraceable(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

        def forward(self, x):
            if x.sum() > 1e9:  # depends on the values
                return self.fc(x.mean((2, 3)))
            return self.fc(self.body(x).mean((2, 3)))

    looks = stage_map(Untraceable(), two_colours.train)
    assert [look.num_parameters for look in looks] == [3 * 4 * 9 + 4, 10]
    assert all(look.seconds is None for look in looks)
    assert cost(looks, 1, 10, 10) is None


def test_the_cost_of_a_line_by_hand():
    looks = [
        StageLook("a", 1, None, 1.0, False),
        StageLook("b", 1, None, 2.0, False),
        StageLook("fc", 1, None, 4.0, True),
    ]
    # Frozen: a and b, 3 s an image, for 10 images and their mirror images and 5 held out. Thawed: fc, forward and
    # twice as much backward for 10 images, forward for 5.
    # And two steps of 5 images, a millisecond each.
    found = cost(looks, 2, num_train=10, num_held_out=5, batch_size=5)
    assert (found.first, found.further) == pytest.approx((4 * (30 + 5) + 3 * (20 + 5) + 2e-3, 4 * (30 + 5) + 2e-3))
    everything = cost(looks, 0, num_train=10, num_held_out=5, batch_size=5)
    assert everything.first == everything.further == pytest.approx(7 * 35 + 2e-3)


@pytest.mark.parametrize(("epochs", "seconds"), [(0, 0), (0.5, 1.0), (1, 2.0), (3, 3.0)])
def test_the_first_epoch_costs_more(epochs, seconds):
    assert Cost(first=2.0, further=0.5).of(epochs) == seconds


def test_texts_and_sounds_have_a_map_too():
    torch.manual_seed(0)
    model = LastToken(SmallGPT(256, dim=16, blocks=2, heads=2, hidden=32, context=16))
    texts = sentence_set(Tokenizer([]), ["one", "two"], [0, 1], ("odd", "even"), length=8)
    looks = stage_map(model, texts)
    assert [look.name for look in looks] == ["model.embedding", "model.blocks.0", "model.blocks.1", "model.head"]
    assert [look.shape for look in looks[:-1]] == [(8, 16)] * 3
    sounds = SoundSet(torch.ones(3, 160, dtype=torch.int16), torch.tensor([0, 1, 0]), ("a", "b"))
    hears = nn.Sequential(nn.Unflatten(1, (1, 160)), nn.Conv1d(1, 4, 16, stride=16), nn.Flatten(), nn.Linear(40, 2))
    assert [look.shape for look in stage_map(hears, sounds)][-1] == (2,)
