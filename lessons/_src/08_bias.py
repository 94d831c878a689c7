# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   transferlab:
#     id: 08_bias
#     title: "What models inherit: bias"
#     objectives:
#       - find a shortcut that one accuracy hides
#       - measure a gap between groups, with an interval
#       - apply a remedy, and say what it leaves and what it costs
#     prerequisites: [03_fine_tuning, 07_when_transfer_fails]
#     minutes: 55
#     profile: {PER_CLASS: 10, EPOCHS: 2}
#     peak_mb: 900
# ---

# %% [markdown]
# # 08 · What models inherit: bias
#
# **In 55 minutes you will**
#
# - find a shortcut that one accuracy hides;
# - measure a gap between groups, with an interval;
# - apply a remedy, and say what it leaves and what it costs.
#
# You need lessons 03 and 07. Nothing here needs a network or a GPU.


# %% tags=["setup"]
import matplotlib.pyplot as plt
import torch

import transferlab as tl
from transferlab.audit import balanced_by_group, bias_audit, retrain_last_layer
from transferlab.failures.tags import tag_gap, tagged
from transferlab.learning import lesson

here = lesson("08_bias")
PER_CLASS = 20  # pictures of each kind to learn from
EPOCHS = 10
data = tagged(PER_CLASS, seed=0, strength=0.9)
print(data.train)

# %% [markdown]
# ## A question, and your guess
#
# Every picture here wears a coloured tag in a corner. In training, nine times in ten, the tag has the colour of its class.
# Nobody told the network to look at it. In new pictures the tag is drawn at random.
#
# By how many points will the network be better where the tag happens to agree with the class?

# %%
guess = ...  # points, between 0 and 100
here.predict("points better where the tag agrees", guess)

# %%
figure, axes = plt.subplots(1, 8, figsize=(9, 1.6))
for kind, ax in enumerate(axes):
    row = int((data.train.labels == kind).nonzero()[0])
    ax.imshow(data.train.images[row].permute(1, 2, 0))
    ax.set_title(data.train.class_names[kind], fontsize=7)
    ax.axis("off")
plt.show()

# %% [markdown]
# A tag is harmless. But think of a ruler beside dark moles in photographs of skin, of the hospital's name on an X-ray, of
# snow behind wolves. Whatever predicts the label in training is a *shortcut* (Geirhos et al. 2020), and networks take what
# is easy.
#
# ## Train, and look at one number

# %% tags=["slow"]
model = tl.load("bundled")
tl.replace_head(model, data.train.num_classes, seed=0)
run = tl.train(model, data, tl.fine_tuning(epochs=EPOCHS, head_epochs=max(1, EPOCHS // 2)), seed=0)
print(f"{run.accuracy:.0%} of new pictures are answered rightly")

# %% [markdown]
# One number says nothing about *whom* it is right for. `data.held_out.groups` has a number for each picture: 0 where the tag
# agrees, 1 where it does not; `group_names` says so in words.
#
# ## Your turn: by group
#
# Make `by_group`, a dict from each group's name to the accuracy within that group, between 0 and 1. Do it by hand, with the
# predictions below.

# %%
answers = tl.predict(model, data.held_out).argmax(1)
right = answers == data.held_out.labels
print(data.held_out.group_names, right[:8], data.held_out.groups[:8])

# %% tags=["exercise", "exercise:by_group"]
by_group = ...

# %% tags=["check"]
here.exercise("by_group").check()  # and .hint(), .solution(), .reset()

# %% [markdown]
# ## With intervals
#
# Few pictures have a tag that agrees, so that group's accuracy is uncertain. `bias_audit` counts the same, with intervals
# for each group and for the difference, and says whether a gap is shown at all.

# %%
audit = bias_audit(model, data.held_out)
print(audit)

# %% [markdown]
# Better still: ask the same pictures twice, once with all tags agreeing and once with none. Then every picture is its own
# control, and nothing but the tag differs. That is `tag_gap`.
#
# Set `gap` to it for this model and `data.held_out`, with seed 0, in points of a hundred.

# %% tags=["exercise", "exercise:gap"]
gap = ...

# %% tags=["check"]
here.exercise("gap").check()

# %%
here.compare("points better where the tag agrees", gap)

# %% [markdown]
# ## A remedy
#
# The features know the things *and* the tags. Often it is enough to teach the last layer anew, on pictures where the tag
# does not help: as many of every class with an agreeing tag as with another (Kirichenko et al. 2023).
#
# `retrain_last_layer(model, images)` gives back two things: a fairer copy of the model, and a report. Give it
# `balanced_by_group(data.train)`, and keep the copy as `fairer`.

# %% tags=["exercise", "exercise:fairer"]
fairer = ...

# %% tags=["check"]
here.exercise("fairer").check()

# %% tags=["slow"]
fair = tagged(PER_CLASS, seed=0, strength=0.0)  # tags drawn at random, in training too
control = tl.load("bundled")
tl.replace_head(control, fair.train.num_classes, seed=0)
tl.train(control, fair, tl.fine_tuning(epochs=EPOCHS, head_epochs=max(1, EPOCHS // 2)), seed=0, progress=False)
for name, one in (("biased", model), ("last layer anew", fairer), ("never biased", control)):
    found = tl.predict(one, fair.held_out).argmax(1) == fair.held_out.labels
    print(f"{name:16} gap {100 * tag_gap(one, fair.held_out, 0):+5.0f} points, accuracy {found.float().mean():.0%}")

# %% [markdown]
# Compare with the last line, a network that never saw a tag that helps. A remedy that only looks good beside the biased
# model has done half its work. And look at the accuracy: what does fairness cost here?
#
# ## By hand
#
# In the lab's *Data* panel the world *objects* has a knob *shortcut*. Turn it up, train, and open *Reasons*: where on the
# picture does the answer rest? (Without a kernel: on some pictures the map has a spot in the corner of the tag.)

# %% tags=["widget"]
lab = tl.Lab("bundled", "objects", recipe="fine_tuning")
lab

# %% [markdown]
# ## A recorded run
#
# `transferlab claims --full --claim 10`, five or six seeds, another machine:
#
# | gap between agreeing and other tags | points | 95 % interval |
# |---|---|---|
# | target's own pictures, shortcut always − never | +31.4 | 19.7 … 43.1 |
# | a biased *source*, then a fair target, frozen | +26.8 | 22.3 … 31.4 |
# | the same, everything fine-tuned | +45.3 | 42.2 … 48.5 |
#
# The second line is *inherited* bias: the target's own pictures were fair. The third says that fine-tuning on them did not
# mend it (Salman et al. 2022).
#
# ## Now with ResNet-50
#
# Its source is ImageNet, whose pictures come from the web. What it took over from there is not written on it: measure it on
# *your* people, places and cameras, with `bias_audit` and a table of attributes.

# %%
larger = here.larger("torchvision/resnet50")
if larger is not None:
    print(larger.card)

# %% [markdown]
# ## Key points
#
# - Accuracy by group, with intervals. One mean hides who pays.
# - Networks take shortcuts, from their source as well as from your pictures.
# - A remedy is measured too: against a model that never had the bias, and by what it costs.

# %%
here.quiz()
