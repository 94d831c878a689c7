"""Typical wrong answers to every exercise, and words of what the student is told."""

from tests.lessons import wrong_00, wrong_01, wrong_02, wrong_03

WRONG = {
    "00_first_transfer": wrong_00.WRONG,
    "01_lower_layers": wrong_01.WRONG,
    "02_feature_extraction": wrong_02.WRONG,
    "03_fine_tuning": wrong_03.WRONG,
}
