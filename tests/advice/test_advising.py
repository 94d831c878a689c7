import json
import re
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import nn

from tests.advice.planted import calibration, facts, readings
from transferlab.advice import Advice, advise
from transferlab.advice.advising import advice_on
from transferlab.advice.menu import MENU
from transferlab.advice.record import FILE, recorded
from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.data.images import ImageSet, Splits
from transferlab.heads import replace_head
from transferlab.training import fit

LOST = {"pretrained": readings(0.8, 0.5, 0.5), "random": readings(0.8, 0.6)}


def test_what_won_in_the_like_worlds_is_advised():
    assert advice_on(facts(), calibration()).recipe == MENU["last_stage"]
    assert advice_on(facts(**LOST), calibration()).recipe == MENU["from_scratch"]


def test_strategies_are_ranked_with_their_time_and_what_to_expect():
    advice = advice_on(facts(), calibration(), minutes=3)
    assert {one.recipe.name for one in advice.strategies} == set(MENU)
    means = [one.expected.mean for one in advice.strategies]
    assert all(earlier >= later - 0.01 for earlier, later in pairwise(means))
    assert [one.recipe.name for one in advice.strategies if one.fits] == [
        one.recipe.name for one in advice.strategies if advice.estimated_minutes[one.recipe.name] <= 3
    ]


def test_what_takes_too_long_is_not_advised_and_is_told_of():
    # From scratch takes 5 minutes; of what fits, fine-tuning was best among the lost, with 4 minutes.
    advice = advice_on(facts(**LOST), calibration(), minutes=4.5)
    assert advice.recipe == MENU["fine_tuning"]
    assert advice.what_would_change_it[0] == "With 5.0 minutes instead of 4.5: from_scratch."
    assert "5.0 minutes, too long" in str(advice)
    advice = advice_on(facts(**LOST), calibration(), minutes=0.5)
    assert advice.recipe == MENU["feature_extraction"]
    assert any("Nothing on the menu ends within 0.5 minutes" in one for one in advice.warnings)


def test_without_random_weights_training_from_scratch_is_not_on_the_menu():
    minutes = {arm: 1.0 for arm in MENU if arm != "from_scratch"}
    advice = advice_on(facts(random=None, minutes=minutes, pretrained=LOST["pretrained"]), calibration())
    assert {one.recipe.name for one in advice.strategies} == set(minutes)


def test_the_printed_advice_holds_all_that_it_says():
    advice = advice_on(facts(copies=2), calibration())
    text = " ".join(str(advice).split())
    assert "planted: 2 classes, 20 images each, 64×64 pixels; backbone bundled" in text
    assert "START WITH last_stage" in text
    for sentence in (*advice.why, *advice.what_would_change_it, *advice.warnings, str(advice.calibration)):
        assert sentence in text
    assert max(map(len, str(advice).splitlines())) <= 120


def test_the_lines_to_type_are_those_that_run():
    assert 'load("bundled", pretrained=False)' in advice_on(facts(**LOST), calibration()).code
    assert 'load("bundled")\nreplace_head(model, 2)' in advice_on(facts(), calibration()).code


@pytest.fixture(scope="module")
def real():
    return advise(worlds.target("objects", 5, task="position"), task="position")


def test_on_a_real_question_it_says_what_its_features_lost(real):
    text = " ".join(real.why)
    assert isinstance(real, Advice)
    assert "You ask where it lies" in text
    assert "layer3 with its places" in text


def test_the_recipe_is_ready_for_fit(real):
    data = worlds.target("objects", 2, task="position", held_out_per_class=1)
    model = load("bundled", pretrained=real.recipe.starts_from == "pretrained")
    replace_head(model, 8, seed=0)
    assert next(fit(model, data, real.recipe)).epoch == 0


def test_no_figure_is_quoted_that_is_not_in_the_file(real):
    written = json.loads(FILE.read_text(encoding="utf-8"))
    names = {f"{one['world']}, {one['per_class']} a class" for one in written["cases"]}
    assert {one.name for one in real.like} <= names
    assert real.calibration is recorded()
    quoted = re.search(r"How far to trust it\n(.*?)\n\nType", str(real), re.DOTALL)
    assert " ".join(quoted[1].split()).removeprefix("• ") == str(recorded())


def test_its_own_world_is_not_kept_from_it_and_the_numbers_agree_with_the_record(real):
    case = next(one for one in recorded().cases if one.name == "objects, position, 5 a class" and one.seed == 0)
    assert real.facts.situation.top == pytest.approx(case.situation.top, abs=1e-6)
    assert real.facts.look.value == pytest.approx(case.look, abs=1e-3)
    assert real.like[0] == case


def test_a_folder_is_read_at_the_size_of_the_backbone(tree):
    root = tree({f"{name}/{i}.png": i + 10 * j for j, name in enumerate(("ants", "bees")) for i in range(6)})
    advice = advise(root, minutes=5)
    assert advice.facts.image_size == (64, 64)
    assert advice.facts.data == root.name


def test_a_network_of_ones_own_stays_as_it_is(two_colours):
    own = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5)
    )
    before = {name: value.clone() for name, value in own.state_dict().items()}
    advice = advise(two_colours, own)
    assert advice.recipe.starts_from == "pretrained"
    assert all(torch.equal(before[name], value) for name, value in own.state_dict().items())


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf"), "ten", True])
def test_time_that_is_none_is_refused(minutes):
    with pytest.raises(ValueError, match="minutes is the time at hand, a number above 0"):
        advise("objects", minutes=minutes)


def test_bad_input_is_answered_in_sentences(two_colours, tmp_path):
    with pytest.raises(ValueError, match="Did you mean 'objects'"):
        advise("object")
    with pytest.raises(ValueError, match="Did you mean 'position'"):
        advise("objects", task="postion")
    with pytest.raises(ValueError, match=r"can only be asked for its kind.*Type target"):
        advise("tissue", task="hue")
    with pytest.raises(ValueError, match="No backbone 'bundeld'"):
        advise(two_colours, "bundeld")
    with pytest.raises(ValueError, match="backbone is a name"):
        advise(two_colours, 50)
    with pytest.raises(ValueError, match="No device 'cuda:99'"):
        advise(two_colours, device="cuda:99")
    with pytest.raises(ValueError, match=r"Type advise\(images\.split\(0\.2\)\)"):
        advise(two_colours.train)
    with pytest.raises(ValueError, match="you gave list"):
        advise([1, 2])


def test_classes_that_cannot_be_told_apart_are_refused(two_colours):
    empty = replace(two_colours.train, class_names=("red", "blue", "green"))
    with pytest.raises(ValueError, match="No training image of: green"):
        advise(Splits(empty, replace(two_colours.held_out, class_names=empty.class_names)))
    one = ImageSet(two_colours.train.images, torch.zeros(32, dtype=torch.int64), ("red",))
    with pytest.raises(ValueError, match="only the class 'red'"):
        advise(Splits(one, one))


def test_misspelt_names_of_the_package_are_answered_with_the_nearest():
    from transferlab import advice

    with pytest.raises(AttributeError, match="Did you mean 'advise'"):
        _ = advice.advize
