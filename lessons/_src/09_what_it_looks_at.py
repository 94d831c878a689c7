# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   transferlab:
#     id: 09_what_it_looks_at
#     title: "What the model looks at"
#     objectives:
#       - draw attribution maps by three methods
#       - measure how much of a map lies on the thing
#       - put a method to the test before you believe it
#     prerequisites: [02_feature_extraction]
#     minutes: 55
#     profile: {PER_CLASS: 3, LOOKED_AT: 11, JUDGED: 2}
#     peak_mb: 900
# ---

# %% [markdown]
# # 09 · What the model looks at
#
# **In 55 minutes you will**
#
# - draw attribution maps by three methods;
# - measure how much of a map lies on the thing;
# - put a method to the test before you believe it.
#
# You need lesson 02. Nothing here needs a network or a GPU.


# %% tags=["setup"]
import matplotlib.pyplot as plt
import torch

import transferlab as tl
from transferlab.explain import explain, judge
from transferlab.learning import lesson

here = lesson("09_what_it_looks_at")
PER_CLASS = 20  # pictures of each kind to learn from
LOOKED_AT = 40  # pictures that are explained
JUDGED = 4
model = tl.load("bundled")
tl.replace_head(model, 8, seed=0)
data = tl.worlds.target("objects", per_class=PER_CLASS)

# %% [markdown]
# ## A question, and your guess
#
# The network has learned eight drawn things on busy backgrounds. When it answers "snail", does it look at the snail?
#
# An *attribution map* gives each place of the picture a weight: how much it speaks for the answer. The things cover about a
# fifteenth of a picture. What share of the weight of a Grad-CAM map will lie on the thing, in percent?

# %%
guess = ...  # percent, between 0 and 100
here.predict("percent of Grad-CAM on the thing", guess)

# %% [markdown]
# ## Three maps
#
# Grad-CAM weighs the places of a deep stage (Selvaraju et al. 2017). Integrated gradients add up what each pixel brings, on
# the way from a grey picture (Sundararajan et al. 2017). Saliency asks which pixels the answer is sensitive to (Simonyan et
# al. 2014). Captum computes all three.

# %%
run = tl.train(model, data, tl.feature_extraction(), seed=0)
pictures = data.held_out.subset(range(LOOKED_AT))

# %%
METHODS = ("grad_cam", "integrated_gradients", "saliency")
found = {method: explain(model, pictures, method=method) for method in METHODS}
figure, axes = plt.subplots(3, 4, figsize=(7, 5.4))
for column in range(3):
    axes[column, 0].imshow(pictures.images[column * 5].permute(1, 2, 0))
    for ax, method in zip(axes[column, 1:], METHODS):
        ax.imshow(found[method].maps[column * 5].clamp(min=0), cmap="viridis")
        ax.set_title(method, fontsize=8)
for ax in axes.flat:
    ax.axis("off")
plt.show()

# %% [markdown]
# Three methods, three maps of the same answer. Which is right? A picture that looks convincing proves nothing.
#
# ## Your turn: on the thing
#
# In a drawn world the truth is known: `pictures.masks`, `(N, H, W)`, is True on the thing. Write `share_inside(maps,
# masks)`: of the positive weight of each map, the share inside the mask, averaged over the pictures. Maps of nothing at all,
# with no positive weight, are left out.

# %% tags=["exercise", "exercise:inside"]
share_inside = ...  # def share_inside(maps, masks): …

# %% tags=["check"]
here.exercise("inside").check()  # and .hint(), .solution(), .reset()

# %%
area = float(pictures.masks.float().mean())
for method in METHODS:
    share = share_inside(found[method].maps, pictures.masks)
    print(f"{method:22} {share:.0%} on the thing, {share / area:.1f} times its area")
here.compare("percent of Grad-CAM on the thing", 100 * share_inside(found["grad_cam"].maps, pictures.masks))

# %% [markdown]
# Is much weight on the thing a proof that the method explains the *network*? An edge detector would also put weight there,
# and it has never met the network. So ask another question: does the map change when the network forgets everything it knows?
# (Adebayo et al. 2018.)
#
# Compute `after`, the Grad-CAM maps of the same pictures by a network with random weights and the same number of classes,
# for the answers that the *trained* network gave: `target=found["grad_cam"].targets`.

# %% tags=["exercise", "exercise:random"]
after = ...  # a tensor (N, H, W)

# %% tags=["check"]
here.exercise("random").check()

# %%
pairs = torch.stack([found["grad_cam"].maps.flatten(1), after.flatten(1)])
same = [float(torch.corrcoef(pairs[:, i])[0, 1]) for i in range(len(pictures))]
print(f"correlation of the maps before and after: {torch.tensor(same).nanmean():.2f}")

# %% [markdown]
# ## The lie detector
#
# `judge` runs several such tests: are the weights needed, are the pixels that the map names the ones that matter, does it
# lie on the thing? It says *trust*, *doubt* or *fails*, and why.
#
# Run it, and set `verdicts` to a dict from each method's name to its verdict.

# %% tags=["slow"]
judged = judge(model, data.held_out, ("grad_cam", "guided_grad_cam"), num_images=JUDGED)
for one in judged:
    print(one)

# %% tags=["exercise", "exercise:verdicts"]
verdicts = ...

# %% tags=["check"]
here.exercise("verdicts").check()

# %% [markdown]
# With so few pictures a verdict can change with the draw. For a figure that you would show to others, take forty.
#
# ## By hand
#
# The lab's *Reasons* tab shows such maps while a network learns. Press Start and watch the first epochs. (Without a kernel:
# the spots wander over the picture and gather on the thing within a few epochs.)

# %% tags=["widget"]
lab = tl.Lab("bundled", "objects", recipe="fine_tuning")
lab

# %% [markdown]
# ## A recorded run
#
# `transferlab explain`, 200 pictures, on another machine:
#
# | | on the thing ÷ its area | 95 % interval |
# |---|---|---|
# | Grad-CAM at `layer3` | 2.6 | 2.5 … 2.7 |
# | integrated gradients | 5.1 | 4.9 … 5.3 |
#
# Neither survives when the weights are redrawn. An edge detector, put in as a method, does not change at all, and fails.
#
# ## Now with ResNet-50
#
# Its last stage has 7 × 7 places at 224 pixels: finer maps. Where the weights are missing, the cell says how to fetch them.

# %%
larger = here.larger("torchvision/resnet50")
if larger is not None:
    big = tl.worlds.target("objects", per_class=1, size=224)
    print(explain(larger, big.train, method="grad_cam"))

# %% [markdown]
# ## Key points
#
# - A map is a hypothesis about the network, made by a method with a will of its own.
# - Test it: redraw the weights, cover the pixels, compare with the truth where it is known.
# - A blank map has a reason. Ask for it.

# %%
here.quiz()
