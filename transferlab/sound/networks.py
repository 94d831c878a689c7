"""`load_sound_network`: Wav2Vec2 or Whisper's encoder, as `load` has it, reading no more seconds than a sound has.

    model = load_sound_network("hf/openai/whisper-tiny", num_classes=4, seconds=1.0)

Left out: how such a network is found, built and filled (`backbones/hugging_face_sound.py`).
"""

from pathlib import Path

from torch import nn

from transferlab.backbones.loading import load
from transferlab.backbones.names import HUB, SOUND_TASK


def load_sound_network(
    name: str | Path, num_classes: int | None = None, pretrained: bool = True, seconds: float | None = None
) -> nn.Module:
    """A classifier from samples `(B, T)` within -1…1 at 16,000 Hz to logits `(B, num_classes)`, in eval mode.

        >>> load_sound_network("hf/facebook/wav2vec2-base", num_classes=4)
        >>> load_sound_network("my-folder/whisper-tiny", num_classes=4, seconds=1.0)

    What `load(name, num_classes, pretrained, task="audio_classification")` gives; a folder may be named without its
    `hf/`. `seconds` is for Whisper, which else reads 30 of them each time, mostly silence; what `save` writes keeps it.

    Raises:
        ValueError: transformers is not installed, no such network is on this machine, it is of another kind, its files
            are broken, or `num_classes` or `seconds` makes no sense.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        given = f"{HUB}/{folder.absolute()}"
    else:
        given = str(name) if str(name).startswith(f"{HUB}/") else f"{HUB}/{name}"
    model = load(given, num_classes, pretrained, task=SOUND_TASK)
    if seconds is not None:
        from transferlab.backbones.hugging_face_sound import with_seconds

        model = with_seconds(model, seconds)
    return model.eval()
