"""The four failures of transfer, made to happen on purpose, each with its remedies measured beside it.

    print(domain_mismatch())           # the pictures look other than what the backbone knows
    print(incompatible_task())         # the question is about what the source had to ignore
    print(forgetting_by_rate())        # too high a rate for too many steps
    print(inherited_bias())            # the source, or the target's own images, had a shortcut

Each runs a few minutes on drawn pictures, takes knobs, and returns a `FailureReport`: print it, or `report.plot()`.
"""

from transferlab.failures.domain_mismatch import domain_mismatch
from transferlab.failures.forgetting_map import forgetting_by_rate
from transferlab.failures.incompatible_task import incompatible_task
from transferlab.failures.inherited_bias import inherited_bias
from transferlab.failures.report import FailureReport

__all__ = ["FailureReport", "domain_mismatch", "forgetting_by_rate", "incompatible_task", "inherited_bias"]
