# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   transferlab:
#     id: 02_feature_extraction
#     title: Feature extraction
#     objectives:
#       - put a new head on a frozen backbone, and train the head alone
#       - say what freezing must do besides stopping gradients
#       - measure what frozen features are worth against random ones
#     prerequisites: [00_first_transfer, 01_lower_layers]
#     minutes: 45
#     profile: {PER_CLASS: 3, EPOCHS: 2}
#     peak_mb: 900
# ---

# %% [markdown]
# # 02 · Feature extraction
#
# **In 45 minutes you will**
#
# - put a new head on a frozen backbone, and train the head alone;
# - say what freezing must do besides stopping gradients;
# - measure what frozen features are worth against random ones.
#
# You need lessons 00 and 01. Nothing here needs a network or a GPU.

# %% tags=["setup"]
import copy

import matplotlib.pyplot as plt
import torch
from torch import nn

import transferlab as tl
from transferlab.learning import lesson

here = lesson("02_feature_extraction")
PER_CLASS = 20  # pictures of each kind to learn from
EPOCHS = 20
data = tl.worlds.target("objects", per_class=PER_CLASS)
print(data.train)

# %% [markdown]
# ## A question, and your guess
#
# The backbone that comes with transferlab has learned 200 kinds of photographs and 32 kinds of drawn things. Here are eight
# things that it has never seen, twenty pictures of each.
#
# We keep its weights as they are and train one new layer on top. That is called **feature extraction**. Of 200 new
# pictures, what share will it get right? Guessing gets one in eight.

# %%
guess = ...  # a number between 0 and 1
here.predict("accuracy of a head on frozen features", guess)

# %%
plt.figure(figsize=(8, 1.6))
for i in range(8):
    row = int((data.train.labels == i).nonzero()[0])
    plt.subplot(1, 8, i + 1)
    plt.imshow(data.train.images[row].permute(1, 2, 0))
    plt.title(data.train.class_names[i], fontsize=8)
    plt.axis("off")
plt.show()

# %% [markdown]
# ## The five lines of every tutorial
#
# Load, stop all gradients, exchange the last layer. You will find these lines, with `resnet18` from torchvision, in
# hundreds of notebooks.

# %%
tutorial = tl.load("bundled")
for parameter in tutorial.parameters():
    parameter.requires_grad = False
tutorial.fc = nn.Linear(tutorial.fc.in_features, data.train.num_classes)

before = copy.deepcopy(tutorial.state_dict())
tutorial.train()  # as every training loop does
tutorial(torch.randn(32, 3, 64, 64))  # one batch of noise, and no optimizer at all
moved = [name for name, value in tutorial.state_dict().items() if not torch.equal(value, before[name])]
print(len(moved), "tensors moved, such as", moved[:3])

# %% [markdown]
# No gradient, no optimizer, and yet tensors moved. They belong to **BatchNorm**: in training mode it divides each batch by
# that batch's own mean and spread, and writes a running average of both into the model. A frozen backbone that goes on
# writing is not frozen. Its features today are not those of tomorrow.
#
# So *frozen* means two things: no gradient, **and** BatchNorm stays in evaluation mode, also after `model.train()`.
#
# ## Your turn: really frozen
#
# Load the backbone as `frozen`, give it a head for these classes, and freeze everything below the head.

# %% tags=["exercise", "exercise:frozen"]
frozen = ...

# %% tags=["check"]
here.exercise("frozen").check()  # and .hint(), .solution(), .reset()

# %% [markdown]
# How much is left to learn? Work out which **share** of the model's numbers trains.

# %% tags=["exercise", "exercise:share"]
share = ...

# %% tags=["check"]
here.exercise("share").check()

# %% [markdown]
# ## Train it, beside a network that knows nothing
#
# What is frozen gives the same answer for the same picture every time. So each picture goes through the backbone once, and
# all twenty epochs train on what came out. Watch how quick the first run is.

# %% tags=["slow"]
recipe = tl.feature_extraction(epochs=EPOCHS)
run = tl.train(frozen, data, recipe, seed=0)

scratch = tl.load("bundled", num_classes=data.train.num_classes, pretrained=False)
scratch_run = tl.train(scratch, data, tl.from_scratch(epochs=EPOCHS), seed=0)

for name, one in (("frozen features", run), ("from scratch", scratch_run)):
    plt.plot([epoch.held_out_accuracy for epoch in one.epochs], label=f"{name}: {one.accuracy:.0%}")
plt.axhline(1 / 8, color="grey", linestyle=":", label="guessing")
plt.xlabel("epoch"), plt.ylabel("held-out accuracy"), plt.legend()
plt.show()

# %%
here.compare("accuracy of a head on frozen features", run.accuracy)
print(f"frozen: {run.trainable_parameters:,} numbers trained; scratch: {scratch_run.trainable_parameters:,}")

# %% [markdown]
# The grey line is guessing. The lower curve trained three million numbers on 160 pictures; the upper one trained two
# thousand. *Few examples can settle few numbers* (Donahue et al. 2013; Sharif Razavian et al. 2014).
#
# ## Try it by hand
#
# Below is the freeze line as a control. Drag it, or use the arrow keys, and read what an epoch costs. Start trains with
# the line where you left it. Without a running kernel you see a sentence in its place: the further down the line, the more
# trains, and the longer an epoch takes.

# %% tags=["widget"]
lab = tl.Lab("bundled", "objects", recipe="feature_extraction")
lab

# %% [markdown]
# ## Your own comparison
#
# Draw other pictures with `tl.worlds.target(name, per_class=PER_CLASS)`: `"satellite"`, `"tissue"`, `"defects"` or
# `"thermal"`. Train a head on frozen features for them, and keep the run as `other_run`. Before you run it: further from
# photographs, or nearer, than the objects?

# %% tags=["exercise", "exercise:elsewhere"]
other_run = ...

# %% tags=["check"]
here.exercise("elsewhere").check()

# %% [markdown]
# ## A recorded run
#
# Five seeds, twenty pictures of each, on another machine (`transferlab run --seeds 5`):
#
# | | mean | 95 % interval |
# |---|---|---|
# | frozen features | 85.1 % | ± 2.0 |
# | from scratch | 31.0 % | ± 4.1 |
#
# Yours is one run. Single runs scatter more widely (83 % to 87 % here) than their mean is uncertain.
#
# ## Now with ResNet-50
#
# The same four lines, with a backbone that has seen a million photographs. Where its weights are missing, the cell says
# how to fetch them. Better pretrained networks also give better frozen features, on most targets (Kornblith et al. 2019).

# %%
larger = here.larger("torchvision/resnet50")
if larger is not None:
    big = tl.worlds.target("objects", per_class=PER_CLASS, size=224)
    tl.replace_head(larger, big.train.num_classes)
    print(f"ResNet-50, frozen: {tl.train(larger, big, recipe).accuracy:.0%}")

# %% [markdown]
# ## Key points
#
# - Feature extraction: keep the backbone, exchange the head, train the head.
# - Frozen means no gradient *and* a BatchNorm that stands still.
# - With few pictures, frozen features beat the same network from scratch by far.
# - What is frozen need be computed only once a picture.

# %%
here.quiz()
