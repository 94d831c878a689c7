import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from transferlab.backbones import load, normalise
from transferlab.backbones.card import card_of
from transferlab.boundary import Boundary, cut_at_freeze_line
from transferlab.data import worlds
from transferlab.freezing import freeze, freeze_to, unfreeze
from transferlab.heads import replace_head
from transferlab.inference import evaluating
from transferlab.stages import stages


@pytest.fixture(scope="module")
def images():
    return worlds.target("objects", per_class=4, seed=0, held_out_per_class=1).train  # 32 images


def model_frozen_to(name: str, stage: str) -> nn.Module:
    torch.manual_seed(0)
    model = load(name, pretrained=name == "bundled")
    replace_head(model, 8, seed=0)
    freeze_to(model, stage)
    return model.train()


def whole(model: nn.Module, images, index, mirrored=None):
    x = normalise(images.images[index], card_of(model))
    if mirrored is not None:
        x = torch.stack([one.flip(-1) if flip else one for one, flip in zip(x, mirrored, strict=True)])
    return model(x.contiguous(memory_format=torch.channels_last))


def trained(model: nn.Module, answer, labels) -> list[torch.Tensor]:
    """Two epochs in batches that are none of those the cache was filled in."""
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1e-2, momentum=0.9)
    generator = torch.Generator().manual_seed(0)
    for _ in range(2):
        for index in torch.randperm(len(labels), generator=generator).split(16):  # smaller ones are rounded differently
            torch.manual_seed(int(index[0]))  # dropout and drop path behind the line
            optimizer.zero_grad()
            F.cross_entropy(answer(index), labels[index]).backward()
            optimizer.step()
    return [tensor.detach() for tensor in model.state_dict().values()]


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("bundled", "fc"),
        ("bundled", "layer3"),
        ("torchvision/resnet18", "layer4"),
        ("torchvision/mobilenet_v3_small", "classifier.0"),
        ("torchvision/swin_t", "head"),
        ("timm/efficientnet_b0", "conv_head"),
        ("timm/convnext_atto", "stages.3"),
    ],
)
def test_training_on_the_cache_gives_the_weights_of_training_without_it_bit_for_bit(name, stage, images):
    model = model_frozen_to(name, stage)
    twin = copy.deepcopy(model)
    boundary = Boundary(model, images)
    assert boundary.stage == stage
    cached = trained(model, boundary, images.labels)
    uncached = trained(twin, lambda index: whole(twin, images, index), images.labels)
    assert all(torch.equal(one, other) for one, other in zip(cached, uncached, strict=True))
    assert boundary.images_computed == len(images)  # once each, in two epochs


def test_every_image_and_its_mirror_image_go_through_the_front_once(images):
    model = model_frozen_to("bundled", "fc")
    boundary = Boundary(model, images, views=2)
    generator = torch.Generator().manual_seed(0)
    with evaluating(model), torch.no_grad():
        for _ in range(30):
            index = torch.randperm(len(images), generator=generator)[:8]
            mirrored = torch.rand(8, generator=generator) < 0.5
            torch.testing.assert_close(boundary(index, mirrored), whole(model, images, index, mirrored))
    assert boundary.images_computed == int(boundary.kept.present.sum()) <= 2 * len(images)


def in_place(model):
    model.layer1[0].conv1.weight.mul_(1.5)


def statistics(model):
    model.bn1.running_mean.add_(1)


def loaded(model):
    model.load_state_dict({name: value * 0.9 for name, value in model.state_dict().items() if value.is_floating_point()}
                          , strict=False)  # fmt: skip


def replaced(model):
    model.conv1.weight = nn.Parameter(model.conv1.weight.detach() * 2, requires_grad=False)


@pytest.mark.parametrize("change", [in_place, statistics, loaded, replaced])
def test_a_changed_front_is_noticed_before_an_old_entry_is_used(change, images):
    model = model_frozen_to("bundled", "fc").eval()
    boundary = Boundary(model, images)
    index = torch.arange(5)
    with torch.no_grad():
        before = boundary(index)
        change(model)
        after = boundary(index)
        assert not torch.equal(before, after)
        torch.testing.assert_close(after, whole(model, images, index))


