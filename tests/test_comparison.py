import pytest
import torch
from PIL import Image

from transferlab.comparison import Comparison, find_data
from transferlab.data import worlds
from transferlab.recipes import feature_extraction, from_scratch, gradual_unfreezing
from transferlab.records import Run


def write_folder(root, per_class=4, classes=("red", "blue")):
    generator = torch.Generator().manual_seed(0)
    for channel, name in zip((0, 2), classes, strict=True):
        (root / name).mkdir(parents=True)
        for i in range(per_class):
            pixels = torch.randint(0, 90, (40, 48, 3), generator=generator, dtype=torch.uint8)
            pixels[..., channel] += 120
            Image.fromarray(pixels.numpy()).save(root / name / f"{i}.png")
    return root


@pytest.mark.parametrize("name", worlds.TARGETS)
def test_every_drawn_target_is_found_by_its_name(name):
    data = find_data(name, per_class=2, size=32, seed=1)
    assert set(data.train.counts().values()) == {2}
    assert data.train.size == (32, 32)


def test_a_folder_is_split_and_a_budget_cut_from_its_training_part(tmp_path):
    folder = write_folder(tmp_path / "colours", per_class=10)
    assert len(find_data(str(folder), None, 32, 0).train) == 16
    data = find_data(str(folder), 3, 32, 0)
    assert data.train.counts() == {"red": 3, "blue": 3}
    assert len(data.held_out) == 4


def test_neither_target_nor_folder_is_answered_with_both():
    with pytest.raises(ValueError, match=r"No data 'objets'.*satellite.*Did you mean 'objects'\?"):
        find_data("objets", None, 64, 0)


def test_every_recipe_starts_from_the_same_weights_and_scratch_from_none():
    data = find_data("objects", per_class=2, size=64, seed=0)
    comparison = Comparison("bundled", data, [feature_extraction(1), gradual_unfreezing(1), from_scratch(1)])
    first, second, scratch = (comparison.model(recipe) for recipe in comparison.recipes)
    assert torch.equal(first.conv1.weight, second.conv1.weight)
    assert torch.equal(first.fc.weight, second.fc.weight)
    assert first.conv1.weight is not second.conv1.weight
    assert not torch.equal(first.conv1.weight, scratch.conv1.weight)
    assert torch.equal(scratch.conv1.weight, comparison.model(comparison.recipes[2]).conv1.weight)


def test_records_come_with_their_recipe_and_runs_gather():
    data = find_data("objects", per_class=2, size=64, seed=0)
    comparison = Comparison("bundled", data, [feature_extraction(1), from_scratch(1)], probes_per_class=1)
    seen = [(recipe.name, type(record).__name__) for recipe, record in comparison.records()]
    expected = ["Epoch", "Step", "Epoch", "Run"]
    assert seen == [(name, kind) for name in ("feature_extraction", "from_scratch") for kind in expected]
    assert [type(run) for run in comparison.runs] == [Run, Run]
    assert comparison.runs[0].source_kind == "accuracy"
    assert comparison.runs[1].source_before is None
