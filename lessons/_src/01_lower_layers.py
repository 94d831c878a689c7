# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   transferlab:
#     id: 01_lower_layers
#     title: Lower layers are general
#     objectives:
#       - see what the first layer of a trained network looks for
#       - measure with probes what each stage knows of a task it was never trained for
#       - transplant the lower stages into another network
#     prerequisites: [00_first_transfer]
#     minutes: 50
#     profile: {PER_CLASS: 4, EPOCHS: 1}
#     peak_mb: 900
# ---

# %% [markdown]
# # 01 · Lower layers are general
#
# **In 50 minutes you will**
#
# - see what the first layer of a trained network looks for;
# - measure with probes what each stage knows of a task it was never trained for;
# - transplant the lower stages into another network.
#
# You need lesson 00. Nothing here needs a network or a GPU.

# %% tags=["setup"]
import matplotlib.pyplot as plt

import transferlab as tl
from transferlab.explain import filter_grid, filter_report, first_kernels
from transferlab.learning import lesson
from transferlab.recipes import Phase

here = lesson("01_lower_layers")
PER_CLASS = 20  # pictures of each kind
EPOCHS = 8
pretrained = tl.load("bundled")
random = tl.load("bundled", pretrained=False)
tl.stages(pretrained)

# %% [markdown]
# ## A question, and your guess
#
# The list above is the network as a row of *stages*, from the pictures up: `conv1` first, the head `fc` last. Nobody told
# the first one what to look for. It has 32 small windows of 7 × 7 pixels, its *kernels*, and training shaped them.
#
# Of these 32, how many percent will look like an edge: bright on one side, dark on the other?

# %%
guess = ...  # percent, between 0 and 100
here.predict("percent of first kernels that are edges", guess)

# %% [markdown]
# ## Look at them
#
# Left the trained network, right the same network before any training. Each kernel is drawn as the picture that would
# excite it: bright where it wants light, dark where it wants none.

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3))
for ax, network, name in zip(axes, (pretrained, random), ("trained", "random")):
    ax.imshow(filter_grid(first_kernels(network)).permute(1, 2, 0))
    ax.set_title(name)
    ax.axis("off")
plt.show()

# %% [markdown]
# Stripes and steps at many angles on the left, some in colour; noise on the right. Krizhevsky et al. (2012) showed such a
# picture for photographs. It comes out so alike in nearly every network that it is hardly news (Yosinski et al. 2014).
#
# ## Your turn: count them
#
# `filter_report(network)` counts kernels that one oriented stripe pattern fits better than it fits noise of the same
# smoothness. `report.measures.share` is the share among this network's, `report.random_share` the mean over random networks and half
# its interval. Read them off, and set the two shares, between 0 and 1.

# %%
report = filter_report(pretrained)
print(report)

# %% tags=["exercise", "exercise:edges"]
trained_share = ...  # of this network's kernels
random_share = ...  # of random ones

# %% tags=["check"]
here.exercise("edges").check()  # and .hint(), .solution(), .reset()

# %% [markdown]
# ## What does each stage know?
#
# A **probe** is a linear classifier that reads one stage and answers a new question. The network itself does not move. If
# the probe does well, what it needs was in the stage already (Alain & Bengio 2016).
#
# The question: eight drawn things that this network has never seen.

# %% tags=["slow"]
data = tl.worlds.target("objects", per_class=PER_CLASS)
probes = {"trained": tl.layer_probes(pretrained, data), "random": tl.layer_probes(random, data)}
for name, found in probes.items():
    accuracy = [probe.accuracy for probe in found]
    low, high = zip(*(probe.interval for probe in found))
    plt.plot(accuracy, marker="o", label=name)
    plt.fill_between(range(len(found)), low, high, alpha=0.2)
plt.xticks(range(len(found)), [probe.stage for probe in found])
plt.axhline(1 / 8, color="grey", linestyle=":", label="guessing")
plt.ylabel("held-out accuracy of the probe"), plt.legend()
plt.show()

# %%
here.compare("percent of first kernels that are edges", 100 * float(report.measures.share))
tissue = tl.worlds.target("tissue", per_class=PER_CLASS)

# %% [markdown]
# In a random network the probes stay little above the grey line, however deep they read. In the trained one they climb from stage
# to stage, and most of the way is done in the middle.
#
# And on pictures from far away, of tissue under a microscope? Set `best_stage` to the name of the stage whose probe does
# best there. Look before you answer: `tl.layer_probes(pretrained, tissue)`.

# %% tags=["exercise", "exercise:far"]
best_stage = ...  # "conv1", "layer1", …

# %% tags=["check"]
here.exercise("far").check()

# %% [markdown]
# ## Transplant
#
# If the lower stages are general, they should be of use in another network. Copy `conv1`, `layer1` and `layer2` of the
# trained network into a random one, called `mixed`; the stages above stay random.
#
# A stage can be more than one module: `conv1` has its BatchNorm `bn1` beside it. `load_state_dict` on a module copies
# weights and statistics together.

# %% tags=["exercise", "exercise:transplant"]
mixed = ...

# %% tags=["check"]
here.exercise("transplant").check()

# %% [markdown]
# Freeze what was transplanted and train the rest, beside a network that is random altogether. Before you run it: who is
# ahead after a few epochs?

# %% tags=["slow"]
above = tl.Recipe("above", (Phase("rest", 0.6, EPOCHS, 1e-3, backbone_lr=1e-3),), keep_statistics=False)
runs = {}
for name, network in (("lower stages transplanted", mixed), ("all random", tl.load("bundled", pretrained=False))):
    tl.replace_head(network, tissue.train.num_classes, seed=0)
    runs[name] = tl.train(network, tissue, above, seed=0, progress=False)
    print(f"{name}: {runs[name].accuracy:.0%}")

# %% [markdown]
# ## By hand
#
# The lab's *Filters* tab shows these kernels, and what a stage answers to a picture, while a network trains. Press Start,
# open the tab, and watch which stages change their mind. (Without a kernel: the first stage hardly moves.)

# %% tags=["widget"]
lab = tl.Lab("bundled", "objects", recipe="fine_tuning")
lab

# %% [markdown]
# ## A recorded run
#
# `transferlab claims --claim 1 --claim 2` measures both with intervals, on another machine, with six seeds or more (three for the transplant):
#
# | | trained − random | 95 % interval |
# |---|---|---|
# | share of edge-like kernels | +40 points | 39 … 41 |
# | probe behind `layer2`, on two far targets | +25 points | 21 … 29 |
# | transplant of three stages, on tissue | +18 points | 15 … 22 |
#
# ## Now with ResNet-50
#
# A network that has seen a million photographs has 64 kernels in its first layer. Where its weights are missing, the cell
# says how to fetch them. In the literature they look alike: stripes, steps and blobs of colour.

# %%
larger = here.larger("torchvision/resnet50")
if larger is not None:
    print(filter_report(larger))

# %% [markdown]
# ## Key points
#
# - First layers learn edges and colours; the same in nearly every network for pictures.
# - A probe measures what a stage knows, without changing it.
# - Lower stages serve far tasks too. What lies above is made for the task it was trained on.

# %%
here.quiz()
