# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   transferlab:
#     id: 05_forgetting
#     title: "Catastrophic forgetting"
#     objectives:
#       - measure what fine-tuning costs the old task
#       - see it grow with the rate and the number of steps
#       - keep the old task by rehearsing, and by mixing weights
#     prerequisites: [03_fine_tuning, 04_learning_rates]
#     minutes: 50
#     profile: {PER_CLASS: 4, EPOCHS: 2, RATES: [0.0001, 0.003]}
#     peak_mb: 900
# ---

# %% [markdown]
# # 05 · Catastrophic forgetting
#
# **In 50 minutes you will**
#
# - measure what fine-tuning costs the old task;
# - see it grow with the rate and the number of steps;
# - keep the old task by rehearsing, and by mixing weights.
#
# You need lessons 03 and 04. Nothing here needs a network or a GPU.


# %% tags=["setup"]
import matplotlib.pyplot as plt

import transferlab as tl
from transferlab.keep_methods import Replay
from transferlab.learning import lesson
from transferlab.recipes import Phase
from transferlab.wise_ft import wise_ft

here = lesson("05_forgetting")
PER_CLASS = 10  # pictures of each kind to learn from
EPOCHS = 5
RATES = [1e-4, 3e-4, 1e-3]
data = tl.worlds.target("objects", per_class=PER_CLASS)

# %% [markdown]
# ## A question, and your guess
#
# McCloskey & Cohen (1989) taught a small network to add ones, then to add twos. It learned the twos, and the ones were gone.
# They called it *catastrophic interference*. Fine-tuning has the same trouble.
#
# We fine-tune the whole backbone for five epochs at three rates: 0.0001, 0.0003, 0.001. How many points of its old ability
# does it lose at the highest?

# %%
guess = ...  # points, between 0 and 100
here.predict("points lost at the highest rate", guess)

# %% [markdown]
# ## The map
#
# Forgetting is measured, never inferred. `tl.remember(model)` keeps the old head and labelled pictures of the old task, and
# `fit` asks them again after every epoch.


# %% tags=["slow"]
def tuned(lr, keep=None):
    """Fine-tune everything at one constant rate; the run, the model and its memory."""
    model = tl.load("bundled")
    memory = tl.remember(model, rehearsal=5)  # five more of each old class, to rehearse on
    tl.replace_head(model, data.train.num_classes, seed=0)
    phase = Phase("all", 0.0, EPOCHS, lr, backbone_lr=lr, schedule="constant")
    recipe = tl.Recipe("everything", (phase,), keep=keep)
    return tl.train(model, data, recipe, memory=memory, seed=0, progress=False), model, memory


runs = {lr: tuned(lr)[0] for lr in RATES}

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
for lr, run in runs.items():
    axes[0].plot([epoch.held_out_accuracy for epoch in run.epochs], label=f"{lr:g}")
    axes[1].plot([epoch.source_accuracy for epoch in run.epochs])
axes[0].set(title="new task", xlabel="epoch", ylabel="accuracy"), axes[1].set(title="old task", xlabel="epoch")
axes[0].legend(title="learning rate")
plt.show()

# %% [markdown]
# Read the right picture from left to right, then from line to line. Every step costs something, the first ones most, and the
# higher the rate, the more. At the highest the first epoch alone takes most of the old task, and the new one gains nothing by
# it.
#
# ## Your turn: put a number on it
#
# Write `lost(run)`: how much of the old ability a run has cost, between 0 and 1. A run knows `source_before` and
# `source_after`.

# %% tags=["exercise", "exercise:lost"]
lost = ...  # def lost(run): …

# %% tags=["check"]
here.exercise("lost").check()  # and .hint(), .solution(), .reset()

# %%
here.compare("points lost at the highest rate", 100 * lost(runs[RATES[-1]]))
for lr, run in runs.items():
    print(f"at {lr:g}: new task {run.accuracy:.0%}, lost {100 * lost(run):.0f} points of the old one")

