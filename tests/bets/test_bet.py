import dataclasses

import pytest

from transferlab.bets import Bet, Scores
from transferlab.bets.bet import FEW, caution, settled_bet


def scores(name, leep, logme, probe=0.5):
    missing = {} if leep is not None else dict.fromkeys(("leep", "nce"), "the network has no classifier")
    return Scores(name, leep, leep, logme, 1.0, probe, 8, "origin", missing)


@pytest.fixture
def bet():
    return Bet((scores("a", -1.0, 0.3), scores("b", -2.0, 0.5), scores("c", None, 0.3), scores("d", -3.0, 0.1)))


FOUND = {"a": (0.8, 0.9), "b": (0.7, 0.6), "c": (0.5, 0.5), "d": (0.2, 0.4)}


def test_ranks_by_hand(bet):
    assert bet.ranks("logme") == {"b": 1, "a": 2, "c": 2, "d": 4}
    assert bet.ranks("leep") == {"a": 1, "b": 2, "d": 3}
    assert bet.values("leep") == {"a": -1.0, "b": -2.0, "d": -3.0}
    assert bet.names == ("a", "b", "c", "d")


def test_a_bet_shows_scores_with_ranks_and_says_what_is_missing(bet):
    lines = str(bet).splitlines()
    assert lines[0].split() == ["candidate", "(rank)", "LEEP", "NCE", "LogME", "H-score", "linear", "probe"]
    assert lines[3].split() == ["b", "-2.00", "(2)", "-2.00", "(2)", "0.50", "(1)", "1.00", "(1)", "0.50", "(1)"]
    assert lines[4].split()[:3] == ["c", "–", "–"]
    assert lines[-1] == "no LEEP and no NCE for c: the network has no classifier."


def test_a_bet_cannot_be_changed(bet):
    with pytest.raises(dataclasses.FrozenInstanceError):
        bet.scores = ()
    with pytest.raises(dataclasses.FrozenInstanceError):
        bet.scores[0].logme = 1.0
    listed = list(bet.scores)
    other = Bet(listed)
    listed.pop()
    assert len(other.scores) == 4


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((scores("a", -1, 0), scores("b", -1, 0)), "three candidates or more; you gave 2"),
        ((scores("a", -1, 0), scores("b", -1, 0), scores("a", -1, 0)), "Two candidates are called 'a'"),
        (({"a": 1}, {"b": 2}, {"c": 3}), r"A bet is on scores: type Bet\(score_backbones"),
    ],
)
def test_what_is_no_bet_is_told(given, said):
    with pytest.raises(ValueError, match=said):
        Bet(given)


def test_scores_are_compared_with_what_was_found(bet):
    settled = settled_bet(bet, "fine_tuning", (0, 1), FOUND)
    leep = settled.agreement("leep")
    assert leep.spearman == leep.kendall == pytest.approx(1)  # a, b, d in the order of their accuracies
    assert leep.found == {name: FOUND[name] for name in "abd"}
    assert leep.given_away == pytest.approx(0)
    logme = settled.agreement("logme")
    assert logme.num_candidates == 4
    assert logme.given_away == pytest.approx(0.85 - 0.65)  # b has the best score
    # Ranks 2.5, 4, 2.5, 1 against 4, 3, 2, 1, less their mean of 2.5:
    one, other = (0, 1.5, 0, -1.5), (1.5, 0.5, -0.5, -1.5)
    together = sum(x * y for x, y in zip(one, other, strict=True))
    assert logme.spearman == pytest.approx(together / (sum(x * x for x in one) * sum(y * y for y in other)) ** 0.5)


def test_what_cannot_be_compared_has_a_reason(bet):
    settled = settled_bet(bet, "fine_tuning", (0, 1), FOUND)
    assert set(settled.reasons) == {"h_score", "linear_probe"}
    with pytest.raises(ValueError, match="H-score was not compared: it is the same for all candidates"):
        settled.agreement("h_score")
    with pytest.raises(ValueError, match=r"No score 'leap'.*Did you mean 'leep'"):
        settled.agreement("leap")
    few = Bet((scores("a", -1.0, 0.3), scores("b", -2.0, 0.5), scores("c", None, 0.2), scores("d", None, 0.1)))
    reasons = settled_bet(few, "fine_tuning", (0, 1), FOUND).reasons
    assert reasons["leep"] == "only two of the candidates have it, since the network has no classifier"
    none = Bet(tuple(scores(name, None, i) for i, name in enumerate("abcd")))
    assert settled_bet(none, "x", (0, 1), FOUND).reasons["nce"].startswith("none of the candidates has it")
    same = settled_bet(bet, "x", (0, 1), dict.fromkeys("abcd", (0.5, 0.5)))
    assert same.agreements == ()
    assert same.reasons["logme"] == "all candidates came out equally accurate"


def test_accuracies_that_differ_by_rounding_alone_are_equal():
    bet = Bet(tuple(scores(name, -i, i) for i, name in enumerate("abc")))
    found = {"a": (0.1, 0.2, 0.3), "b": (0.3, 0.2, 0.1), "c": (0.2, 0.2, 0.2)}
    assert settled_bet(bet, "x", (0, 1, 2), found).reasons["logme"] == "all candidates came out equally accurate"


def test_a_settled_bet_in_words(bet):
    text = str(settled_bet(bet, "fine_tuning", (0, 1), FOUND))
    assert "accuracy, fine_tuning" in text
    assert "85.0%" in text
    assert "over 2 seeds" in text
    assert "H-score was not compared: it is the same for all candidates." in text
    assert text.endswith("4 candidates cannot tell a score from chance, whatever order comes out.")
    single = str(settled_bet(bet, "fine_tuning", (0,), {name: runs[:1] for name, runs in FOUND.items()}))
    assert "1 seed\n" in single


def test_few_candidates_are_said_to_be_few():
    assert "cannot tell" in caution(4)
    assert "it is wide" in caution(5)
    assert "it is wide" in caution(FEW - 1)
    assert "wide" not in caution(FEW)
