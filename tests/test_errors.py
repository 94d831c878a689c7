import math

import pytest

from transferlab.errors import check_learning_rate, did_you_mean, unknown


def test_unknown_says_what_was_given_what_exists_and_what_to_type():
    error = unknown(
        "stage", "layre4", ["conv1", "layer1", "layer2", "layer3", "layer4", "fc"], owner="This model's stages are"
    )
    assert str(error) == (
        "No stage 'layre4'. This model's stages are: conv1, layer1, layer2, layer3, layer4, fc. Did you mean 'layer4'?"
    )


def test_a_name_like_no_other_gets_no_guess():
    assert did_you_mean("xyzzy", ["conv1", "fc"]) == ""


def test_a_slip_of_capitals_is_recognised():
    assert did_you_mean("FC", ["conv1", "fc"]) == " Did you mean 'fc'?"


def test_a_long_list_is_cut_and_counted():
    assert "… and 5 more" in str(unknown("model", "x", [f"m{i}" for i in range(45)]))


@pytest.mark.parametrize("lr", [0, -1e-3, math.nan, math.inf, 1e9, "fast", None, True])
def test_impossible_learning_rates_are_refused_by_name(lr):
    with pytest.raises(ValueError, match="head_lr must be"):
        check_learning_rate(lr, "head_lr")


def test_a_possible_learning_rate_comes_back_as_a_float():
    assert check_learning_rate(1) == 1.0
    assert isinstance(check_learning_rate(1), float)
