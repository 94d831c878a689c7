"""Is somebody served worse, by what, and what helps? Audits by subgroup, remedies, and a card to hand on.

    >>> from transferlab.audit import bias_audit
    >>> print(bias_audit(model, data.held_out, shortcut=worlds.tag_mask(64)))

`bias_audit.py` asks the model, `subgroups.py`, `differences.py` and `calibration.py` count, `attributes.py` reads a
user's table, `shortcut_mass.py` looks where answers rest. `remedies.py` and `group_dro.py` train a last layer anew,
`trials.py` compares them, `card.py` writes a page.
"""

from transferlab.audit.attributes import Attribute, Attributes, read_attributes, with_groups
from transferlab.audit.bias_audit import BiasAudit, audit_answers, bias_audit
from transferlab.audit.calibration import Calibration, calibration
from transferlab.audit.card import before_after_card
from transferlab.audit.differences import Difference, newcombe_interval
from transferlab.audit.group_dro import group_dro
from transferlab.audit.remedies import RemedyReport, balanced_by_group, retrain_last_layer
from transferlab.audit.shortcut_mass import ShortcutUse, shortcut_mass
from transferlab.audit.subgroups import Comparison, Subgroup, compare_groups
from transferlab.audit.trial_report import RemedyResult, RemedyTrial
from transferlab.audit.trials import try_remedies

__all__ = [
    "Attribute",
    "Attributes",
    "BiasAudit",
    "Calibration",
    "Comparison",
    "Difference",
    "RemedyReport",
    "RemedyResult",
    "RemedyTrial",
    "ShortcutUse",
    "Subgroup",
    "audit_answers",
    "balanced_by_group",
    "before_after_card",
    "bias_audit",
    "calibration",
    "compare_groups",
    "group_dro",
    "newcombe_interval",
    "read_attributes",
    "retrain_last_layer",
    "shortcut_mass",
    "try_remedies",
    "with_groups",
]
