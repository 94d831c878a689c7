"""The ordered stages of any classifier, where its head is, and where one tensor alone crosses between stages.

    >>> from transferlab.stages import stages
    >>> print(stages(load("bundled")))

`stage.py` says what a stage is, `finding.py` how stages are found, `cuts.py` where a model can be cut.
"""

from transferlab.callable_module import make_callable
from transferlab.stages.cuts import CutPoint, cut_points
from transferlab.stages.finding import find_heads, stage_parameters, stages
from transferlab.stages.stage import Stage, Stages

__all__ = ["CutPoint", "Stage", "Stages", "cut_points", "find_heads", "stage_parameters", "stages"]

make_callable(__name__, stages)
