import dataclasses

import pytest
import torch

from tests.explain.checks.planted import assert_same, by_the_weights, edges, gradients, nothing, state
from transferlab.data import worlds
from transferlab.explain.checks.deletion import Removal
from transferlab.explain.checks.estimate import Estimate
from transferlab.explain.checks.randomisation import Randomisation, Step
from transferlab.explain.checks.verdict import Verdict, judge, ruling

NONE = torch.zeros(0)


def step(stage, similarity, outline=None, num_blank=0):
    def around(value):
        return None if value is None else Estimate(value, value - 0.1, value + 0.1, 8)

    outline = similarity if outline is None else outline
    return Step(stage, around(similarity), around(outline), None, 16, num_blank, NONE)


def randomised(halfway, end):
    return Randomisation("x", NONE, NONE, (halfway, end), halfway.stage, 2, 0)


def gain(low):
    return Removal("deletion", NONE, NONE, NONE, None, None, Estimate(low + 0.1, low, low + 0.2, 8), 0)


HONEST = Verdict("x", "", num_images=8, randomisation=randomised(step("layer4", 0.2), step("conv1", 0.0)))


def ruled(**changes):
    return ruling(dataclasses.replace(HONEST, **changes))


def test_each_rule_by_hand():
    assert ruling(HONEST) == ("trust", ())
    assert ruled(randomisation=None) == ("unjudged", ("randomisation was not checked",))
    survived = randomised(step("layer4", 0.9), step("conv1", 0.5))
    assert ruled(randomisation=survived, num_blank=8) == ("fails", ("survives randomisation",))
    assert ruled(randomisation=randomised(step("layer4", 0.5), step("conv1", 0.1)))[0] == "doubt"
    outline = randomised(step("layer4", 0.2), step("conv1", 0.0, outline=0.6))
    assert ruled(randomisation=outline) == ("doubt", ("its outline survives randomisation",))
    blank = randomised(step("layer4", 0.2), step("conv1", 0.9, num_blank=17))
    assert ruled(randomisation=blank) == ("doubt", ("blank too often after randomisation to tell",))
    assert ruled(num_blank=5) == ("doubt", ("blank for 5 of 8 images",))
    assert ruled(num_blank=4) == ("trust", ())
    assert ruled(deletion=gain(0.0), insertion=gain(-0.1))[0] == "doubt"
    assert ruled(deletion=gain(0.01), insertion=gain(-0.1)) == ("trust", ())
    assert ruled(deletion=gain(-0.1)) == ("trust", ())  # one of the two alone decides nothing
    assert ruled(sensitivity=Estimate(1.0, 0.9, 1.1, 8))[0] == "doubt"


def test_planted_methods_are_found_out_and_an_honest_one_is_not(trained):
    model, images = trained
    before = state(model)
    checks = ("randomisation", "deletion", "insertion", "inside")
    found = {v.method: v for v in judge(model, images, (gradients, edges, nothing, by_the_weights), checks=checks)}
    assert found["edges"].words == "fails: survives randomisation"
    assert found["nothing"].words == "doubt: blank for 8 of 8 images"
    assert found["by_the_weights"].words == "doubt: its pixels are not shown to matter more than chance, on 8 images"
    assert found["gradients"].randomisation.survives is False
    assert found["gradients"].verdict != "fails"
    assert found["gradients"].maps.shape == (8, 32, 32)
    assert_same(before, state(model))


def test_names_are_judged_by_every_check_and_a_refusal_is_a_line(trained):
    model, images = trained
    grad_cam, lift = judge(model, images, ("grad_cam", "layer_deep_lift"), num_images=4)
    assert grad_cam.verdict in ("trust", "doubt")
    for check in ("randomisation", "deletion", "insertion", "infidelity", "sensitivity", "inside"):
        assert getattr(grad_cam, check) is not None
    assert grad_cam.shortcut is None
    assert lift.method == "layer_deep_lift"
    again = judge(model, images, ("grad_cam",), num_images=4)[0]
    assert torch.equal(again.maps, grad_cam.maps)
    assert again.deletion.gain == grad_cam.deletion.gain


def test_what_explain_refuses_is_said_and_not_raised():
    class Swish(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.act, self.fc = torch.nn.Conv2d(3, 4, 3), torch.nn.SiLU(), torch.nn.Linear(4, 8)

        def forward(self, x):
            return self.fc(self.act(self.conv(x)).mean((2, 3)))

    images = worlds.target("objects", per_class=1, size=32, held_out_per_class=1).held_out
    (found,) = judge(Swish(), images, ("guided_grad_cam",), num_images=2)
    assert found.verdict == "cannot"
    assert "SiLU" in found.words


def test_a_method_that_looks_at_the_tag_is_remarked(trained):
    model, _ = trained
    images = worlds.target("objects", per_class=1, size=32, shortcut=0.9, held_out_per_class=2).held_out

    def on_the_tag(model, images, targets):
        return worlds.tag_mask(32).float().expand(len(images), -1, -1)

    (found,) = judge(model, images, (on_the_tag,), checks=("inside", "shortcut"))
    assert found.shortcut.share.mean == pytest.approx(32 * 32 / 36)
    assert found.verdict == "unjudged"
    assert any("the tag gets" in remark for remark in found.remarks)
    assert any("less on the object" in remark for remark in found.remarks)


def test_bad_input_is_said(trained):
    model, images = trained
    with pytest.raises(ValueError, match="Did you mean 'randomisation'"):
        judge(model, images, (edges,), checks=("randomization",))
    with pytest.raises(ValueError, match="'shortcut' needs a planted tag"):
        judge(model, images, (edges,), checks=("shortcut",))
    with pytest.raises(ValueError, match="methods is a list"):
        judge(model, images, "grad_cam")
    with pytest.raises(ValueError, match="num_images is a whole number"):
        judge(model, images, (edges,), num_images=1)
    with pytest.raises(ValueError, match="takes an ImageSet"):
        judge(model, images.images, (edges,))
