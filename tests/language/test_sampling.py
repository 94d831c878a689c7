import pytest
import torch

from transferlab.language import SmallGPT, continued, load_language_model, write
from transferlab.language.sampling import drawn


@pytest.fixture(scope="module")
def bundled():
    return load_language_model()


def test_the_same_seed_writes_the_same_text_and_torchs_numbers_stay(bundled):
    state = torch.get_rng_state()
    first = write(*bundled, "It was", tokens=20, seed=3)
    assert first == write(*bundled, "It was", tokens=20, seed=3) != write(*bundled, "It was", tokens=20, seed=4)
    assert first.startswith("It was")
    assert torch.equal(torch.get_rng_state(), state)


def test_cold_it_takes_the_likeliest_as_the_whole_text_read_at_once_says(bundled):
    model, tokenizer = bundled
    start = tokenizer.encode("She was not ")
    new = list(continued(model, start, 12, temperature=0))
    with torch.no_grad():
        expected = model(torch.tensor([start + new]))[0].argmax(-1).tolist()
    assert new == expected[len(start) - 1 : -1]


def test_it_goes_on_beyond_its_context():
    torch.manual_seed(0)
    model = SmallGPT(vocabulary=260, dim=24, blocks=1, heads=3, hidden=32, context=8).eval()
    assert len(list(continued(model, [1, 2, 3], 40))) == 40
    assert len(list(continued(model, list(range(30)), 3))) == 3


def test_draws_by_hand():
    logits = torch.tensor([0.5, 0.3, 0.2]).log()
    count = torch.zeros(3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(400):
        count[drawn(logits, 1.0, 0.6, generator)] += 1
    assert count[2] == 0  # 0.5 and 0.3 are more than 0.6 together: the third is left out
    assert count[0] / 400 == pytest.approx(5 / 8, abs=0.08)
    assert drawn(logits, 0, 1.0, generator) == 0


def test_the_model_stays_in_its_mode(bundled):
    model, tokenizer = bundled
    model.train()
    write(model, tokenizer, "a", tokens=2)
    assert model.training
    model.eval()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"start": ""}, "nothing to go on from"), ({"temperature": -1}, "0 or more"), ({"top_p": 0}, "above 0")],
)
def test_what_cannot_be_is_said(bundled, arguments, words):
    with pytest.raises(ValueError, match=words):
        write(*bundled, **{"start": "a", "tokens": 3, **arguments})
