"""What advice chooses among, what trains least first: where two are expected to do equally well, the first is taken."""

from transferlab.recipes import Recipe, feature_extraction, fine_tuning, from_scratch, gradual_unfreezing, last_stage

MENU: dict[str, Recipe] = {
    one.name: one for one in (feature_extraction(), last_stage(), gradual_unfreezing(), fine_tuning(), from_scratch())
}

CALLED = {  # as a sentence says it
    "feature_extraction": "a new head on a frozen backbone",
    "last_stage": "the head, then the last stage with it",
    "gradual_unfreezing": "unfreezing stage by stage",
    "fine_tuning": "the head, then everything",
    "from_scratch": "training from random weights",
}
