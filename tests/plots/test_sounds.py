"""Sounds to look at and to hear."""

import base64
import io
import re
import wave

import pytest
import torch

from transferlab.data.sounds import SoundSet
from transferlab.plots import alternative_text, hear, sound_figure, wav_bytes


def tone(hertz=1_000.0, begin=0.5, seconds=1.0, name="bell"):
    time = torch.arange(round(seconds * 16_000)) / 16_000
    samples = (2 * torch.pi * hertz * time).sin() * (time >= begin) * 0.5
    return SoundSet((samples * 32_767).to(torch.int16)[None], torch.tensor([0]), (name,))


def test_the_figure_says_in_words_what_it_shows():
    said = alternative_text(sound_figure(tone()))
    found = re.fullmatch(
        r"Wave and spectrogram of a sound of 1 s: bell. It is loudest near ([\d,]+) Hz, ([\d.]+) s after its "
        r"beginning; what lies within 30 dB of that begins at ([\d.]+) s and reaches up to ([\d,]+) Hz.", said,
    )  # fmt: skip
    assert found
    assert float(found[1].replace(",", "")) == pytest.approx(1_000, abs=40)
    assert float(found[2]) >= 0.45
    assert float(found[3]) == pytest.approx(0.5, abs=0.05)


def test_silence_is_said():
    silent = SoundSet(torch.zeros(1, 16_000, dtype=torch.int16), torch.tensor([0]), ("a",))
    assert alternative_text(sound_figure(silent, title="")) == "Wave and spectrogram of a sound of 1 s. It is silent."


def test_the_spectrogram_is_labelled_in_hertz_where_they_lie():
    picture = sound_figure(tone(2_000.0, begin=0.0)).axes[1]
    ticks = {label.get_text(): label.get_position()[1] for label in picture.get_yticklabels()}
    assert list(ticks) == ["100", "500", "1,000", "2,000", "4,000"]
    image = picture.images[0].get_array()
    row = int(image[:, 48].argmax())
    assert len(image) - row - 0.5 == pytest.approx(ticks["2,000"], abs=1)
    assert list(picture.get_xlim()) == [0, 1]


def test_the_player_holds_the_sound_itself():
    shown = hear(tone(name="<b> & bell"))
    page = shown._repr_html_()
    assert page.count("<audio controls") == page.count("<img") == 1
    assert "autoplay" not in page
    assert 'aria-label="Play sound 0, &lt;b&gt; &amp; bell"' in page
    assert "<b>" not in page
    assert 'alt="Wave and spectrogram' in page
    assert repr(shown) == shown.words
    sound = base64.b64decode(re.search(r'data:audio/wav;base64,([^"]+)"', page)[1])
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        assert file.readframes(16_000) == tone().samples.numpy().tobytes()
    assert sound == wav_bytes(tone())
    assert base64.b64decode(re.search(r'data:image/png;base64,([^"]+)"', page)[1])[:4] == b"\x89PNG"
    assert len(page) < 200_000


def test_the_name_can_be_kept_secret():
    shown = hear(tone(), title="")
    assert "bell" not in shown.page
    assert "bell" not in shown.words


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="No sound 3: the set has 1"):
        hear(tone(), 3)
    with pytest.raises(ValueError, match="holds up to 20 s, and these sounds have 21 s"):
        hear(tone(seconds=21))
    with pytest.raises(ValueError, match="Did you mean 'grey'"):
        sound_figure(tone(), colours="gray")
