import pytest
import torch

from transferlab.data import worlds
from transferlab.data.images import ImageSet, Splits
from transferlab.examination import Examination, inside_table
from transferlab.explain.checks import Inside


@pytest.fixture(scope="module")
def examination():
    data = worlds.target("objects", per_class=3, seed=1, held_out_per_class=3)
    examination = Examination("bundled", data, seed=0, share=0.05)
    epochs = [epoch for _, epoch in examination.train()]
    assert len(epochs) == examination.epochs
    return examination


def test_three_networks_are_trained_and_kept(examination):
    assert list(examination.comparison.models) == ["feature_extraction", "fine_tuning", "from_scratch"]
    assert [run.recipe for run in examination.runs] == list(examination.comparison.models)
    assert examination.tuned is examination.comparison.models["fine_tuning"]


def test_four_networks_stand_side_by_side_on_images_of_different_classes(examination):
    found = examination.side_by_side(count=3)
    assert found.names == ("pretrained", "feature extraction", "fine-tuning", "from scratch")
    assert found.labels == worlds.target("objects", per_class=1, held_out_per_class=1).train.class_names[:3]


def test_as_many_held_out_images_as_asked_are_measured(examination):
    inside = examination.inside(("grad_cam",), num_images=7)["grad_cam"]
    assert inside.num_images == 7
    assert examination.chosen(1000).images.shape == examination.data.held_out.images.shape


def test_the_lie_detector_gets_the_fine_tuned_network(examination):
    (verdict,) = examination.verdicts(("saliency",), num_images=2)
    assert verdict.method == "saliency"
    assert verdict.num_images == 2
    assert verdict.verdict in ("trust", "doubt", "fails")


def test_the_drift_table_has_a_line_a_stage(examination):
    lines = examination.drift_table().splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["conv1", "layer1", "layer2", "layer3", "layer4"]


def test_images_without_masks_have_no_inside(examination):
    held_out = examination.data.held_out
    bare = ImageSet(held_out.images, held_out.labels, held_out.class_names)
    data = Splits(ImageSet(bare.images, bare.labels, bare.class_names), bare)
    without = Examination("bundled", data, share=0.05)
    without.comparison.models["fine_tuning"] = examination.tuned
    with pytest.raises(ValueError, match="True masks are needed"):
        without.inside(num_images=2)


def test_a_line_a_method_even_where_nothing_counts():
    from transferlab.explain.checks.estimate import estimate

    share = estimate(torch.tensor([1.0, 3.0, 2.0]))
    found = {
        "grad_cam": Inside(share, estimate(torch.tensor([1.0, 0.0, 1.0])), 0.125, 3, 0, 0),
        "saliency": Inside(None, None, None, 3, 3, 0),
    }
    header, _, first, second = inside_table(found).splitlines()
    assert "on the object ÷ its area" in header
    assert first.split()[:2] == ["grad_cam", "2.00"]
    assert "67% (12%)" in first
    assert second.split() == ["saliency", "–", "–", "3", "3"]
