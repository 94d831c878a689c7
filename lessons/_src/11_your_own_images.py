# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   transferlab:
#     id: 11_your_own_images
#     title: "Capstone: your own images"
#     objectives:
#       - take your own pictures from a folder to a trained model
#       - judge it class by class, and look at its mistakes
#       - export it, with the three sentences that its users need
#     prerequisites: [02_feature_extraction, 03_fine_tuning, 06_how_much_data, 09_what_it_looks_at]
#     minutes: 60
#     profile: {PER_CLASS: 6, EPOCHS: 1}
#     peak_mb: 900
# ---

# %% [markdown]
# # 11 · Capstone: your own images
#
# **In 60 minutes you will**
#
# - take your own pictures from a folder to a trained model;
# - judge it class by class, and look at its mistakes;
# - export it, with the three sentences that its users need.
#
# You need lessons 02, 03, 06 and 09. Nothing here needs a network or a GPU.


# %% tags=["setup"]
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from PIL import Image

import transferlab as tl
from transferlab.advice import advise
from transferlab.explain import explain
from transferlab.learning import lesson

here = lesson("11_your_own_images")
FOLDER = Path("my_images")  # a folder with a folder for each class
PER_CLASS = 30  # pictures of each kind, where the folder is made here
EPOCHS = 12

# %% [markdown]
# ## Your pictures
#
# Put a folder beside this notebook with one folder for each class: `my_images/ants/…`, `my_images/bees/…`. Twenty pictures
# of each are enough to begin with. Formats may be mixed.
#
# Have you none? The next cell draws a collection, and everything else is the same. Real photographs fetches, in a copy of the
# repository and with a network, `python data_scripts/flowers102.py my_images --per-class 20` (`pets.py`, `eurosat.py` too).

# %%
if not FOLDER.exists():
    drawn = tl.worlds.target("defects", per_class=PER_CLASS).train
    for number, (picture, label) in enumerate(zip(drawn.images, drawn.labels)):
        place = FOLDER / drawn.class_names[int(label)].replace(" ", "_")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.permute(1, 2, 0).numpy()).save(place / f"{number:04}.png")
print(sorted(path.name for path in FOLDER.iterdir()))

# %% [markdown]
# ## Your turn: read them
#
# `tl.folder_splits(FOLDER)` reads such a folder, holds a fifth of the pictures out, and notes what it skipped: broken files,
# duplicates, pictures that lie in both parts. Keep it as `mine`, and read the notes before you go on.

# %% tags=["exercise", "exercise:mine"]
mine = ...

# %% tags=["check"]
here.exercise("mine").check()  # and .hint(), .solution(), .reset()

# %%
print(mine.train)
print("\n".join(mine.notes))
figure, axes = plt.subplots(1, 8, figsize=(9, 1.6))
for ax, row in zip(axes, torch.linspace(0, len(mine.train) - 1, 8).long()):
    ax.imshow(mine.train.images[row].permute(1, 2, 0))
    ax.set_title(mine.train.class_names[int(mine.train.labels[row])], fontsize=7)
    ax.axis("off")
plt.show()

# %% [markdown]
# ## Ask, then guess
#
# Read the advice. Then commit yourself: what accuracy will the recipe reach on the held-out pictures?

# %%
advice = advise(mine, minutes=3)
print(advice)

# %%
guess = ...  # a number between 0 and 1
here.predict("accuracy on my pictures", guess)

# %% [markdown]
# ## Train
#
# Train a pretrained network on `mine` with the recipe that was advised, or with one that you find better. Keep the model as
# `my_model` and the run as `my_run`. `advice.recipe.with_epochs(…)` shortens it, `tl.fine_tuning(epochs=EPOCHS)` is a recipe
# of your own.

# %% tags=["exercise", "exercise:train", "slow"]
my_model = ...
my_run = ...

# %% tags=["check"]
here.exercise("train").check()

# %%
here.compare("accuracy on my pictures", my_run.accuracy)
answers = tl.predict(my_model, mine.held_out).argmax(1)
for kind, name in enumerate(mine.held_out.class_names):
    of_it = mine.held_out.labels == kind
    print(f"{name:20} {int((answers[of_it] == kind).sum())} of {int(of_it.sum())}")

# %% [markdown]
# The mean hides who is served badly. Look at the classes one by one, and then at the mistakes themselves, with the places
# that spoke for the wrong answer.

# %%
wrong = (answers != mine.held_out.labels).nonzero()[:, 0][:4]
if len(wrong):
    maps = explain(my_model, mine.held_out.subset(wrong)).maps
    figure, axes = plt.subplots(2, len(wrong), figsize=(2 * len(wrong), 4), squeeze=False)
    for column, row in enumerate(wrong):
        axes[0, column].imshow(mine.held_out.images[row].permute(1, 2, 0))
        said = mine.held_out.class_names[int(answers[row])]
        axes[0, column].set_title(f"said {said}", fontsize=8)
        axes[1, column].imshow(maps[column].clamp(min=0))
    plt.show()

# %% [markdown]
# ## Give it away
#
# `tl.save(my_model, "my_model.safetensors", class_names=…)` writes weights, head and names into one file. It holds no code:
# whoever opens it runs nothing of yours. Set `path` to the file. The check loads it, and asks the held-out pictures again.

# %% tags=["exercise", "exercise:export"]
path = ...

# %% tags=["check"]
here.exercise("export").check()

# %% [markdown]
# ## In the lab
#
# The same with buttons: your folder, the stages, the runs side by side, export to safetensors or ONNX. (Without a kernel:
# a table of runs, and a button *Export*.)

# %% tags=["widget"]
lab = tl.Lab(my_model, data=mine)
lab

# %% [markdown]
# ## Say what you made
#
# Whoever uses your model needs three sentences: what it was made for and on which pictures; how well it does, on how many
# held-out pictures, with which classes it has trouble; where it must not be used. Write them into the cell below and keep
# them beside the file.

# %%
card = ...  # "This model tells …"

# %% [markdown]
# ## Key points
#
# - Look at your pictures before you train on them, and at the mistakes afterwards.
# - Start with advice, commit yourself to a guess, and measure.
# - A model without a card is half a model.

# %%
here.quiz()
