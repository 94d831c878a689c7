from functools import partial

import pytest
import torch
from scipy import stats

from tests.experiments import tiny
from transferlab.claims.claim import FAILS, HOLDS, LIMITED, Finding, Outcome, Scale
from transferlab.experiments.effects import Effect, effect

ABOVE, BELOW, BOTH = Effect("a", (), 0.2, 0.1, 0.3), Effect("b", (), -0.2, -0.3, -0.1), Effect("c", (), 0.0, -0.1, 0.1)
SURE = 0.999  # of each bound below: the simulations are seeded, and a rule that keeps its rate passes them


@pytest.mark.parametrize(
    ("main", "side", "verdict"),
    [
        ([ABOVE], [], HOLDS),
        ([ABOVE, ABOVE], [ABOVE], HOLDS),
        ([ABOVE], [BOTH], LIMITED),
        ([ABOVE], [BELOW], LIMITED),
        ([ABOVE], [ABOVE, BELOW], LIMITED),
        ([BOTH], [], FAILS),
        ([BELOW], [], FAILS),
        ([ABOVE, BOTH], [], FAILS),
        ([ABOVE, BELOW], [ABOVE], FAILS),
        ([BOTH], [ABOVE], FAILS),  # side findings save nothing
        ([BELOW], [BELOW], FAILS),
    ],
)
def test_the_verdict_follows_the_rule(main, side, verdict):
    findings = [Finding(one) for one in main] + [Finding(one, main=False) for one in side]
    assert Outcome(tuple(findings)).verdict == verdict
    assert Outcome(tuple(reversed(findings))).verdict == verdict


@pytest.mark.parametrize(
    ("margin", "borne_out"), [(0.0, True), (0.05, True), (0.1, None), (0.2, None), (0.3, None), (0.35, False)]
)
def test_a_finding_is_borne_out_where_its_whole_interval_lies_beyond_the_margin(margin, borne_out):
    finding = Finding(ABOVE, margin=margin)
    assert finding.borne_out is borne_out
    assert Outcome((finding,)).verdict == (HOLDS if borne_out else FAILS)


def test_a_claim_without_a_main_finding_is_none():
    with pytest.raises(AssertionError, match="a claim has a main finding"):
        Outcome((Finding(ABOVE, main=False),))


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("points", "gain: +60.0 points (+35.2 … +84.8) (n = 3): yes"),  # 0.6 ± 4.303 · 0.1 / √3
        ("×", "gain: 1.52× (1.28× … 1.80×) (n = 3): yes"),  # 2 to the 0.6, to the 0.3516, to the 0.8484
        ("", "gain: +0.60 (+0.35 … +0.85) (n = 3): yes"),
    ],
)
def test_a_finding_is_read_in_its_unit(unit, text):
    assert str(Finding(effect("gain", [0.5, 0.6, 0.7]), unit=unit)) == text


def holding(values: torch.Tensor, **settings) -> int:
    """For how many of the experiments `(N, num_seeds)` a claim that says no more than `value > 0` is said to hold."""
    outcomes = [Outcome((Finding(effect("x", row), **settings),)) for row in values.tolist()]
    return sum(one.verdict == HOLDS for one in outcomes)


def normal(count: int, num_seeds: int, seed: int) -> torch.Tensor:
    return torch.randn(count, num_seeds, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("num_seeds", [3, 5, 8])
def test_null_effects_are_not_found_more_often_than_the_rate_says(num_seeds):
    """Of an interval of 95 %, 2.5 % err upwards: of 200 nulls at most as many as chance makes of that."""
    assert holding(normal(200, num_seeds, seed=num_seeds)) <= stats.binom.ppf(SURE, 200, 0.025)


@pytest.mark.parametrize("num_seeds", [2, 3, 5, 8])
@pytest.mark.parametrize("margin", [0.0, 2.0])
def test_the_rate_is_the_nominal_one_and_no_lower(num_seeds, margin):
    """Over many nulls, so that a rule that finds nothing fails too; at a margin the null is an effect of its size."""
    found = holding(margin + normal(3000, num_seeds, seed=100 + num_seeds), margin=margin)
    low, high = stats.binom.interval(SURE, 3000, 0.025)
    assert low <= found <= high


def test_two_main_findings_and_a_side_finding_make_no_null_easier_to_find():
    groups = normal(200, 15, seed=1).view(200, 3, 5).tolist()
    found = [
        Outcome((Finding(effect("a", a)), Finding(effect("b", b)), Finding(effect("c", c), main=False))).verdict
        for a, b, c in groups
    ]
    assert found.count(HOLDS) + found.count(LIMITED) <= stats.binom.ppf(SURE, 200, 0.025**2)


@pytest.mark.parametrize(("num_seeds", "size"), [(3, 2.0), (5, 1.0), (5, 2.0), (8, 1.0)])
def test_a_planted_effect_is_found_as_often_as_theory_says(num_seeds, size):
    """`size` counts standard deviations over seeds; t is then noncentral, by size · √n."""
    critical = stats.t.ppf(0.975, num_seeds - 1)
    power = stats.nct.sf(critical, num_seeds - 1, size * num_seeds**0.5)
    found = holding(size + normal(1000, num_seeds, seed=num_seeds))
    low, high = stats.binom.interval(SURE, 1000, power)
    assert low <= found <= high
    assert power > 0.3  # so that this says something


def test_the_base_seeds_share_no_seed():
    sets = [set(Scale(base_seed=base).seeds(999)) for base in range(3)]
    assert sets[0] == set(range(999))
    assert len(set.union(*sets)) == 3 * 999


def test_a_scale_picks_its_number():
    assert (Scale("quick").pick(3, 5), Scale("full").pick(3, 5)) == (3, 5)
    assert (Scale().is_quick, Scale("full").is_quick) == (True, False)


def test_a_scales_sweep_takes_its_seeds_and_cache(tmp_path):
    scale = Scale(base_seed=2, cache=tmp_path)
    results = scale.sweep(tiny.HEADS, (2,), 3, tiny.colours, tiny.tiny_net(), measure=tiny.seen, forgetting=True)
    assert results == tiny.table(tiny.HEADS, range(2000, 2003), budgets=2, measure=tiny.seen, forgetting=True)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_failed_cell_is_an_error_of_the_claim():
    with pytest.raises(ValueError, match=r"1 cells? failed; frozen, seed 1: seed 1 draws nothing"):
        Scale(cache=False).sweep(tiny.HEADS, (2,), 3, tiny.unlucky, tiny.tiny_net())


def planted(size: float, model, data, seed) -> dict[str, float]:
    """A column whose truth is known: `size` above zero, with noise of one from the seed."""
    return {"column": size + torch.randn((), generator=torch.Generator().manual_seed(seed)).item()}


def test_an_effect_that_was_planted_in_a_sweep_comes_out_of_it():
    scale = Scale(base_seed=1, cache=False)
    settings = {"data": tiny.colours, "backbone": tiny.tiny_net()}
    with_it, without = (scale.sweep(tiny.HEADS, (2,), 8, measure=partial(planted, size), **settings) for size in (3, 0))
    here, there = (one.interval("frozen", 2, "column") for one in (with_it, without))
    assert [a - b for a, b in zip(here.values, there.values, strict=True)] == pytest.approx([3.0] * 8)
    assert here.low <= 3.0 <= here.high
    assert [Outcome((Finding(one),)).verdict for one in (here, there)] == [HOLDS, FAILS]