# %% [markdown]
# ## Keep it: rehearse
#
# The oldest remedy is to look at the old things now and then (Robins 1995). `keep=Replay()` puts sixteen old pictures beside
# every batch of new ones. They are others than those that we measure on.
#
# Train at the highest rate again, with `Replay`, and keep the run as `rehearsed`. The function `tuned` above takes `keep=`,
# and gives back three things.

# %% tags=["exercise", "exercise:replay"]
rehearsed = ...

# %% tags=["check"]
here.exercise("replay").check()

# %%
hot, hot_model, memory = tuned(RATES[-1])
print(f"without: new {hot.accuracy:.0%}, lost {100 * lost(hot):.0f} points of the old task")
print(f"with:    new {rehearsed.accuracy:.0%}, lost {100 * lost(rehearsed):.0f} points of the old task")

# %% [markdown]
# Rehearsal needs old pictures. Where there are none, two others hold the weights back: L2-SP pulls them to where they were
# (Li et al. 2018), EWC pulls hardest where the old task is sensitive (Kirkpatrick et al. 2017).
#
# ## Keep it: mix
#
# WiSE-FT needs nothing but the two networks: mix their weights after training (Wortsman et al. 2022). `alpha` 0 is the
# pretrained backbone, 1 the fine-tuned one, under the same new head.

# %% tags=["slow"]
ALPHAS = [0.0, 0.25, 0.5, 0.75, 1.0]
mixed = {}
for alpha in ALPHAS:
    both = wise_ft(tl.load("bundled"), hot_model, alpha)
    right = tl.predict(both, data.held_out).argmax(1) == data.held_out.labels
    mixed[alpha] = float(right.float().mean()), memory.measure(both)
plt.plot(*zip(*mixed.values()), marker="o")
for alpha, (x, y) in mixed.items():
    plt.annotate(f" {alpha:g}", (x, y))
plt.xlabel("new task"), plt.ylabel("old task"), plt.margins(x=0.12)
plt.show()

# %% [markdown]
# Which of the five would you ship, if both tasks count the same? Set `best_alpha` to the one with the largest sum.

# %% tags=["exercise", "exercise:alpha"]
best_alpha = ...

# %% tags=["check"]
here.exercise("alpha").check()

# %% [markdown]
# ## By hand
#
# The *Forgetting* tab of the lab has the same slider, and the path of a run in the plane of both tasks. (Without a kernel:
# the path leads to the right and down, and the mixtures lie on an arc between its ends.)

# %% tags=["widget"]
lab = tl.Lab("bundled", "objects", recipe="fine_tuning")
lab

# %% [markdown]
# ## A recorded run
#
# `transferlab claims --full --claim 7`, five seeds, four rates and eight epochs:
#
# | source task kept, against no remedy | points | 95 % interval |
# |---|---|---|
# | Replay | +65.3 | 50.0 … 80.5 |
# | WiSE-FT | +44.1 | 29.1 … 59.1 |
# | L2-SP | +14.5 | 5.8 … 23.2 |
# | EWC | +3.1 | −6.2 … 12.5 |
#
# Forgetting grew with the rate without exception (rank correlation 1.00) and with the steps (0.84, 0.73 … 0.95).
#
# ## Now with ResNet-50
#
# For other backbones there are no labelled old pictures here. Then forgetting is measured as *agreement*: how often the
# tuned network, under its old head, still answers as the pretrained one does.

# %%
larger = here.larger("torchvision/resnet50")
if larger is not None:
    probes = tl.worlds.target("objects", per_class=1, size=224).held_out
    print(tl.remember(larger, probes).kind)

# %% [markdown]
# ## Key points
#
# - Forgetting grows with the rate and with the number of steps.
# - Measure it on labelled old pictures, or as agreement with the old network.
# - Lower rates, rehearsal and mixing keep the old task. Each has its price.

# %%
here.quiz()
