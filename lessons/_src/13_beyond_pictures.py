# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   transferlab:
#     id: 13_beyond_pictures
#     title: "Beyond pictures: text and sound"
#     objectives:
#       - name what a message wants, with a network that read novels
#       - hear, and see, what a network for pictures gets of a sound
#       - judge how far a source may be from a task
#     prerequisites: [07_when_transfer_fails, 12_lora]
#     minutes: 60
#     profile: {PER_CLASS: 4, EPOCHS: 2}
#     peak_mb: 900
# ---

# %% [markdown]
# # 13 · Beyond pictures: text and sound
#
# **In 60 minutes you will**
#
# - name what a message wants, with a network that read novels;
# - hear, and see, what a network for pictures gets of a sound;
# - judge how far a source may be from a task.
#
# You need lessons 07 and 12. Nothing here needs a network or a GPU.


# %% tags=["setup"]
import matplotlib.pyplot as plt

import transferlab as tl
from transferlab.language import LastToken, load_language_model, sentence_set
from transferlab.learning import lesson
from transferlab.plots import contact_sheet, hear
from transferlab.sound import spectrograms, world
from transferlab.text import sentences

here = lesson("13_beyond_pictures")
PER_CLASS = 20  # messages, and sounds, of each kind to learn from
EPOCHS = 20

# %% [markdown]
# ## What does a message want?
#
# "Is the reading room open?" wants an answer, "Please keep two seats" a deed, "The soup was cold again" is a complaint. 448
# such messages come with this package, written for it one by one.

# %%
messages = sentences()
for text, label in list(zip(messages.texts, messages.labels))[:4]:
    print(f"{label:10} {text}")
_, tokenizer = load_language_model()
labels = [messages.class_names.index(label) for label in messages.labels]
data = sentence_set(tokenizer, messages.texts, labels, messages.class_names, length=40)
halves = data.split(0.5, seed=1)
few = tl.data.Splits(halves.train.per_class(PER_CLASS), halves.held_out)
print(few.train)

# %% [markdown]
# The model of lesson 12 has read novels and knows nothing of messages. But what it would say *next*, after the last token,
# depends on all that came before. So put a new head on what it computes there: `LastToken(model)` answers from the last token
# only. GPT did it so (Radford et al. 2018).
#
# Set `classifier` to a `LastToken` around a fresh copy of the language model, with a new head for the four classes and
# everything else frozen. The verbs are those of lesson 02.

# %% tags=["exercise", "exercise:classifier"]
classifier = ...

# %% tags=["check"]
here.exercise("classifier").check()  # and .hint(), .solution(), .reset()

# %% tags=["slow"]
novels = tl.train(classifier, few, tl.feature_extraction(EPOCHS, head_lr=1e-2), seed=0, progress=False)
print(f"behind a reader of novels: {novels.accuracy:.0%} of {novels.num_held_out} messages; chance is 25 %")

# %% [markdown]
# A larger reader helps more than a better recipe. MiniLM has 22 million parameters and learned from a billion pairs of
# sentences what belongs together (Wang et al. 2020; Reimers & Gurevych 2019). It comes as `tl.load("minilm", num_classes=4)`
# and takes the same verbs.

# %%
minilm = here.larger("minilm", num_classes=4)
if minilm is not None:
    print(tl.stages(minilm))

# %% [markdown]
# ## A question, and your guess
#
# Now sounds: plucked, bowed, blown and struck tones. Drawn as pictures, with time to the right and pitch upwards, they go
# through the backbone that learned from photographs and drawings of things. It stays frozen; twenty sounds of each kind.
#
# How many in a hundred new sounds does it get right? Chance is 25.

# %%
guess = ...  # per cent, between 0 and 100
here.predict("timbre, frozen picture backbone", guess)

# %% [markdown]
# ## Hear them first
#
# The sounds are computed, like our pictures: `world.target` has knobs for noise, rooms and tuning. Press play. (Without a
# loudspeaker: the picture shows what there is to hear, loudness over time above, pitches over time below.)

# %%
sounds = world.target("timbre", per_class=PER_CLASS, seed=0)
print(sounds.train)
hear(sounds.train, 0)

# %%
pictures = spectrograms(sounds)
contact_sheet(pictures.train, columns=4, ax=plt.subplots(figsize=(6, 6))[1])
plt.show()

# %% [markdown]
# ## Your turn: which changes are safe?
#
# While it trains, a photograph is cropped and mirrored at random, since a bee is a bee either way. For a spectrogram, which of
# `"crop"` and `"flip"` leave the label true, whatever is asked of the sound: its pitch, its timbre, its vowel? Set `safe` to
# the tuple of them.

# %% tags=["exercise", "exercise:safe"]
safe = ...

# %% tags=["check"]
here.exercise("safe").check()

# %% [markdown]
# ## Train both
#
# The frozen backbone with a new head, and the same network from random weights.

# %% tags=["slow"]
frozen_run = tl.train(tl.load("bundled", 4), pictures, tl.feature_extraction(EPOCHS), seed=0, progress=False)
random = tl.load("bundled", 4, pretrained=False)
scratch_run = tl.train(random, pictures, tl.from_scratch(EPOCHS), seed=0, progress=False)
here.compare("timbre, frozen picture backbone", round(100 * frozen_run.accuracy))

# %% [markdown]
# Write `lead`: how many points of a hundred the first is ahead of the second. A run knows its `accuracy`.

# %% tags=["exercise", "exercise:lead"]
lead = ...

# %% tags=["check"]
here.exercise("lead").check()

# %% [markdown]
# ## By hand
#
# The lab makes such sounds too. Under *Data* turn up the noise and the echo, go through the sounds with the arrow keys and
# play them with `p`. From when on do you no longer hear which instrument it is? Press *Use these sounds*, then Start: can
# the network? (Without a kernel: a player with wave and spectrogram, and below it the spectrograms of forty sounds.)
#
# A network for texts comes from the notebook, `tl.Lab(LastToken(model, tokenizer), data)`, and *Reasons* shades words.

# %% tags=["widget"]
lab = tl.Lab("bundled", "timbre", recipe="feature_extraction")
lab

# %% [markdown]
# ## A recorded run
#
# Five seeds, 20 of each kind to learn from, mean and 95 % interval (`measure_sound.py`, `adapt_to_sentences.py` and
# `measure_minilm.py` in `data_scripts/`):
#
# | | frozen + head | fine-tuning | from scratch |
# |---|---|---|---|
# | timbre, chance 25 % | 63 % ± 8 | 76 % ± 5 | 71 % ± 2 |
# | vowels, chance 20 % | 40 % ± 5 | 57 % ± 4 | 75 % ± 5 |
# | messages by MiniLM, chance 25 % | 74 % ± 4 | – | 56 % ± 4 |
#
# So this far from photographs the frozen features *lose*, and on vowels even fine-tuning does. Sentences for messages are
# near, and there they win by 18 points. Transfer is a bet on nearness, not a law: run scratch beside it.
#
# ## Now with ResNet-50
#
# Larger networks read and hear, too: `tl.load("hf/…")` brings BERT, GPT-2 and LLaMA, Wav2Vec2 and Whisper's encoder. For
# pictures of sounds, a larger picture network is one line away.

# %%
larger = here.larger("torchvision/resnet50")
if larger is not None:
    print(tl.stages(larger).names)

# %% [markdown]
# ## Key points
#
# - Text, sound and pictures freeze, train and forget by the same verbs.
# - The nearer the source, the more transfers: sentences for messages, photographs only a little for sounds.
# - What is safe to change at random depends on what is asked.

# %%
here.quiz()
