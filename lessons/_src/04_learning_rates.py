# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   transferlab:
#     id: 04_learning_rates
#     title: "Learning rates for groups"
#     objectives:
#       - give each part of a network a learning rate of its own, in plain PyTorch
#       - find a sensible rate, and say how sure you are of it
#       - show what smaller rates below do to the old task
#     prerequisites: [02_feature_extraction, 03_fine_tuning]
#     minutes: 50
#     profile: {PER_CLASS: 3, EPOCHS: 1, REPEATS: 1}
#     peak_mb: 900
# ---

# %% [markdown]
# # 04 · Learning rates for groups
#
# **In 50 minutes you will**
#
# - give each part of a network a learning rate of its own, in plain PyTorch;
# - find a sensible rate, and say how sure you are of it;
# - show what smaller rates below do to the old task.
#
# You need lessons 02 and 03. Nothing here needs a network or a GPU.


# %% tags=["setup"]
import matplotlib.pyplot as plt
import torch

import transferlab as tl
from transferlab.learning import lesson
from transferlab.recipes import Phase

here = lesson("04_learning_rates")
PER_CLASS = 10  # pictures of each kind to learn from
EPOCHS = 10  # of each phase
REPEATS = 3  # of the rate search
model = tl.load("bundled")
tl.replace_head(model, 8, seed=0)
data = tl.worlds.target("objects", per_class=PER_CLASS)

# %% [markdown]
# ## A question, and your guess
#
# Lower layers are general, upper ones are made for the old task, and the head knows nothing yet. It would be odd to teach
# them all equally fast. *Discriminative* learning rates are small below and large above (Howard & Ruder 2018).
#
# If each stage learns half as fast as the one above it, and the head at 0.001, how fast does the first of six stages
# learn? Guess before you count.

# %%
guess = ...  # a learning rate
here.predict("rate of the first stage", guess)

# %% [markdown]
# ## What PyTorch does
#
# An optimizer takes *parameter groups*: a list of dicts, each with its `params` and its own `lr`. That is all there is to
# it. Here are two groups, as you will find them in many notebooks.

# %%
two = torch.optim.AdamW(
    [
        {"params": model.layer4.parameters(), "lr": 1e-4},
        {"params": model.fc.parameters(), "lr": 1e-3},
    ]
)
for group in two.param_groups:
    print(f"{sum(p.numel() for p in group['params']):>10,} numbers at {group['lr']:g}")

# %% [markdown]
# What stands in no group does not learn at all: no error, no warning. And a group with a key that torch does not know keeps
# it, and ignores it. Some libraries write `lr_scale` into groups and rely on their own training loop to read it. In a plain
# loop nothing reads it:

# %%
weight = torch.nn.Parameter(torch.ones(1))
scaled = torch.optim.SGD([{"params": [weight], "lr_scale": 0.01}], lr=1.0)
weight.grad = torch.ones(1)
scaled.step()
print(f"lr_scale asks for a step of 0.01; the weight moved by {1 - weight.item():g}")

# %% [markdown]
# ## Your turn: groups by hand
#
# Make `groups`, a list of dicts for `torch.optim.AdamW`: `layer1` and `layer2` together at 1e-5, the head `fc` at 1e-3, and
# nothing else.

# %% tags=["exercise", "exercise:groups"]
groups = ...

# %% tags=["check"]
here.exercise("groups").check()  # and .hint(), .solution(), .reset()

# %% [markdown]
# `tl.lr_groups` writes such lists for any network, stage by stage, and leaves norms and biases without weight decay. With
# `layer_decay=0.5` each stage gets half the rate of the one above.

# %%
ladder = tl.lr_groups(model, head_lr=1e-3, layer_decay=0.5)
for group in ladder:
    print(f"{group['name']:24} {group['lr']:.2e}")

# %% tags=["exercise", "exercise:stem"]
stem_lr = ...  # the rate of conv1, read off or worked out

# %% tags=["check"]
here.exercise("stem").check()

