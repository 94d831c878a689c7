import pytest
import torch

from tests.explain.checks.planted import Linear, assert_same, edges, gradients, nothing, state
from transferlab.backbones.preprocessing import normalise
from transferlab.explain.checks.faithfulness import infidelity, sensitivity_max

GENERATOR = torch.Generator().manual_seed(0)
WEIGHTS = torch.randn(8, 8, generator=GENERATOR)
PIXELS = torch.randint(256, (3, 3, 8, 8), generator=GENERATOR, dtype=torch.uint8)
EXACT = WEIGHTS * normalise(PIXELS)[:, 0]  # weight times input: what each pixel adds to score 0


def test_exact_contributions_leave_nothing_unsaid_in_any_unit():
    for factor in (1, 1000, 1e-6):
        assert infidelity(Linear(WEIGHTS), PIXELS, factor * EXACT, 0).tolist() == pytest.approx([0] * 3, abs=1e-4)


def test_the_opposite_says_as_little_as_nothing():
    assert infidelity(Linear(WEIGHTS), PIXELS, -EXACT, 0).tolist() == [1.0] * 3
    assert infidelity(Linear(WEIGHTS), PIXELS, EXACT, 1).tolist() == [1.0] * 3  # score 1 is minus score 0
    assert infidelity(Linear(WEIGHTS), PIXELS, torch.zeros(3, 8, 8), 0).isnan().all()


def test_a_map_with_noise_lies_between_and_is_the_same_each_time():
    noisy = EXACT + EXACT.std() * torch.randn(EXACT.shape, generator=torch.Generator().manual_seed(1))
    found = infidelity(Linear(WEIGHTS), PIXELS, noisy, 0)
    assert ((found > 0.05) & (found < 0.95)).all()
    assert torch.equal(found, infidelity(Linear(WEIGHTS), PIXELS, noisy, 0))
    assert not torch.equal(found, infidelity(Linear(WEIGHTS), PIXELS, noisy, 0, seed=1))
    assert infidelity(Linear(WEIGHTS), PIXELS, noisy, 0, batch_size=9).shape == (3,)


def test_the_gradient_of_a_linear_model_holds_still():
    assert sensitivity_max(Linear(WEIGHTS), PIXELS, gradients, 0).tolist() == pytest.approx([0] * 3, abs=1e-6)


def test_a_map_that_is_the_picture_changes_as_much_as_the_picture():
    flat = torch.full((2, 3, 8, 8), 100, dtype=torch.uint8)

    def red(model, images, targets):
        return images[:, 0].float() + 1e-3 * torch.arange(64).view(8, 8)

    found = sensitivity_max(Linear(WEIGHTS), flat, red, 0, radius=10, samples=8)
    # Uniform noise within ±10 has a standard deviation of √(110/3) = 6.06: 6 % of 100, and the largest of eight more.
    assert ((found > 0.055) & (found < 0.085)).all()


def test_blank_maps_are_no_number_and_the_model_stays(trained):
    model, images = trained
    before = state(model)
    assert sensitivity_max(model, images, nothing).isnan().all()
    assert sensitivity_max(model, images, edges, batch_size=5).shape == (16,)
    assert sensitivity_max(model, images, "grad_cam").shape == (16,)
    assert infidelity(model, images, images.masks.float()).nanmean() < 1
    assert_same(before, state(model))


def test_bad_input_is_said():
    with pytest.raises(ValueError, match="samples is how often"):
        infidelity(Linear(WEIGHTS), PIXELS, EXACT, 0, samples=0)
    with pytest.raises(ValueError, match="radius is a number of grey levels"):
        sensitivity_max(Linear(WEIGHTS), PIXELS, gradients, radius=0)
