# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   transferlab:
#     id: 12_lora
#     title: "LoRA and language models"
#     objectives:
#       - freeze, adapt and measure a language model by the verbs you know
#       - put thin adapters beside frozen weights, and count them
#       - weigh what a model learns against what it forgets
#     prerequisites: [03_fine_tuning, 05_forgetting]
#     minutes: 60
#     profile: {ROWS: 32, EPOCHS: 1}
#     peak_mb: 900
# ---

# %% [markdown]
# # 12 · LoRA and language models
#
# **In 60 minutes you will**
#
# - freeze, adapt and measure a language model by the verbs you know;
# - put thin adapters beside frozen weights, and count them;
# - weigh what a model learns against what it forgets.
#
# You need lessons 03 and 05. Nothing here needs a network or a GPU.


# %% tags=["setup"]
import matplotlib.pyplot as plt

import transferlab as tl
from transferlab.language import docstrings, load_language_model, own_writing, passages, recorded_adaptation, write
from transferlab.learning import lesson
from transferlab.lora import add_lora, merge_lora
from transferlab.plots.language import forgetting_within, perplexity_curves, style_front
from transferlab.recipes import Phase, Recipe, lora

here = lesson("12_lora")
ROWS = 480  # passages of the new text to learn from
EPOCHS = 1

# %% [markdown]
# ## A reader of novels
#
# This model has read eight novels of the nineteenth century: Emma, Dracula, Middlemarch … It has three million parameters, a
# thousand tokens, and one skill: to say what comes next. It writes by saying so again and again. It knows the grammar and the
# manners, and no facts.
#
# Networks a thousand times as large differ in what they know, but not in how they are built: an embedding, blocks of
# attention, a head. The stages are found as in a ResNet, so that all that you have learned to do to stages works here.

# %%
model, tokenizer = load_language_model()
print(write(model, tokenizer, "The morning was", tokens=70, seed=3))
print()
print(tl.stages(model))

# %% [markdown]
# ## A question, and your guess
#
# *Perplexity* says how many equally likely tokens a model seems to choose among: `exp` of its mean loss. The fewer the
# better. For its own kind of prose this model's is about 12. For the documentation of Python, which it never saw, it is about
# 200.
#
# We let it read a little of that documentation. How low will its perplexity there be after one pass over 480 passages?

# %%
guess = ...  # perplexity, between 1 and 200
here.predict("perplexity on documentation", guess)

# %% [markdown]
# ## The same verbs
#
# Every copy of Python has its documentation on the disk, so that is our new text. What is *old* is what the model itself used
# to write: if it no longer foresees that, it has forgotten.

