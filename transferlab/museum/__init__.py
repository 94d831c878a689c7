"""The bug museum: twelve broken fine-tunings that people really write, and a doctor who finds what is wrong with them.

    for exhibit in EXHIBITS.values():
        print(exhibit.title, exhibit.the_line, sep="\\n")
    trained = EXHIBITS["eval_forgotten"].broken(data)
    print(doctor(trained, data))

`exhibit.py` says what an exhibit is, the files about modes, rates, pixels, labels and so on hold them; `doctor.py` goes
through `symptoms/`, which knows nothing of the exhibits.
"""

from transferlab.errors import unknown
from transferlab.museum.doctor import doctor
from transferlab.museum.exhibit import Exhibit, Trained
from transferlab.museum.freezing_and_heads import FROZEN_HEAD, UNFROZEN_TOO_LATE
from transferlab.museum.labels import LABELS_SHUFFLED, SOFTMAX_TWICE
from transferlab.museum.modes import EVAL_FORGOTTEN, STATISTICS_DRIFT
from transferlab.museum.order import LEAKED_VALIDATION, SORTED_BATCHES
from transferlab.museum.pixels import AUGMENTED_VALIDATION, WRONG_NORMALISATION
from transferlab.museum.rates import LR_SCALE_IGNORED, RATE_TOO_HIGH
from transferlab.museum.report import Finding, Report, Unexamined

__all__ = ["EXHIBITS", "Exhibit", "Finding", "Report", "Trained", "Unexamined", "doctor", "exhibit_named"]

EXHIBITS: dict[str, Exhibit] = {
    one.name: one
    for one in (
        STATISTICS_DRIFT, EVAL_FORGOTTEN, UNFROZEN_TOO_LATE, WRONG_NORMALISATION, LABELS_SHUFFLED, LEAKED_VALIDATION,
        SOFTMAX_TWICE, RATE_TOO_HIGH, LR_SCALE_IGNORED, FROZEN_HEAD, AUGMENTED_VALIDATION, SORTED_BATCHES,
    )
}  # fmt: skip


def exhibit_named(name: str) -> Exhibit:
    """An exhibit by its name.

        >>> print(exhibit_named("softmax_twice").why)

    Raises:
        ValueError: there is none of this name.
    """
    if name not in EXHIBITS:
        raise unknown("exhibit", name, list(EXHIBITS), owner="The museum shows")
    return EXHIBITS[name]
