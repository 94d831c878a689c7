from tests.advice.planted import calibration, facts, readings
from transferlab.advice.distance import LookDistance
from transferlab.advice.likeness import expectations, nearest
from transferlab.advice.reasons import why


def said(chosen="last_stage", **changed):
    found = facts(**changed)
    like = nearest(found.situation, calibration().cases, number=2)
    return "\n".join(why(found, chosen, expectations(found.situation, like), like))


def test_what_the_head_would_see_is_told_with_its_interval_and_with_guessing():
    assert "(layer3) answers 90% (84% … 94%) before any training; guessing gives 50%." in said()


def test_features_that_carry_the_question():
    assert "random weights reads 55%: pretraining brings 35 points." in said()


def test_an_answer_that_does_not_reach_the_head():
    text = said(pretrained=readings(0.5, 0.9, 0.55))
    assert "The backbone's layer2 reads 90%: the answer is in the network and does not reach the head" in text
    text = said(pretrained=readings(0.5, 0.6, 0.55, places=0.95))
    assert "The backbone's layer2 with its places reads 95%" in text
    assert "does not reach the head" not in said(pretrained=readings(0.5, 0.9, 0.9))


def test_a_question_that_pretraining_was_not_made_for():
    text = said(pretrained=readings(0.6, 0.6, 0.52), random=readings(0.5, 0.8, 0.6))
    assert "The layer2 of a network with random weights reads 80%, more than the head would see" in text
    assert "none that these features were made for" in text
    assert "pretraining brings" not in text


def test_where_nothing_is_read_only_training_can_say():
    text = said(pretrained=readings(0.5, 0.52, 0.5), random=readings(0.5, 0.5, 0.51))
    assert "No stage reads more than guessing might" in text


def test_the_look_and_what_it_can_be_compared_with():
    assert "differs by 0.56 from what its BatchNorm layers remember; fresh images of its own drawn source" in said()
    other = said(backbone="torchvision/resnet50", source_look=None)
    assert "What that means for torchvision/resnet50 nobody measured" in other
    none = said(backbone="vit", look=None, source_look=None)
    assert "vit has no BatchNorm that remembers it" in none
    assert "differs by 1.25" in said(look=LookDistance(1.25, {}, 10))


def test_the_cases_that_it_is_drawn_from_are_named_with_what_came_out():
    # The probe had a skill of 0.8 there, which is 90 %; the last stage reached 95 %, the others 60 %.
    text = said()
    assert "are carried one, 20 a class; carried two, 20 a class." in text
    assert "There last_stage ended 5.0 points above the probe on average" in text
    assert "feature_extraction ended 30.0 points below the probe on average" in text


def test_the_question_where_it_is_known_and_where_the_labels_show_it():
    assert "You ask where it lies, which telling kinds apart does not need" in said(task="position")
    assert "You ask what is shown, as the pretraining did." in said(task="kind")
    assert "no image is mirrored" in said(label_safe=())