# %%
text = docstrings()
cut = int(0.8 * len(text))
data = tl.data.Splits(
    passages(tokenizer, text[:cut], most=ROWS), passages(tokenizer, text[cut:], most=max(8, ROWS // 8))
)
old = passages(tokenizer, own_writing(), most=max(8, ROWS // 10))
print(data.train)
print(tokenizer.decode(data.train.tokens[0].tolist())[:200])

# %% [markdown]
# First the old way. Set `frozen` to a fresh copy of the model in which everything is frozen but the last block and the head.

# %% tags=["exercise", "exercise:frozen"]
frozen = ...  # the model alone: load_language_model()[0]

# %% tags=["check"]
here.exercise("frozen").check()  # and .hint(), .solution(), .reset()

# %% [markdown]
# ## Thin layers beside thick ones
#
# Fine-tuning changes a matrix *W* of, say, 192 × 192 numbers. Hu et al. (2021) noticed that the *change* can be had cheaply: as
# the product of two thin matrices. *A* squeezes 192 numbers into a few, *B* spreads these out again:
#
# new weight = *W* + scale · *B A*
#
# *W* stays frozen. *B* starts at zero, so that at first nothing changes at all. How many numbers are squeezed into is the
# *rank* `r`. This is LoRA: low-rank adaptation.
#
# Write `adapter_size(inputs, outputs, r)`: how many numbers *A* and *B* have together.

# %% tags=["exercise", "exercise:size"]
adapter_size = ...  # def adapter_size(inputs, outputs, r): …

# %% tags=["check"]
here.exercise("size").check()

# %% [markdown]
# `add_lora(model, …)` puts them in, and says what got one and why the rest did not. Set `adapted` to a fresh copy of the model
# with adapters of rank 4 in every Linear (`target_modules="all-linear"`). The head is not new here, and may stay as it is:
# `modules_to_save=[]`.

# %% tags=["exercise", "exercise:adapted"]
adapted = ...

# %% tags=["check"]
here.exercise("adapted").check()

# %% [markdown]
# ## Train both
#
# Everything at a low rate, and adapters at ten times it: they are small, and start from nothing. `fit` is the one you know.
# It asks the old text as it goes.


# %% tags=["slow"]
def read_on(recipe):
    model, _ = load_language_model()
    memory = tl.remember(model, source=old)
    return tl.train(model, data, recipe, memory=memory, seed=0, progress=False), model


whole = Recipe("everything", (Phase("all", 0.0, EPOCHS, 3e-4, backbone_lr=3e-4),), batch_size=8)
thin = lora(EPOCHS, 0, head_lr=3e-3, r=4, target_modules="all-linear", modules_to_save=(), batch_size=8)
whole_run, _ = read_on(whole)
thin_run, tuned = read_on(thin)
figure = plt.figure(figsize=(9, 3.4), layout="constrained")
perplexity_curves({"everything": whole_run, "LoRA": thin_run}, figure)
plt.show()

# %% [markdown]
# Records hold losses, since those can be averaged. Write `perplexity(loss)`, and read off both ways.

# %% tags=["exercise", "exercise:perplexity"]
perplexity = ...  # def perplexity(loss): …

# %% tags=["check"]
here.exercise("perplexity").check()

# %%
for name, run in (("everything", whole_run), ("LoRA", thin_run)):
    last = run.epochs[-1]
    print(
        f"{name:10} {run.trainable_parameters:9,} trained: new {perplexity(last.held_out_loss):5.1f}, "
        f"old {perplexity(run.epochs[0].source_loss):.1f} → {perplexity(last.source_loss):.1f}"
    )
here.compare("perplexity on documentation", round(perplexity(thin_run.epochs[-1].held_out_loss), 1))

# %% [markdown]
# ## Put them away
#
# After training, *BA* can be added to *W*, and the adapters are gone: a plain network, as fast as before. Or they are kept
# apart, in a file of a few hundred kilobytes, and the one large model serves many tasks.

# %%
said = write(tuned, tokenizer, "This function", tokens=60, temperature=0.5)
print(len(merge_lora(tuned)), "adapters merged.", said)
print("The same text again:", write(tuned, tokenizer, "This function", tokens=60, temperature=0.5) == said)

# %% [markdown]
# ## A recorded run
#
# `data_scripts/adapt_language_model.py` let the model read Shakespeare's plays once, five seeds each way. "Old" is a novel that
# it never read. In the left picture left and low is best; the right one shows how the old is lost on the way.

# %%
rows = recorded_adaptation()["plays"]["rows"]
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
style_front(rows, left)
forgetting_within(rows, right)
plt.show()

# %% [markdown]
# LoRA trains 2.8 % of the parameters, and at its highest rate gets nine tenths of what full fine-tuning gets at its highest.
# (How much is gained counts in logarithms here: from 72.7 down to 20.9, against 23.7.)
#
# Now look at the two lines on the left. For what it learns, LoRA forgets *more* than training everything at a low rate. Texts say the
# opposite (Biderman et al. 2024, "LoRA Learns Less and Forgets Less"), of models a thousand times as large and at usual
# rates. So compare at equal learning, and at several rates, before you believe either.
#
# ## Now with ResNet-50
#
# Adapters are for convolutions too: *A* keeps the kernel, *B* is 1 × 1. In the lab, the recipe *LoRA* does it on any backbone.
# BERT, GPT-2 and LLaMA come by `tl.load("hf/…")`; files of adapters are laid out as PEFT's, and go both ways.

# %%
larger = here.larger("torchvision/resnet50")
print(add_lora(larger if larger is not None else tl.load("bundled"), r=4))

# %% [markdown]
# ## Key points
#
# - Language models have stages too: freeze, group, train and forget by the same verbs.
# - LoRA trains thin adapters beside frozen weights, here about 3 % of the parameters, and can be merged or kept apart.
# - Learning and forgetting depend on the rate more than on the method. Measure both, at more than one.

# %%
here.quiz()