# %%
here.compare("rate of the first stage", ladder[0]["lr"])

# %% [markdown]
# ## Which rate at all?
#
# A *learning-rate finder* (Smith 2017) raises the rate batch by batch and watches the loss. It falls, is lowest somewhere,
# and then explodes. A good rate lies on the slope, well before the minimum.
#
# Each search draws other batches, so it is repeated. The band is where the repeats lie.

# %% tags=["slow"]
tl.freeze(model)
curve = tl.lr_find(model, data, repeats=REPEATS)
print(curve)
for losses in curve.losses:
    plt.semilogx(curve.rates[: len(losses)], losses)
plt.axvspan(*curve.band, alpha=0.2, label="band")
plt.axvline(curve.valley, color="black", label="valley")
plt.ylim(0, 4), plt.xlabel("learning rate"), plt.ylabel("loss"), plt.legend()
plt.show()

# %% tags=["exercise", "exercise:band"]
too_fast = ...  # a rate from the plot at which the head would certainly learn badly
sensible = ...  # and one at which it would learn well

# %% tags=["check"]
here.exercise("band").check()

# %% [markdown]
# ## Does it matter?
#
# Two ways at two rates each: *uniform*, where all learn as fast as the head, and *smaller below*, ten times less at the last
# stage and a hundred times less at the first. Every run gives a point: new task to the right, old task upwards.

# %% tags=["slow"]
points = {}
for lr in (3e-4, 3e-3):
    ways = {"uniform": dict(backbone_lr=lr), "smaller below": dict(backbone_lr=lr / 10, lowest_lr=lr / 100)}
    for way, rates in ways.items():
        fresh = tl.load("bundled")
        memory = tl.remember(fresh)
        tl.replace_head(fresh, data.train.num_classes, seed=0)
        phases = Phase("head", 1.0, EPOCHS, 3e-3), Phase("all", 0.0, EPOCHS, lr, **rates)
        run = tl.train(fresh, data, tl.Recipe(way, phases), memory=memory, seed=0, progress=False)
        points[way, lr] = run.accuracy, run.source_after

# %%
for way, marker in (("uniform", "o"), ("smaller below", "^")):
    mine = [points[way, lr] for lr in (3e-4, 3e-3)]
    plt.plot(*zip(*mine), marker=marker, label=way)
    for (x, y), lr in zip(mine, (3e-4, 3e-3)):
        plt.annotate(f" {lr:g}", (x, y))
plt.xlabel("new task"), plt.ylabel("old task"), plt.legend()
plt.show()

# %% [markdown]
# Up and to the right is better. One seed is one draw: compare with the recorded runs below before you conclude.
#
# ## By hand
#
# In the lab's *Learning rates* panel each stage has a slider. Move the head's while it trains: the change is marked on the
# curves. (Without a kernel: a sudden jump of ten shows as a dent in the accuracy.)

# %% tags=["widget"]
lab = tl.Lab("bundled", "objects", recipe="fine_tuning")
lab

# %% [markdown]
# ## A recorded run
#
# `transferlab claims --claim 6` compares both ways by the area that their points span, four seeds:
#
# | smaller below − uniform | points | 95 % interval |
# |---|---|---|
# | area under the front of new and old task | +18.6 | 7.4 … 29.8 |
#
# ## Now with ResNet-50
#
# `lr_groups` reads the stages of any network. Where the weights are missing, the cell says how to fetch them.

# %%
larger = here.larger("torchvision/resnet50")
if larger is not None:
    for group in tl.lr_groups(larger, head_lr=1e-3, layer_decay=0.5):
        print(f"{group['name']:24} {group['lr']:.2e}")

# %% [markdown]
# ## Key points
#
# - Parameter groups are dicts with a real `lr`; what stands in none does not learn.
# - Smaller rates below keep the old task, at little or no cost for the new one.
# - A rate finder gives a range, not a number. Repeat it.

# %%
here.quiz()
