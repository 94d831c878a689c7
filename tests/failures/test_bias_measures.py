import pytest
import torch

from tests.failures.test_tags import Listener
from transferlab.backbones import load
from transferlab.failures import bias_measures
from transferlab.failures.bias_measures import ADAPTED, adapted, gap_alone, headed, judged, last_layer_anew
from transferlab.failures.tags import KINDS, asked, pictures, tag_gap, tagged
from transferlab.inference import predict
from transferlab.many_heads import HeadSetting, head_features, train_heads
from transferlab.meters import accuracy


@pytest.mark.parametrize(
    ("question", "names", "fair"), [("place", ("indoors", "outdoors"), 1 / 2), ("kind", KINDS, 1 / 8)]
)
def test_who_listens_to_tags_is_right_as_often_as_drawn_tags_are(question, names, fair):
    untagged = asked(pictures(1, seed=0, held_out_per_class=2).held_out, question)
    found = judged(Listener(names), untagged, seed=0, name=" x")
    assert found == {"gap x": 1, "fair accuracy x": pytest.approx(fair)}


def test_who_does_not_listen_has_no_gap():
    data = tagged(1, seed=0, held_out_per_class=2)
    assert gap_alone(Listener(KINDS, listens=False), data, seed=0) == {"gap": 0, "fair accuracy": 1 / 8}


def test_a_head_is_put_on_a_copy():
    data, model = tagged(2, seed=0, held_out_per_class=2), load("bundled")
    found = headed(model, data, seed=1)
    assert model.fc.out_features == 232
    (trained,) = train_heads(head_features(model, data), [HeadSetting(seed=1)])
    assert torch.equal(found.fc.weight, trained.weight)
    assert accuracy(predict(found, data.held_out), data.held_out.labels) == pytest.approx(trained.accuracy)


def test_adapting_measures_every_way_and_leaves_the_model(monkeypatch):
    monkeypatch.setattr(bias_measures, "MORE", 2)
    data, model = tagged(1, seed=0, strength=1.0, question="kind", held_out_per_class=1), load("bundled")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = adapted(model, data, seed=0, per_class=1, epochs=1)
    assert sorted(found) == sorted(f"{what} {way}" for what in ("gap", "fair accuracy") for way in ADAPTED)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_last_layer_that_listens_to_the_tag_no_longer_does():
    # A network that sees nothing but the tag's colour and a feature that is the answer: anew, it takes the latter.
    class Reader(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = torch.nn.Linear(4, 2)
            with torch.no_grad():
                self.fc.weight.copy_(torch.tensor([[1.0, 0, 0, 0], [0, 1.0, 0, 0]]))
                self.fc.bias.zero_()
            self.listener = Listener()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            says = self.listener(x)  # (B, 2), what the tag speaks for
            true = x[:, :1, 0, 0] > 0
            return self.fc(torch.cat([says, true.float(), (~true).float()], 1))

    def lit(images):
        images.images[:, :, 0, 0] = torch.where(images.labels == 0, 255, 0)[:, None].to(torch.uint8)
        return images

    data = tagged(4, seed=0, strength=0.9, question="place", held_out_per_class=4)
    lit(data.held_out)
    plain = bias_measures.tagged
    with pytest.MonkeyPatch.context() as patch:

        def lit_tagged(*arguments, **settings):
            found = plain(*arguments, question="place", **settings)
            lit(found.train)
            return found

        patch.setattr(bias_measures, "tagged", lit_tagged)
        found = last_layer_anew(Reader(), data, seed=0)
    assert found["gap"] == tag_gap(Reader(), data.held_out, seed=0) == 1
    assert found["gap last layer anew"] == 0
    assert found["fair accuracy last layer anew"] == 1
