"""Whisper's encoder as a classifier that any recipe here can train: samples in, logits out.

The network is transformers' own, held under its own names; the log-mel spectrogram that it reads is made inside, and
the forward is written out as the plain chain that it is (see `wav2vec2.py`). Source: Radford et al., "Robust Speech
Recognition via Large-Scale Weak Supervision" (2022). Left out: the decoder, which writes text; layer drop and
masking.
"""

from math import isfinite
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F
from transformers import WhisperForAudioClassification

from transferlab.backbones.sound_networks import TRUNK
from transferlab.backbones.sound_networks.mel import LogMel
from transferlab.data.sounds import RATE

FFT, HOP = 400, 160  # samples: what Whisper was trained with, 25 and 10 ms


class FixedPositions(nn.Module):
    """Adds the sine waves that tell positions apart, `(positions, D)`, to the first of them: a buffer, never trained.

    transformers keeps them as an `nn.Embedding` that does not train; here unfreezing would set it learning.
    """

    weight: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight[: x.shape[1]]  # (B, positions, D)


class WhisperClassifier(nn.Module):
    """Samples `(B, T)` within -1…1 at 16,000 Hz to logits `(B, num_classes)`, on transformers' own modules.

        >>> model = WhisperClassifier(WhisperForAudioClassification(WhisperConfig(num_labels=4)), seconds=1.0)
        >>> model(torch.randn(2, 16_000)).shape
        torch.Size([2, 4])

    Whisper reads 30 seconds, silence included. With `seconds` it reads no more than so many and is that much quicker,
    though not what it was trained on. `projector` as in `Wav2Vec2Classifier`.

    Raises:
        ValueError: a network that mixes all layers' outputs, or more seconds than it has positions.
    """

    def __init__(
        self, network: WhisperForAudioClassification, projector: bool = True, seconds: float | None = None
    ) -> None:
        super().__init__()
        config: Any = network.config
        if config.use_weighted_layer_sum:
            raise ValueError("This Whisper weighs the outputs of all its layers, and so cannot be cut between them.")
        self.most = 2 * HOP * config.max_source_positions  # samples
        self.log_mel = LogMel(self.most, config.num_mel_bins, FFT, HOP, RATE)
        if seconds is not None:
            self.read_only(seconds)
        self.encoder: Any = network.encoder
        self.dropout = nn.Dropout(config.dropout)
        self.projector = network.projector if projector else nn.Identity()
        self.classifier = network.classifier if projector else nn.Linear(config.d_model, config.num_labels)
        setattr(self.encoder, "embed_positions", FixedPositions(self.encoder.embed_positions.weight))  # noqa: B010
        for part in (self.encoder, self.encoder.layers):
            setattr(part, TRUNK, True)

    def read_only(self, seconds: float) -> None:
        """Read so many seconds of each sound from now on.

            >>> model.read_only(1.0)

        Raises:
            ValueError: no time at all, or more than it has positions.
        """
        number = isinstance(seconds, int | float) and not isinstance(seconds, bool) and isfinite(seconds)
        count = round(seconds * RATE) // (2 * HOP) * 2 * HOP if number else 0
        if not 0 < count <= self.most:
            raise ValueError(f"This Whisper reads 0.02 to {self.most / RATE:g} seconds; you gave seconds={seconds!r}.")
        self.log_mel.count = count

    def forward(self, samples: Tensor) -> Tensor:
        own = self.encoder
        x = F.gelu(own.conv1(self.log_mel(samples)))  # (B, T) -> (B, D, frames), 100 frames a second
        x = F.gelu(own.conv2(x)).transpose(1, 2)  # (B, positions, D), 50 a second
        x = self.dropout(own.embed_positions(x))
        for layer in own.layers:
            x = layer(x, None)
        return self.classifier(self.projector(own.layer_norm(x)).mean(1))  # (B, num_classes)
