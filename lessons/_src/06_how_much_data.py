# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   transferlab:
#     id: 06_how_much_data
#     title: "How much data do you need?"
#     objectives:
#       - measure accuracy against images a class for three strategies
#       - compare runs in pairs, with an interval
#       - ask for advice, and judge how far to trust it
#     prerequisites: [02_feature_extraction, 03_fine_tuning]
#     minutes: 55
#     profile: {BUDGETS: [2, 4], SEEDS: [0, 1], MOST_IMAGES: 32}
#     peak_mb: 900
# ---

# %% [markdown]
# # 06 · How much data do you need?
#
# **In 55 minutes you will**
#
# - measure accuracy against images a class for three strategies;
# - compare runs in pairs, with an interval;
# - ask for advice, and judge how far to trust it.
#
# You need lessons 02 and 03. Nothing here needs a network or a GPU.


# %% tags=["setup"]
import matplotlib.pyplot as plt

import transferlab as tl
from transferlab.advice import advise
from transferlab.experiments import read_curve, sweep
from transferlab.learning import lesson

here = lesson("06_how_much_data")
BUDGETS = (5, 20, 50)  # pictures of each kind
SEEDS = (0, 1)
MOST_IMAGES = 1500  # shown in a phase, so that all arms compute about the same
arms = {"frozen": tl.feature_extraction(), "all": tl.fine_tuning(), "scratch": tl.from_scratch()}

# %% [markdown]
# ## A question, and your guess
#
# How many pictures do you need? Practitioners say, for each class: 50 to 500 with a frozen backbone, 1,000 to 10,000 for the
# last layers, more than 10,000 for everything, 100,000 from scratch.
#
# Eight drawn things, five pictures of each. How many more of a hundred new pictures does the frozen backbone get right than
# the same network from scratch?

# %%
guess = ...  # points, between -100 and 100
here.predict("lead of frozen over scratch with 5 a class", guess)

# %% [markdown]
# ## Your turn: the experiment
#
# `sweep(arms, budgets=…, seeds=…, data="objects")` trains every arm at every budget with every seed, and gives a table. Give
# it `most_images=MOST_IMAGES` and `curves=False` as well, which keeps it short. Rows are kept: a second call costs nothing,
# also after a restart.

# %% tags=["exercise", "exercise:sweep", "slow"]
results = ...  # sweep(arms, budgets=BUDGETS, …)

# %% tags=["check"]
here.exercise("sweep").check()  # and .hint(), .solution(), .reset()

# %%
print(results)

# %% [markdown]
# ## Draw it
#
# Each point is a mean over seeds, and the bar its 95 % interval. With two seeds such intervals are wide: two numbers say
# little about how the next ones would fall. The shaded parts are the rule of thumb.

# %%
curve = read_curve(results)
curve.draw(plt.subplots(figsize=(8, 5.6))[1])
plt.show()

# %% [markdown]
# ## Is it ahead, or was it luck?
#
# All arms of a seed saw the same pictures. So compare them seed by seed: `results.difference("frozen", "scratch", 5)` is
# the mean of the differences with its interval.
#
# Set `lead` to that mean at the smallest budget, in points of a hundred, and `sure` to True or False: is the whole interval
# above zero?

# %%
effect = results.difference("frozen", "scratch", BUDGETS[0])
print(effect)

# %% tags=["exercise", "exercise:lead"]
lead = ...
sure = ...

# %% tags=["check"]
here.exercise("lead").check()

# %%
here.compare("lead of frozen over scratch with 5 a class", lead)

# %% [markdown]
# ## Where do they cross?
#
# With more pictures, training everything catches up. The budget where one arm overtakes another is a *crossover*. It has an
# interval too, and often there is none within what was measured.

# %%
for crossing in curve.crossovers:
    print(crossing)

# %% [markdown]
# ## Ask before you train
#
# `advise` looks at the pictures and at the backbone for a moment: a probe, how unusual the pictures are for it, how long a
# run would take. It says what to start with, why, what would change its mind, and how often such advice was right.
#
# Set `first` to the *name* of the recipe that it would start with here.

# %%
data = tl.worlds.target("objects", per_class=BUDGETS[-1])
advice = advise(data, minutes=2)
print(advice)

# %% tags=["exercise", "exercise:first"]
first = ...

# %% tags=["check"]
here.exercise("first").check()

# %% [markdown]
# ## By hand
#
# The lab's *Race* tab runs these arms live, budget after budget. Bet first who wins where. (Without a kernel: frozen leads
# from the first budget on, and scratch comes last at all of these.)

# %% tags=["widget"]
lab = tl.Lab("bundled", "objects")
lab

# %% [markdown]
# ## A recorded run
#
# `transferlab claims --full --claim 3 --claim 11`, three seeds, eight drawn things:
#
# | | measured | rule of thumb |
# |---|---|---|
# | frozen − scratch, 5 a class | +54 points (33 … 76) | |
# | frozen: images for 90 % of the way | 23 a class (under 5 … 170) | from 50 on |
# | all: images for 90 % of the way | 20 a class (9 … 45) | from 10,000 on |
# | scratch | not within 2,000 a class | from 100,000 on |
#
# The order holds, the numbers do not: drawn things are easier than the photographs that the rule was made for. *It varies
# with the task.* Measure yours.
#
# ## Now with ResNet-50
#
# `sweep` takes any backbone by its name. Where the weights are missing, the cell says how to fetch them.

# %%
larger = here.larger("torchvision/resnet50")
if larger is not None:
    frozen = {"frozen": tl.feature_extraction()}
    print(sweep(frozen, (5,), SEEDS, "objects", "torchvision/resnet50", most_images=MOST_IMAGES))

# %% [markdown]
# ## Key points
#
# - Start frozen. Unfreeze step by step, and validate at each step.
# - How much you need depends on the task and the distance, not on a rule alone.
# - A difference without an interval is an anecdote. Pair by seed.

# %%
here.quiz()