def test_a_change_that_torch_does_not_count_is_found_by_check(images):
    model = model_frozen_to("bundled", "fc").eval()
    boundary = Boundary(model, images)
    index = torch.arange(5)
    before = boundary(index)
    assert boundary.check()
    model.conv1.weight.data.mul_(2)
    assert not boundary.check()
    assert not torch.equal(before, boundary(index))


def test_a_change_behind_the_line_costs_nothing(images):
    model = model_frozen_to("bundled", "layer4")
    boundary = Boundary(model, images)
    boundary(torch.arange(len(images)))
    with torch.no_grad():
        model.layer4[0].conv1.weight.mul_(2)
    replace_head(model, 3)
    assert boundary(torch.arange(4)).shape == (4, 3)
    assert boundary.images_computed == len(images)


@pytest.mark.parametrize(("budget", "folder", "where"), [(0, "", "file"), (0, "file/below", "nowhere")])
def test_without_room_in_memory_the_answers_are_the_same(budget, folder, where, images, tmp_path):
    (tmp_path / "file").write_text("")
    model = model_frozen_to("bundled", "layer3").eval()
    boundary = Boundary(model, images, budget=budget, folder=tmp_path / folder)
    assert boundary.kept.where == where
    index = torch.tensor([3, 0, 3, 20])
    with torch.no_grad():
        for _ in range(2):
            assert torch.equal(boundary(index), Boundary(model, images)(index))


def test_in_place_layers_behind_the_cut_do_not_change_what_is_kept(images):
    model = model_frozen_to("torchvision/vgg11", "features.3").eval()
    boundary = Boundary(model, images)
    with torch.no_grad():
        assert torch.equal(boundary(torch.arange(2)), boundary(torch.arange(2)))


class Skipping(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(3, 3, 1) for _ in range(3))
        self.fc = nn.Linear(3, 8)

    def forward(self, x):
        a = self.a(x)
        return self.fc((self.c(self.b(a)) + a).mean((2, 3)))


def test_the_cut_is_the_last_one_in_front_of_the_freeze_line():
    model = Skipping()
    freeze_to(model, "c")  # a goes around b: in front of c two tensors cross
    assert cut_at_freeze_line(model)[2] == "b"


def unfrozen(model):
    unfreeze(model)


def batch_norm_trains(model):
    freeze(model, bn="train")


def by_hand(model):
    unfreeze(model)
    for parameter in model.conv1.parameters():
        parameter.requires_grad_(False)  # its BatchNorm still follows the batches


@pytest.mark.parametrize("state", [unfrozen, batch_norm_trains, by_hand])
def test_what_is_not_truly_frozen_is_not_kept(state, images):
    model = model_frozen_to("bundled", "fc")
    state(model)
    with pytest.raises(ValueError, match="Type freeze"):
        Boundary(model, images)


@pytest.mark.parametrize("bad", [{"views": 3}, {"views": True}, {"budget": -1}, {"budget": 0.5}])
def test_bad_numbers_are_refused(bad, images):
    with pytest.raises(ValueError, match="you gave"):
        Boundary(model_frozen_to("bundled", "fc"), images, **bad)


def test_mirror_images_must_have_been_asked_for(images):
    boundary = Boundary(model_frozen_to("bundled", "fc"), images)
    with pytest.raises(ValueError, match="views=2"):
        boundary(torch.arange(2), torch.tensor([True, False]))


@pytest.mark.parametrize("name", ["bundled", "torchvision/squeezenet1_1", "timm/test_efficientnet"])
def test_what_is_kept_does_not_depend_on_who_was_asked_for_together(name, images):
    """Processors round differently in batches of a few images; a resumed run asks for others together."""
    last = list(stages(load(name, pretrained=False)).names)[-1]
    first, second = (Boundary(model_frozen_to(name, last), images, views=2) for _ in range(2))
    everything = torch.arange(len(images))
    for i in torch.randperm(len(images), generator=torch.Generator().manual_seed(0)):
        first.features(i.view(1), torch.tensor([bool(i % 2)]))
    for index in everything.split(10):
        second.features(index, torch.ones(len(index), dtype=torch.bool))
    for mirrored in (None, torch.ones(len(images), dtype=torch.bool)):
        assert torch.equal(first.features(everything, mirrored), second.features(everything, mirrored))
