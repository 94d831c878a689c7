import dataclasses

import pytest
import torch
from torch import nn

from tests.bets.networks import noise_images, tiny_network
from transferlab.backbones import load
from transferlab.bets import score_backbones, score_stages
from transferlab.data import worlds
from transferlab.data.images import Splits
from transferlab.inference import model_input
from transferlab.layer_probes import layer_probes
from transferlab.transferability import SCORES, h_score, leep, linear_probe, logme, nce


def test_scores_are_those_of_what_goes_into_the_head_and_comes_out():
    model, images = tiny_network().eval(), noise_images()
    with torch.no_grad():
        x = model_input(model, images.images)
        features, logits = model[:6](x).double(), model(x).double()
    scores = score_backbones({"tiny": model}, images)[0]
    assert scores.name == "tiny"
    assert scores.num_features == features.shape[1] == 8
    assert scores.leep == pytest.approx(leep(logits.softmax(1), images.labels))
    assert scores.nce == pytest.approx(nce(logits.argmax(1), images.labels))
    assert scores.logme == pytest.approx(logme(features, images.labels))
    assert scores.h_score == pytest.approx(h_score(features, images.labels))
    assert scores.linear_probe == pytest.approx(linear_probe(features, images.labels))
    assert scores.value("logme") == scores.logme
    with pytest.raises(ValueError, match=r"No score 'logmee'.*Did you mean 'logme'"):
        scores.value("logmee")


def test_pretrained_scores_more_than_random_by_all_five():
    torch.manual_seed(0)
    data = worlds.target("objects", per_class=20, seed=0)
    pretrained, random = score_backbones({"bundled": load(), "random": load(pretrained=False)}, data)
    for score in SCORES:
        assert pretrained.value(score) > random.value(score), score


def test_networks_random_numbers_and_hooks_stay_as_they_were():
    model, images = tiny_network().train(), noise_images()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    before = torch.get_rng_state()
    score_backbones({"tiny": model}, images)
    score_stages(model, images)
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_hooks_are_gone_after_an_error_too():
    model = tiny_network()
    model[0] = nn.Conv2d(4, 6, 3, padding=1)  # images have three channels
    with pytest.raises(RuntimeError):
        score_backbones({"tiny": model}, noise_images())
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_held_out_images_and_size_of_batches_play_no_part():
    model, images = tiny_network(), noise_images()
    whole = score_backbones({"tiny": model}, Splits(images, noise_images(seed=1)))
    other = score_backbones({"tiny": model}, Splits(images, noise_images(seed=2)), batch_size=5)
    for score in SCORES:
        assert whole[0].value(score) == pytest.approx(other[0].value(score))
    assert whole[0].origin == other[0].origin


def test_without_source_classes_there_is_no_leep_and_no_nce():
    import timm

    headless = timm.create_model("test_resnet", num_classes=0)
    first, second = score_backbones({"headless": headless, "single": tiny_network(num_classes=1)}, noise_images())
    assert first.leep is first.nce is second.leep is second.nce is None
    assert first.reasons == dict.fromkeys(("leep", "nce"), "the network has no classifier")
    assert "single output" in second.reasons["leep"]
    assert 0 <= first.linear_probe <= 1


def test_a_head_that_is_a_convolution_is_scored_on_the_mean_over_space():
    model = nn.Sequential(
        nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Conv2d(5, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    ).eval()  # fmt: skip
    images = noise_images()
    with torch.no_grad():
        features = model[:2](model_input(model, images.images)).mean((2, 3)).double()
    assert score_backbones({"conv": model}, images)[0].logme == pytest.approx(logme(features, images.labels))


def test_stages_are_scored_on_what_they_hand_on():
    model, images = tiny_network(), noise_images()
    scores = score_stages(model, images)
    with torch.no_grad():
        first = model[:2](model_input(model, images.images)).mean((2, 3)).double()
    assert scores[0].logme == pytest.approx(logme(first, images.labels), abs=1e-5)
    probes = layer_probes(model, Splits(images, images))
    assert [one.name for one in scores] == [probe.stage for probe in probes]
    assert [one.linear_probe for one in scores] == pytest.approx([probe.train_accuracy for probe in probes], abs=0.05)
    assert all(one.leep is None and "no classes of its own" in one.reasons["nce"] for one in scores)


def test_an_origin_is_of_weights_pixels_and_labels():
    model, images = tiny_network(), noise_images()
    origin = score_backbones({"tiny": model}, images)[0].origin
    assert score_stages(model, images)[0].origin == origin
    relabelled = dataclasses.replace(images, labels=images.labels.flip(0))
    assert score_backbones({"tiny": model}, relabelled)[0].origin != origin
    assert score_backbones({"tiny": model}, noise_images(seed=5))[0].origin != origin
    with torch.no_grad():
        model[0].bias[0] += 1e-6
    assert score_backbones({"tiny": model}, images)[0].origin != origin


def test_a_broken_network_is_named():
    broken = tiny_network()
    with torch.no_grad():
        broken[2].weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="'broken' cannot be scored: features hold NaN"):
        score_backbones({"fine": tiny_network(), "broken": broken}, noise_images())


class TwoOutputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = tiny_network()

    def forward(self, x):
        return self.net(x), x


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ({}, "You gave none"),
        ([tiny_network()], "networks by a name of yours.*You gave list"),
        (tiny_network(), "You gave Sequential"),
        ({"a": "bundled"}, "networks by a name of yours"),
        ({"two": TwoOutputs()}, "'two' gives tuple"),
    ],
)
def test_what_is_no_candidate_is_told(models, said):
    with pytest.raises(ValueError, match=said):
        score_backbones(models, noise_images())


def test_what_are_no_images_is_told():
    with pytest.raises(ValueError, match=r"you gave str.*worlds\.target"):
        score_backbones({"tiny": tiny_network()}, "objects")
    with pytest.raises(ValueError, match="you gave Tensor"):
        score_stages(tiny_network(), torch.zeros(4, 3, 8, 8))
    with pytest.raises(ValueError, match="'tiny' cannot be scored: Class 1 has a single image"):
        score_backbones({"tiny": tiny_network()}, noise_images(3))
