import torch

from tests.audit.known_models import TwoEvidences, two_evidences
from transferlab.audit.bias_audit import bias_audit


def test_a_table_a_verdict_and_what_to_keep_in_mind():
    images = two_evidences(40, 0.5, seed=0)
    table = {"light": ["day"] * 20 + ["n" * 60] * 17 + ["dusk"] * 3}
    audit = bias_audit(TwoEvidences(), images, table, by_class=True)
    lines = str(audit).splitlines()
    assert lines[0].startswith(f"two: {audit.num_correct} of 40 right, {audit.accuracy:.1%} (95 % interval ")
    start = lines.index(next(line for line in lines if line.startswith("light ")))
    assert lines[start].split("  ")[0] == "light"
    assert lines[start + 1].split()[:2] == ["day", "20"]
    assert lines[start + 2].split()[:3] == ["dusk", "*", "3"]
    assert lines[start + 3].startswith("n" * 31 + "… ")
    assert lines[start + 4] == "* too few images to be compared"
    cells = next(line for line in lines if line.startswith("light, class"))
    assert "calibration" not in cells
    assert audit.main.verdict in lines
    assert any("'dusk' has 3 images and is not compared: 7 more are needed." in line for line in lines)
    assert "on the shortcut" not in str(audit)


def test_the_shortcut_has_a_line_and_a_column_and_several_attributes_a_warning():
    images = two_evidences(40, 0.5, seed=0)
    right = torch.zeros(4, 4, dtype=torch.bool)
    right[:, 2:] = True
    table = {"a": ["x", "y"] * 20, "b": ["x"] * 20 + ["y"] * 20}
    text = str(bias_audit(TwoEvidences(), images, table, right, method="saliency"))
    # Only the green of the right half is read.
    assert "100% of saliency lies on the shortcut" in text
    assert "covers 50.0% of the picture: 2.0 times its area" in text
    assert "on the shortcut" in text.splitlines()[3]
    assert "the more attributes, the more gaps come by luck" in text
