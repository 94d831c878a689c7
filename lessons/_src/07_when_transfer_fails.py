# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   transferlab:
#     id: 07_when_transfer_fails
#     title: "When transfer fails"
#     objectives:
#       - make transfer fail on purpose, in two ways
#       - find what is still of use far from home
#       - tell whether the weights are in the way, or the recipe
#     prerequisites: [02_feature_extraction, 04_learning_rates]
#     minutes: 55
#     profile: {PER_CLASS: 3, EPOCHS: 2, GAPS: [0.0, 1.0]}
#     peak_mb: 900
# ---

# %% [markdown]
# # 07 · When transfer fails
#
# **In 55 minutes you will**
#
# - make transfer fail on purpose, in two ways;
# - find what is still of use far from home;
# - tell whether the weights are in the way, or the recipe.
#
# You need lessons 02 and 04. Nothing here needs a network or a GPU.


# %% tags=["setup"]
import matplotlib.pyplot as plt

import transferlab as tl
from transferlab.learning import lesson
from transferlab.recipes import Phase

here = lesson("07_when_transfer_fails")
PER_CLASS = 20  # pictures of each kind to learn from
EPOCHS = 8
GAPS = [0.0, 0.5, 1.0]


def fresh(pretrained=True):
    return tl.load("bundled", num_classes=8, pretrained=pretrained)


# %% [markdown]
# ## A question, and your guess
#
# So far, pretrained has always won. There are four ways in which it does not. Two of them are here: the pictures are too
# far away, and the question contradicts what the source has learned. (The others are lessons 05 and 08.)
#
# The backbone was trained to tell *kinds*: a snail is a snail in any colour. Now we ask for the *hue* of the same pictures,
# eight hues. Pretrained or from scratch, who wins?

# %%
guess = ...  # "pretrained" or "scratch"
here.predict("who wins on the hue", guess)

# %% [markdown]
# ## Too far
#
# `domain_gap` moves the look of the pictures away, step by step, while the question stays the same. At 1 they look like
# sonar.

# %%
figure, axes = plt.subplots(1, len(GAPS), figsize=(7, 2.4))
for ax, gap in zip(axes, GAPS):
    far = tl.worlds.target("objects", per_class=1, domain_gap=gap)
    ax.imshow(far.train.images[5].permute(1, 2, 0))
    ax.set_title(f"gap {gap:g}")
    ax.axis("off")
plt.show()

# %% tags=["slow"]
gains, shown = {}, {}
for gap in GAPS:
    data = tl.worlds.target("objects", per_class=PER_CLASS, domain_gap=gap)
    frozen = tl.train(fresh(), data, tl.feature_extraction(), seed=0, progress=False)
    scratch = tl.train(fresh(False), data, tl.from_scratch(epochs=EPOCHS), seed=0, progress=False)
    gains[gap] = frozen.accuracy - scratch.accuracy
    print(f"gap {gap:g}: frozen {frozen.accuracy:.0%}, scratch {scratch.accuracy:.0%}")

# %% [markdown]
# ## Your turn: what distance costs
#
# Set `fallen` to the number of points (of a hundred) by which the gain is smaller at the largest gap than at none.

# %% tags=["exercise", "exercise:fallen"]
fallen = ...

# %% tags=["check"]
here.exercise("fallen").check()  # and .hint(), .solution(), .reset()

# %% [markdown]
# Is all lost? Not the lower stages. Probes behind each stage say what is still of use far away. Set `useful` to the name of
# the stage whose probe leads most over the same stage of a random network.

# %%
far = tl.worlds.target("objects", per_class=PER_CLASS, domain_gap=1.0)
pairs = zip(tl.layer_probes(fresh(), far), tl.layer_probes(fresh(False), far))
ahead = {one.stage: one.accuracy - other.accuracy for one, other in pairs}
for stage, points in ahead.items():
    print(f"{stage:8} {100 * points:+.0f} points")

# %% tags=["exercise", "exercise:useful"]
useful = ...

# %% tags=["check"]
here.exercise("useful").check()

# %% [markdown]
# ## The wrong question
#
# The same pictures, asked for their hue. Telling kinds apart taught the backbone to look away from colour. Three networks:
# fine-tuned with the usual small rates, from scratch, and as a control the question that fits.

# %% tags=["slow"]
hue = tl.worlds.target("objects", per_class=PER_CLASS, task="hue")
usual = tl.fine_tuning(epochs=EPOCHS, head_epochs=EPOCHS // 2)
tuned = tl.train(fresh(), hue, usual, seed=0, progress=False)
scratch = tl.train(fresh(False), hue, tl.from_scratch(epochs=EPOCHS), seed=0, progress=False)
print(f"hue: pretrained {tuned.accuracy:.0%}, from scratch {scratch.accuracy:.0%}, guessing 12%")

# %%
here.compare("who wins on the hue", "pretrained" if tuned.accuracy > scratch.accuracy else "scratch")

# %% [markdown]
# Wang et al. (2019) call it *negative transfer*. But what is in the way: the weights, or how we treat them? The usual recipe
# lets the backbone move ten to a hundred times more slowly than the head. Scratch moves all at 0.001.
#
# Test it. Train a pretrained network on `hue` with a `Recipe` of two phases: the head alone for a few epochs, then
# everything for `EPOCHS` epochs with head *and* backbone at 0.001. Keep the run as `remedied`.

# %% tags=["exercise", "exercise:remedy", "slow"]
remedied = ...

# %% tags=["check"]
here.exercise("remedy").check()

# %%
for name, run in (("usual rates", tuned), ("scratch", scratch), ("fast backbone", remedied)):
    plt.plot([epoch.held_out_accuracy for epoch in run.epochs], label=f"{name}: {run.accuracy:.0%}")
plt.axhline(1 / 8, color="grey", linestyle=":"), plt.xlabel("epoch"), plt.ylabel("held-out accuracy"), plt.legend()
plt.show()

# %% [markdown]
# ## By hand
#
# In the lab, choose the world *objects*, the question *hue*, and pull the freeze line to the bottom. Then raise the rates of
# the lower stages while it trains. (Without a kernel: the curve lies flat, and starts to climb when the rates rise.)

# %% tags=["widget"]
lab = tl.Lab("bundled", "objects", recipe="fine_tuning")
lab

# %% [markdown]
# ## A recorded run
#
# `transferlab claims --full --claim 8 --claim 9`, five seeds, another machine:
#
# | hue, 20 a class | points | 95 % interval |
# |---|---|---|
# | scratch − fine-tuned at the usual rates | +24.4 | 14.7 … 34.1 |
# | scratch − fine-tuned with all at 0.001 | −38.4 | −45.6 … −31.2 |
# | frozen − scratch on the *kind* of the same pictures | +61.5 | 60.5 … 62.5 |
#
# It is not the weights that are in the way. It is the low rates, which do not let them change enough.
#
# ## Now with ResNet-50
#
# ImageNet's networks were trained with colours jittered, too. Where the weights are missing, the cell says how to fetch
# them.

# %%
larger = here.larger("torchvision/resnet50")
if larger is not None:
    asked = tl.worlds.target("objects", per_class=PER_CLASS, task="hue", size=224)
    for probe in tl.layer_probes(larger, asked):
        print(f"{probe.stage:8} {probe.accuracy:.0%}")

# %% [markdown]
# ## Key points
#
# - With distance the gain shrinks. Lower stages stay useful longest.
# - A question that contradicts an invariance of the source makes the usual recipe lose.
# - Always train the same network from scratch once. It is the control.

# %%
here.quiz()
