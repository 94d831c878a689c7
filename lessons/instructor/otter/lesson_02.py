# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [raw]
# # ASSIGNMENT CONFIG
# name: lesson_02
# init_cell: true
# check_all_cell: false
# export_cell: false
# solutions_pdf: false
# generate: true
# tests:
#   files: false

# %% [markdown]
# # Lesson 02, graded: really frozen
#
# Run the cells below, do both exercises, and hand the notebook in. `here.exercise("frozen").check()` tells you beforehand
# what the grader will say.

# %%
import transferlab as tl
from transferlab.learning import lesson

here = lesson("02_feature_extraction")
data = tl.worlds.target("objects", per_class=3)

# %% [raw]
# # BEGIN QUESTION
# name: frozen
# points: 2

# %% [markdown]
# ## 1. Frozen
#
# Load the bundled backbone as `frozen`, give it a head for the classes of `data`, and freeze everything below the head.

# %% [raw]
# # BEGIN SOLUTION

# %%
# BEGIN SOLUTION
frozen = tl.load("bundled")
tl.replace_head(frozen, data.train.num_classes)
tl.freeze(frozen)
# END SOLUTION

# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS

# %%
lesson("02_feature_extraction").exercise("frozen").assert_ok()

# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION

# %% [raw]
# # BEGIN QUESTION
# name: share
# points: 1

# %% [markdown]
# ## 2. Share
#
# Which `share` of the numbers in `frozen` still trains?

# %% [raw]
# # BEGIN SOLUTION

# %%
# BEGIN SOLUTION
trained = sum(p.numel() for p in frozen.parameters() if p.requires_grad)
share = trained / sum(p.numel() for p in frozen.parameters())
# END SOLUTION

# %% [raw]
# # END SOLUTION

# %% [raw]
# # BEGIN TESTS

# %%
lesson("02_feature_extraction").exercise("share").assert_ok()

# %% [raw]
# # END TESTS

# %% [raw]
# # END QUESTION
