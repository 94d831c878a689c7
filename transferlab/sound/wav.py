"""A sound as the bytes of a WAV file, which every browser and player knows. Left out: other formats than 16-bit PCM."""

import io
import wave

from transferlab.data.sounds import SoundSet


def wav_bytes(sounds: SoundSet, index: int = 0) -> bytes:
    """One sound as the bytes of a WAV file. Raises ValueError for a position outside the set.

    >>> Path("bell.wav").write_bytes(wav_bytes(data.train, 3))
    """
    samples = sounds.subset([index]).samples[0].cpu().numpy()
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sounds.rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return written.getvalue()
