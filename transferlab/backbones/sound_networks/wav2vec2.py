"""Wav2Vec2 as a classifier that any recipe here can train: samples in, logits out.

The network is transformers' own, held under its own names, so that state dicts and PEFT's `target_modules` stay what
their users know; only the forward is written out, as the plain chain that it is, so that it can be followed and cut
between any two stages. Source: Baevski et al., "wav2vec 2.0" (2020). Left out: the masking (SpecAugment) and layer drop
of its pretraining, which would draw from numpy's random numbers; sounds of different lengths in one batch, which
`SoundSet` has filled up with silence, as the base models were trained.
"""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import Wav2Vec2ForSequenceClassification

from transferlab.backbones.sound_networks import TRUNK


class Standardised(nn.Module):
    """Each sound `(B, T)` with mean 0 and variance 1, as transformers' feature extractor gives it.

    >>> Standardised()(torch.randn(2, 16_000) * 0.1).std(1)
    tensor([1.0000, 1.0000])
    """

    def forward(self, samples: Tensor) -> Tensor:
        variance, mean = torch.var_mean(samples, dim=1, correction=0, keepdim=True)
        return (samples - mean) / (variance + 1e-7).sqrt()  # a silent sound stays silent


class Wav2Vec2Classifier(nn.Module):
    """Samples `(B, T)` within -1…1 at 16,000 Hz to logits `(B, num_classes)`, on transformers' own modules.

        >>> model = Wav2Vec2Classifier(Wav2Vec2ForSequenceClassification(Wav2Vec2Config(num_labels=4)))
        >>> model(torch.randn(2, 16_000)).shape
        torch.Size([2, 4])

    `projector` keeps the layer between the encoder and the head that transformers' classifier has. Without it the head
    is fresh and reads the encoder's mean over time, so that a frozen network has no layer in it that never learned.

    Raises:
        ValueError: a network that mixes all layers' outputs, so that it cannot be cut between them.
    """

    def __init__(
        self, network: Wav2Vec2ForSequenceClassification, projector: bool = True, standardise: bool = True
    ) -> None:
        super().__init__()
        config: Any = network.config
        if config.use_weighted_layer_sum:
            raise ValueError("This Wav2Vec2 weighs the outputs of all its layers, and so cannot be cut between them.")
        self.standardise = Standardised() if standardise else nn.Identity()
        self.wav2vec2: Any = network.wav2vec2
        self.projector = network.projector if projector else nn.Identity()
        self.classifier = network.classifier if projector else nn.Linear(config.hidden_size, config.num_labels)
        self.stable = config.do_stable_layer_norm
        self.wav2vec2._parameters.pop("masked_spec_embed", None)  # what masked frames become; none is masked here
        self.wav2vec2.feature_extractor._requires_grad = False  # asks for gradients of the samples, for checkpointing
        for part in (self.wav2vec2, self.wav2vec2.encoder, self.wav2vec2.encoder.layers):
            setattr(part, TRUNK, True)

    def forward(self, samples: Tensor) -> Tensor:
        own = self.wav2vec2
        x = own.feature_extractor(self.standardise(samples))  # (B, T) -> (B, C, frames), 50 frames a second
        x = own.feature_projection(x.transpose(1, 2))[0]  # (B, frames, D)
        x = x + own.encoder.pos_conv_embed(x)
        if not self.stable:
            x = own.encoder.layer_norm(x)
        x = own.encoder.dropout(x)
        for layer in own.encoder.layers:
            x = layer(x)
        if self.stable:
            x = own.encoder.layer_norm(x)
        return self.classifier(self.projector(x).mean(1))  # (B, num_classes)
