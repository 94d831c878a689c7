import pytest
import torch

from transferlab.data import worlds
from transferlab.lab.data.data_choice import WorldData
from transferlab.lab.data.world_preview import PER_CLASS, SIZE, WorldPreview


@pytest.mark.parametrize(
    "choice",
    [
        WorldData(),
        WorldData("objects", task="hue", domain_gap=0.3, seed=2),
        WorldData("tissue", shortcut=0.5),
        WorldData("thermal", domain_gap=1.0, shortcut=1.0, seed=1),
    ],
)
def test_the_examples_are_the_worlds_own(choice):
    knobs = {"task": choice.task, "domain_gap": choice.domain_gap, "shortcut": choice.shortcut, "seed": choice.seed}
    target = worlds.target(choice.name, PER_CLASS, size=SIZE, held_out_per_class=1, **knobs).train
    preview = WorldPreview()
    preview.draw(WorldData("objects", domain_gap=0.7))  # what was drawn before must not matter
    for _ in range(2):
        drawn = preview.draw(choice)
        assert torch.equal(drawn.images, target.images)
        assert torch.equal(drawn.labels, target.labels)
        assert torch.equal(drawn.masks, target.masks)
        assert drawn.class_names == target.class_names


def test_the_things_are_drawn_once_for_all_steps_of_a_knob(monkeypatch):
    drawn = []
    target = worlds.target
    monkeypatch.setattr(worlds, "target", lambda *given, **knobs: drawn.append(given) or target(*given, **knobs))
    preview = WorldPreview()
    for step in range(5):
        preview.draw(WorldData(domain_gap=step / 4, shortcut=step / 4))
    assert len(drawn) == 1
    preview.draw(WorldData(seed=1))
    assert len(drawn) == 2


@pytest.mark.parametrize("knob", [{"domain_gap": 1.5}, {"shortcut": -0.1}, {"domain_gap": float("nan")}])
def test_a_knob_beyond_its_end_is_refused(knob):
    with pytest.raises(ValueError, match="between 0 and 1"):
        WorldPreview().draw(WorldData(**knob))
