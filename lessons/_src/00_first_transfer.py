# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   transferlab:
#     id: 00_first_transfer
#     title: Your first transfer in ten minutes
#     objectives:
#       - make a pretrained network learn something new, and watch it do so
#       - compare it with the same network that starts from nothing
#       - say in one sentence what was transferred
#     prerequisites: []
#     minutes: 10
#     profile: {PER_CLASS: 3, EPOCHS: 2}
#     peak_mb: 900
# ---

# %% [markdown]
# # 00 · Your first transfer in ten minutes
#
# **In ten minutes you will**
#
# - make a pretrained network learn something new, and watch it do so;
# - compare it with the same network that starts from nothing;
# - say in one sentence what was transferred.
#
# Run a cell with Shift + Enter. Nothing here needs a network or a GPU.

# %% tags=["setup"]
import transferlab as tl
from transferlab.learning import lesson

here = lesson("00_first_transfer")
PER_CLASS = 20  # pictures of each kind to learn from
EPOCHS = 20
data = tl.worlds.target("objects", per_class=PER_CLASS)
print(data.train)

# %% [markdown]
# ## A guess first
#
# Twenty pictures of each of eight things. A network from nothing needs far more than that, as you will see. But ours has
# seen a hundred thousand other pictures before.
#
# What share of 200 new pictures will it get right, once a new last layer is trained? Guessing gets one in eight.

# %%
guess = ...  # a number between 0 and 1
here.predict("accuracy of the pretrained network", guess)

# %% [markdown]
# ## The lab
#
# Run the next cell and press **Start**. The upper curve is the new task, and it is live. The line across the stages is the
# *freeze line*: what lies above it does not change. Only the head, the last layer, learns now.
#
# Then pull the line down by one stage, press Start again, and compare. (Without a running kernel there is only a sentence
# here. The cells below do the same without any button.)

# %% tags=["widget"]
lab = tl.Lab("bundled", "objects", recipe="feature_extraction")
lab

# %% [markdown]
# ## The same in four lines
#
# Load the network, put a new head on, train. Pictures of eight kinds go in, and a *Run* comes out, which remembers
# every epoch.

# %%
model = tl.load("bundled")
tl.replace_head(model, data.train.num_classes)
run = tl.train(model, data, tl.feature_extraction(epochs=EPOCHS))
here.compare("accuracy of the pretrained network", run.accuracy)

# %% [markdown]
# ## Your turn: start from nothing
#
# Train the same network with random weights on the same pictures. `tl.load("bundled", num_classes=…, pretrained=False)` is
# that network, and the recipe is `tl.from_scratch(epochs=EPOCHS)`. Keep the run as `scratch_run`.

# %% tags=["exercise", "exercise:scratch"]
scratch_run = ...

# %% tags=["check"]
here.exercise("scratch").check()  # and .hint(), .solution(), .reset()

# %% [markdown]
# By how much is the pretrained network ahead? Work out `gain`, the difference of the two accuracies.

# %% tags=["exercise", "exercise:gain"]
gain = ...

# %% tags=["check"]
here.exercise("gain").check()

# %% [markdown]
# ## Key points
#
# - A pretrained network learns a new task from few pictures, because most of what it needs is there already.
# - What was transferred are its *features*: what the layers below the head make of a picture.
# - Start at the head. Whether the layers below should move too is the question of the next lessons.

# %%
here.quiz()
