# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   transferlab:
#     id: 10_bug_museum
#     title: "The bug museum"
#     objectives:
#       - recognise bugs that raise no error by their symptoms
#       - examine a training that somebody else wrote
#       - mend an optimizer that does not know what it should train
#     prerequisites: [02_feature_extraction, 03_fine_tuning, 04_learning_rates]
#     minutes: 50
#     profile: {PER_CLASS: 8, EPOCHS: 2}
#     peak_mb: 900
# ---

# %% [markdown]
# # 10 · The bug museum
#
# **In 50 minutes you will**
#
# - recognise bugs that raise no error by their symptoms;
# - examine a training that somebody else wrote;
# - mend an optimizer that does not know what it should train.
#
# You need lessons 02 to 04. Nothing here needs a network or a GPU.


# %% tags=["setup"]
import matplotlib.pyplot as plt
import torch

import transferlab as tl
from transferlab.learning import lesson
from transferlab.museum import EXHIBITS, doctor

here = lesson("10_bug_museum")
PER_CLASS = 20  # pictures of each kind
EPOCHS = 10
data = tl.worlds.target("objects", per_class=PER_CLASS)

# %% [markdown]
# ## A question, and your guess
#
# These are the worst bugs: nothing stops, no red text, the loss falls, and the result is a few points worse than it could
# be. Or a few points *better* than it is.
#
# The museum has twelve, each from real notebooks. Of twelve such trainings, how many would you have noticed from the printed
# accuracy alone?

# %%
guess = ...  # of twelve
here.predict("bugs noticed from the accuracy alone", guess)

# %%
for name, exhibit in EXHIBITS.items():
    print(f"{name:22} {exhibit.title}")

# %% [markdown]
# ## The first room
#
# Here is what a student saw: *the same photograph gets another answer, depending on which others are asked with it.* The loop
# runs, learns, and prints an accuracy.

# %% tags=["slow"]
first = EXHIBITS["eval_forgotten"].broken(data)
print(EXHIBITS["eval_forgotten"].what_you_see)
print(f"it reports {first.reported:.0%}")
plt.plot(first.losses), plt.xlabel("batch"), plt.ylabel("loss")
plt.show()

# %% [markdown]
# `doctor` gets what the loop left behind: the model, its weights from before, the optimizer, the loader, the losses. It looks
# for all twelve, says what it saw, how sure it is, and what to type.

# %%
print(doctor(first, data))
print(EXHIBITS["eval_forgotten"].the_line)  # + is the line that was missing

# %% [markdown]
# ## Your turn: a diagnosis
#
# The next loop unfroze `layer4` after a few epochs. *An epoch takes longer now, and the accuracy stays where it was, as if
# fine-tuning were worth nothing.*
#
# Think first. Then examine `second` with the doctor, and set `cause` to the name that it gives. `doctor(…).causes` lists
# names.

# %% tags=["slow"]
second = EXHIBITS["unfrozen_too_late"].broken(data)
print(f"it reports {second.reported:.0%}")

# %% tags=["exercise", "exercise:cause"]
cause = ...

# %% tags=["check"]
here.exercise("cause").check()  # and .hint(), .solution(), .reset()

# %% [markdown]
# ## Mend it
#
# This is the heart of that loop. Run it, and count what the optimizer knows. Then write `thaw` so that `layer4` learns at
# 0.0001 and the head goes on at 0.001. Keep its name and what it gives back.


# %%
def broken_thaw(model):
    """Train the head; then let layer4 learn too."""
    tl.freeze(model)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
    tl.unfreeze(model, "layer4")
    return optimizer


model = tl.load("bundled", num_classes=8)
print(sum(p.numel() for group in broken_thaw(model).param_groups for p in group["params"]), "numbers in the optimizer")
print(sum(p.numel() for p in model.parameters() if p.requires_grad), "numbers that ask for a gradient")

# %% tags=["exercise", "exercise:thaw"]
thaw = ...  # def thaw(model): …

# %% tags=["check"]
here.exercise("thaw").check()

# %% [markdown]
# ## And a healthy one
#
# A doctor who finds something in everybody is no use. Train a network as in lesson 02, and have the doctor look at the run:
# `doctor(run, data, model=model)`. Keep the report as `report`.

# %% tags=["exercise", "exercise:healthy"]
report = ...

# %% tags=["check"]
here.exercise("healthy").check()

# %% [markdown]
# ## Too good to be true
#
# Some bugs make the number better. Here the validation pictures were among those that were trained on. Compare what the loop
# reports with the accuracy on pictures that are really new.

# %% tags=["slow"]
leaked = EXHIBITS["leaked_validation"].broken(data)
new = tl.predict(leaked.model, data.held_out).argmax(1) == data.held_out.labels
print(f"reported {leaked.reported:.0%}, on new pictures {new.float().mean():.0%}")
print(doctor(leaked, data))

# %%
noticed = ...  # now that you have seen four: of twelve, how many?
if noticed is not ...:
    here.compare("bugs noticed from the accuracy alone", noticed)

# %% [markdown]
# ## By hand
#
# In the lab, set the head's rate to 100 times what it is and press Start. The run stops with a sentence that names the group.
# (Without a kernel: the loss leaps, and the lab says which rate to take instead.)

# %% tags=["widget"]
lab = tl.Lab("bundled", "objects", recipe="fine_tuning")
lab

# %% [markdown]
# ## A recorded run
#
# The tests of the museum run all twelve with their repaired twins: the doctor names each bug, and raises no alarm on the twin
# (`pytest tests/museum`, one seed). Bugs that are not in the museum it does not know. *Nothing found* is not *nothing there*.
#
# ## Now with ResNet-50
#
# BatchNorm, modes and optimizers are the same there, and so are the bugs. Where the weights are missing, the cell says how to
# fetch them.

# %%
larger = here.larger("torchvision/resnet50")
if larger is not None:
    optimizer = broken_thaw(larger)
    print(doctor(larger, tl.worlds.target("objects", per_class=1, size=224), optimizer=optimizer).causes)

# %% [markdown]
# ## Key points
#
# - The bugs that cost most raise no error.
# - Look at what the optimizer holds, at the modes, at BatchNorm's statistics, at what you measure on.
# - If a number is surprisingly good, look for the leak first.

# %%
here.quiz()
