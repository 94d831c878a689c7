"""One function a cause: it looks at the evidence and says what it saw, that it saw nothing, or what it would need.

`SYMPTOMS` maps each cause to its function, `(Evidence) -> Finding | Unexamined | None`.
"""

from collections.abc import Callable

from transferlab.museum.evidence import Evidence
from transferlab.museum.report import Finding, Unexamined
from transferlab.museum.symptoms.answers import augmented_validation, eval_forgotten, wrong_normalisation
from transferlab.museum.symptoms.images import labels_shuffled, leaked_validation, sorted_batches
from transferlab.museum.symptoms.losses import softmax_twice
from transferlab.museum.symptoms.rates import lr_scale_ignored, rate_too_high
from transferlab.museum.symptoms.weights import frozen_head, statistics_drift, unfrozen_too_late

SYMPTOMS: dict[str, Callable[[Evidence], Finding | Unexamined | None]] = {
    symptom.__name__: symptom
    for symptom in (
        statistics_drift, eval_forgotten, unfrozen_too_late, wrong_normalisation, labels_shuffled, leaked_validation,
        softmax_twice, rate_too_high, lr_scale_ignored, frozen_head, augmented_validation, sorted_batches,
    )
}  # fmt: skip
