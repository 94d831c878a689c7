# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   transferlab:
#     id: 03_fine_tuning
#     title: Fine-tuning and its recipe
#     objectives:
#       - fine-tune a whole network, and see what it costs the old task
#       - write the recipe down as phases, head first and small rates below
#       - judge a recipe by two numbers instead of one
#     prerequisites: [00_first_transfer, 01_lower_layers, 02_feature_extraction]
#     minutes: 50
#     profile: {PER_CLASS: 8, EPOCHS: 2}
#     peak_mb: 900
# ---

# %% [markdown]
# # 03 · Fine-tuning and its recipe
#
# **In 50 minutes you will**
#
# - fine-tune a whole network, and see what it costs the old task;
# - write the recipe down as phases, head first and small rates below;
# - judge a recipe by two numbers instead of one.
#
# You need lessons 00 to 02. Nothing here needs a network or a GPU.

# %% tags=["setup"]
import matplotlib.pyplot as plt

import transferlab as tl
from transferlab.learning import lesson
from transferlab.recipes import Phase

here = lesson("03_fine_tuning")
PER_CLASS = 20  # pictures of each kind to learn from
EPOCHS = 10  # of each phase
data = tl.worlds.target("objects", per_class=PER_CLASS)


# %% [markdown]
# ## A question, and your guess
#
# In lesson 02 the backbone stood still. Now everything may move. The simplest way is to train it all at once, at the rate
# that suits the new head: 0.001.
#
# The backbone answers 99 of 100 drawn pictures of its old task rightly. After this training, under its old head, how many
# of a hundred will be left?

# %%
guess = ...  # of a hundred
here.predict("right answers of a hundred on the old task", guess)

# %% [markdown]
# ## All at once
#
# A recipe is a row of *phases*. This one has a single phase: nothing is frozen (`frozen_share` 0), and head and backbone
# learn at the same rate.
#
# `remember` keeps the old head and some labelled pictures of the old task. So every epoch gives two numbers: how well the
# new task goes, and what is left of the old one.


# %%
def fresh():
    """A pretrained network with a new head, and a memory of what it could do before."""
    model = tl.load("bundled")
    memory = tl.remember(model)
    tl.replace_head(model, data.train.num_classes, seed=0)
    return model, memory


# %% tags=["slow"]
all_at_once = tl.Recipe("all_at_once", (Phase("all", 0.0, 2 * EPOCHS, head_lr=1e-3, backbone_lr=1e-3),))
model, memory = fresh()
hot = tl.train(model, data, all_at_once, memory=memory, seed=0)
print(f"new task {hot.accuracy:.0%}, old task {hot.source_before:.0%} → {hot.source_after:.0%}")

# %%
here.compare("right answers of a hundred on the old task", 100 * hot.source_after)

# %% [markdown]
# The new head began with random numbers. In the first batches its errors are large and point anywhere, and they went
# straight down into features that had taken a hundred thousand pictures to learn (Kumar et al. 2022).
#
# The recipe that textbooks give (Howard & Ruder 2018):
#
# 1. train the head alone, on a frozen backbone;
# 2. then let the backbone follow, at a rate 10 to 100 times smaller.
#
# ## Your turn: write it down
#
# Make a `recipe` of two phases, `EPOCHS` epochs each. In the first only the head learns, at 0.001. In the second all
# learns: the head at 0.001, the backbone ten times slower.

# %% tags=["exercise", "exercise:recipe"]
recipe = ...  # tl.Recipe("head_first", (Phase(…), Phase(…)))

# %% tags=["check"]
here.exercise("recipe").check()  # and .hint(), .solution(), .reset()

# %% tags=["slow"]
model, memory = fresh()
gentle = tl.train(model, data, recipe, memory=memory, seed=0)

figure, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
for name, one in (("all at once", hot), ("head first", gentle)):
    axes[0].plot([epoch.held_out_accuracy for epoch in one.epochs], label=name)
    axes[1].plot([epoch.source_accuracy for epoch in one.epochs], label=name)
axes[0].set(title="new task", xlabel="epoch", ylabel="accuracy")
axes[1].set(title="old task", xlabel="epoch")
axes[0].legend()
plt.show()

# %% [markdown]
# Read the right picture first. While only the head learns, the old task is untouched: a flat line at the top. When the
# backbone joins in, a little goes. All at once, most of it is gone within a few epochs.
#
# Who is ahead on the new task as well? One run decides nothing: look at the recorded runs below.
#
# ## Two numbers
#
# Set `kept` to the share of the old ability that `gentle` has kept: source accuracy after, over source accuracy before.

# %% tags=["exercise", "exercise:kept"]
kept = ...

# %% tags=["check"]
here.exercise("kept").check()

# %% [markdown]
# ## By hand
#
# In the lab, choose the recipe *fine-tuning* and press Start. The *Forgetting* tab draws the two numbers against each
# other while it trains. In the middle of a run, pull a rate up by ten, and watch the point walk down. (Without a kernel:
# it walks to the lower right, and does not come back.)

# %% tags=["widget"]
lab = tl.Lab("bundled", "objects", recipe="fine_tuning")
lab

# %% [markdown]
# ## Your own recipe
#
# Only `layer4` and the head, perhaps? A backbone a hundred times slower? Three phases? Train a recipe of your own as
# `my_run`, with its memory, that forgets less than `hot` did. Four lines: a fresh model, a recipe, a run, a print.

# %% tags=["exercise", "exercise:mine"]
my_run = ...

# %% tags=["check"]
here.exercise("mine").check()

# %% [markdown]
# ## A recorded run
#
# `transferlab claims --claim 5`: the same phase over everything, with and without a head trained before it, six seeds, ten
# pictures of each, the backbone at the head's rate in both:
#
# | head first − all at once | points | 95 % interval |
# |---|---|---|
# | old task | +22.8 | 4.4 … 41.2 |
#
# The interval is wide, and lies above zero: here the head's training alone already spares features. On the new task the
# two could not always be told apart. *Which is better* depends on what you count.
#
# ## Now with EfficientNet-B4
#
# Larger networks are fine-tuned by the same two phases. Where the weights are missing, the cell says how to fetch them. On
# a laptop's processor an epoch at 380 pixels takes minutes, so there this is a cell for a GPU.

# %%
larger = here.larger("timm/efficientnet_b4")
if larger is not None:
    big = tl.worlds.target("objects", per_class=PER_CLASS, size=larger.card.input_size)
    tl.replace_head(larger, big.train.num_classes)
    print(f"EfficientNet-B4: {tl.train(larger, big, recipe).accuracy:.0%}")

# %% [markdown]
# ## Key points
#
# - Fine-tuning all at once, at the head's rate, damages what was learned before.
# - The recipe: head first, on a frozen backbone; then the backbone, 10 to 100 times slower.
# - Measure both tasks. One number hides what the other paid.

# %%
here.quiz()
