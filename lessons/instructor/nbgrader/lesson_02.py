# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Lesson 02, graded: really frozen
#
# Run the cell below, do both exercises, and hand the notebook in. `here.exercise("frozen").check()` tells you beforehand
# what the grader will say.

# %% nbgrader={"schema_version": 3, "grade_id": "setup", "grade": false, "solution": false, "locked": true, "task": false}
import transferlab as tl
from transferlab.learning import lesson

here = lesson("02_feature_extraction")
data = tl.worlds.target("objects", per_class=3)

# %% [markdown]
# ## 1. Frozen
#
# Load the bundled backbone as `frozen`, give it a head for the classes of `data`, and freeze everything below the head.

# %% nbgrader={"schema_version": 3, "grade_id": "frozen", "grade": false, "solution": true, "locked": false, "task": false}
# BEGIN SOLUTION
frozen = tl.load("bundled")
tl.replace_head(frozen, data.train.num_classes)
tl.freeze(frozen)
# END SOLUTION

# %% nbgrader={"schema_version": 3, "grade_id": "frozen_ok", "grade": true, "points": 2, "solution": false, "locked": true, "task": false}
lesson("02_feature_extraction").exercise("frozen").assert_ok()

# %% [markdown]
# ## 2. Share
#
# Which `share` of the numbers in `frozen` still trains?

# %% nbgrader={"schema_version": 3, "grade_id": "share", "grade": false, "solution": true, "locked": false, "task": false}
# BEGIN SOLUTION
trained = sum(p.numel() for p in frozen.parameters() if p.requires_grad)
share = trained / sum(p.numel() for p in frozen.parameters())
# END SOLUTION

# %% nbgrader={"schema_version": 3, "grade_id": "share_ok", "grade": true, "points": 1, "solution": false, "locked": true, "task": false}
lesson("02_feature_extraction").exercise("share").assert_ok()
