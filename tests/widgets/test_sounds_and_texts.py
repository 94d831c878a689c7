"""Sounds and texts in the data panel: made, uploaded, shown, played and edited."""

import io

import torch
from PIL import Image
from torch import nn

from tests.sound.sound_files import sine, wav
from tests.widgets.data_pages import done, tiles, upload
from transferlab.data.labelled import Splits
from transferlab.data.texts import TextSet
from transferlab.lab.data.sound_choice import SoundWorldData
from transferlab.language import LastToken, SmallGPT, Tokenizer, sentence_set
from transferlab.widgets.data_panel import DataPanel


def test_sounds_are_made_shown_and_played(opened):
    shown = opened()
    shown.press("sounds", task="vowel", per_class=2, room=1, pixels=32)
    done(shown)
    state = shown.state
    assert (state["kind"], state["noun"], state["heard"], state["in_use"]) == ("sounds", "image", True, False)
    assert state["last"]["sounds"]["room"] == 1.0
    assert "spectrograms(data, 32)" in state["code"]
    assert [one["name"] for one in state["classes"]] == ["a", "e", "i", "o", "u"]
    content, buffers = shown.messages("page")[-1]
    assert Image.open(io.BytesIO(buffers[0])).size == (8 * 32, 2 * 32)  # ten of them in rows of eight
    key, label, _ = content["tiles"][3]
    shown.press("listen", part="train", key=key)
    facts, (sound, picture) = shown.messages("sound")[-1]
    assert (facts["label"], facts["key"]) == (label, key)
    assert (sound[:4], picture[1:4]) == (b"RIFF", b"PNG")
    shown.press("listen", part="train", key=99)
    assert "There is no sound 99" in shown.sentences[-1]
    assert shown.panel.in_words().startswith("Sounds: 10 to train on")


def test_pictures_are_silent(opened):
    shown = opened()
    assert shown.state["heard"] is False
    shown.press("listen", part="train", key=0)
    assert "nothing to be heard" in shown.sentences[-1]


def test_sounds_of_the_notebook_are_played_too_and_edited(make_session, page, here):
    sounds = SoundWorldData(per_class=2, pixels=None).make()
    hears = nn.Sequential(
        nn.Unflatten(1, (1, 16_000)), nn.Conv1d(1, 4, 400, stride=400), nn.Flatten(), nn.Linear(160, 4)
    )
    shown = page(DataPanel(make_session(hears, sounds)))
    assert shown.panel.draft.wait()
    shown.hello()
    assert (shown.state["noun"], shown.state["heard"], shown.state["kind"]) == ("sound", True, "given")
    content, buffers = shown.messages("page")[-1]
    assert len(buffers) == 1
    assert len(content["tiles"]) == 8
    shown.press("relabel", pictures=[["train", content["tiles"][0][0]]], label="struck")
    shown.press("use")
    done(shown)
    assert shown.panel.session.data.train.counts()["struck"] == 3


def test_texts_stand_in_rows_and_can_be_edited(make_session, page, here):
    words = ["what now", "<b>no</b> never", "who is it", "go away " * 60, "why not", "not that"]
    texts = sentence_set(Tokenizer([]), words, [0, 1] * 3, ("question", "refusal"), length=8)
    model = LastToken(SmallGPT(256, dim=16, blocks=1, heads=2, hidden=32, context=16))
    shown = page(DataPanel(make_session(model, Splits(texts, texts))))
    assert shown.panel.draft.wait()
    shown.hello()
    content, buffers = shown.messages("page")[-1]
    assert buffers == []
    assert content["texts"][:3] == words[:3]
    assert content["texts"][3] == ("go away " * 60)[:239] + "…"
    assert shown.panel.in_words().startswith("Texts: 6 to train on")
    shown.press("drop", pictures=[["train", content["tiles"][1][0]]])
    shown.press("use")
    done(shown)
    assert shown.panel.session.data.train.texts == tuple(words[:1] + words[2:])


def test_texts_with_an_answer_for_every_token_say_that_they_cannot_be_shown(make_session, page, here):
    tokens = torch.randint(0, 256, (4, 8), generator=torch.Generator().manual_seed(0))
    texts = TextSet(tokens, tokens, tuple(map(str, range(256))))
    shown = page(
        DataPanel(make_session(SmallGPT(256, dim=16, blocks=1, heads=2, hidden=32, context=16), Splits(texts, texts)))
    )
    assert shown.panel.draft.wait()
    shown.hello()
    assert "Every token of these texts has a label of its own" in shown.state["failure"]


def test_uploaded_sounds_are_shown_and_played(opened, tmp_path):
    shown = opened()
    shown.press("collection", name="bells")
    for label, hertz in (("low", 300), ("high", 900)):
        made = [wav(tmp_path / f"{i}.wav", 0.5 * sine(0.2, hertz + 10 * i)) for i in range(5)]
        upload(shown, [(path.name, path.read_bytes()) for path in made], class_name=label)
    state = shown.state
    assert (state["kind"], state["heard"], state["collection"]["is_shown"]) == ("folder", True, True)
    assert state["collection"]["counts"] == {"high": 5, "low": 5}
    shown.press("listen", part="train", key=tiles(shown)[0][0])
    assert shown.messages("sound")[-1][0]["file"].endswith(".wav")
