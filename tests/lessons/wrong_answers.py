"""Typical wrong answers to every exercise, and words of what the student is told."""

from tests.lessons import (
    wrong_00,
    wrong_01,
    wrong_02,
    wrong_03,
    wrong_04,
    wrong_05,
    wrong_06,
    wrong_07,
    wrong_08,
    wrong_09,
    wrong_10,
    wrong_11,
    wrong_12,
    wrong_13,
)

WRONG = {
    "00_first_transfer": wrong_00.WRONG,
    "01_lower_layers": wrong_01.WRONG,
    "02_feature_extraction": wrong_02.WRONG,
    "03_fine_tuning": wrong_03.WRONG,
    "04_learning_rates": wrong_04.WRONG,
    "05_forgetting": wrong_05.WRONG,
    "06_how_much_data": wrong_06.WRONG,
    "07_when_transfer_fails": wrong_07.WRONG,
    "08_bias": wrong_08.WRONG,
    "09_what_it_looks_at": wrong_09.WRONG,
    "10_bug_museum": wrong_10.WRONG,
    "11_your_own_images": wrong_11.WRONG,
    "12_lora": wrong_12.WRONG,
    "13_beyond_pictures": wrong_13.WRONG,
}
