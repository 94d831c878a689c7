import copy
import dataclasses

import pytest
import torch

from tests.audit.known_models import TwoEvidences, two_evidences
from transferlab.audit.bias_audit import bias_audit
from transferlab.audit.group_dro import group_dro
from transferlab.audit.remedies import retrain_last_layer
from transferlab.audit.trials import try_remedies


@pytest.fixture(scope="module")
def sets():
    return two_evidences(600, 0.95, seed=0), two_evidences(800, 0.5, seed=1), two_evidences(200, 0.5, seed=2)


@pytest.fixture(scope="module")
def trial(sets):
    return try_remedies(TwoEvidences(), *sets, seeds=(0, 1, 2))


def test_every_remedy_closes_the_planted_gap_and_the_control_does_not(trial):
    assert [one.remedy for one in trial.results] == [
        "as it is", "new head, same images", "balanced sampling", "deep feature reweighting", "group DRO"
    ]  # fmt: skip
    assert trial["as it is"].worst == (0.0,)
    assert trial["as it is"].gaps == (1.0,)
    control = trial["new head, same images"].worst[0]
    for one in trial.results[2:]:
        assert len(one.audits) == 3
        assert min(one.worst) > control + 0.2
        assert max(one.gaps) < 0.1  # Φ(1.5) in both groups; the rest is luck
        assert one.seconds > 0
    assert [one.num_images for one in trial.results] == [0, 0, 600, 200, 600]


def test_the_trial_gives_what_the_remedies_alone_give(trial, sets):
    train, held_out, balanced = sets
    alone = {
        "deep feature reweighting": retrain_last_layer(TwoEvidences(), balanced, seed=1)[0],
        "group DRO": group_dro(TwoEvidences(), train, seed=1)[0],
    }
    for remedy, model in alone.items():
        assert abs(bias_audit(model, held_out).num_correct - trial[remedy].audits[1].num_correct) <= 1  # of 800


def test_the_table_says_what_each_gives_and_costs(trial):
    text = str(trial).splitlines()
    assert text[0].split("  ")[0] == "remedy"
    assert "known groups" in text[0]
    assert "±" not in text[1]
    assert all("±" in line for line in text[3:6])
    assert "over 3 seeds" in text[6]
    with pytest.raises(ValueError, match="Did you mean 'group DRO'"):
        _ = trial["group dro"]


def test_the_model_stays_as_it_is(sets):
    model = TwoEvidences()
    before = copy.deepcopy(model.state_dict())
    try_remedies(model, *sets, seeds=(0, 1))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_what_cannot_be_tried_is_said_and_the_others_are(sets):
    train = two_evidences(40, 1.0, seed=4)
    train = dataclasses.replace(train, groups=train.labels.clone())
    trial = try_remedies(TwoEvidences(), train, sets[1], seeds=(0, 1))
    assert [one.remedy for one in trial.results] == ["as it is", "new head, same images", "group DRO"]
    assert trial.notes[0].startswith("balanced sampling was not tried: No image at all in 'low, tag disagrees'")
    assert trial.notes[1].startswith("deep feature reweighting was not tried")
    assert trial.notes[0] in str(trial)


def test_what_is_refused(sets):
    train, held_out, _ = sets
    model = TwoEvidences()
    with pytest.raises(ValueError, match="at least two, all different"):
        try_remedies(model, train, held_out, seeds=(0,))
    with pytest.raises(ValueError, match="at least two, all different"):
        try_remedies(model, train, held_out, seeds=(1, 1))
    with pytest.raises(ValueError, match="whole numbers"):
        try_remedies(model, train, held_out, seeds="01")
    with pytest.raises(ValueError, match="100 of 800 held-out images are also in balanced"):
        try_remedies(model, train, held_out, balanced=held_out.subset(range(100)))
    with pytest.raises(ValueError, match="train is an ImageSet with groups; you gave an ImageSet without groups"):
        try_remedies(model, dataclasses.replace(train, groups=None, group_names=()), held_out)
    with pytest.raises(ValueError, match="same group_names"):
        try_remedies(model, dataclasses.replace(train, group_names=("day", "night")), held_out)
    with pytest.raises(ValueError, match=r"two groups of at least 10 images.*Give more held-out images"):
        try_remedies(model, train, held_out.subset(range(12)))
