"""Networks of each kind, tiny and random, as transformers builds them: no file and no network is needed."""

import torch
import transformers
from torch import nn


def wav2vec2(cls="Wav2Vec2ForSequenceClassification", stable=False, layers=4, **more):
    """`stable` is the larger models' order of norms, with a norm in every convolution."""
    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(
        hidden_size=32, num_hidden_layers=layers, num_attention_heads=4, intermediate_size=64, conv_dim=(16, 16, 16),
        conv_stride=(5, 4, 4), conv_kernel=(10, 8, 4), num_feat_extract_layers=3, num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4, do_stable_layer_norm=stable, feat_extract_norm="layer" if stable else "group",
        classifier_proj_size=24, vocab_size=20, **more,
    )  # fmt: skip
    config.num_labels = 3
    return loud(getattr(transformers, cls)(config))


def whisper(cls="WhisperForAudioClassification", layers=3, **more):
    torch.manual_seed(0)
    config = transformers.WhisperConfig(
        d_model=32, encoder_layers=layers, encoder_attention_heads=4, encoder_ffn_dim=64, num_mel_bins=16,
        max_source_positions=50, classifier_proj_size=24, decoder_layers=1, decoder_attention_heads=4,
        decoder_ffn_dim=64, vocab_size=100, pad_token_id=0, bos_token_id=0, eos_token_id=0, decoder_start_token_id=0,
        **more,
    )  # fmt: skip
    config.num_labels = 3
    return loud(getattr(transformers, cls)(config))


def loud(network: nn.Module) -> nn.Module:
    """Weights larger than those of a fresh network, whose logits would all be near 0 and tell little."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.ndim == 2 and "embed_positions" not in name:
                parameter.normal_(0, parameter.shape[1] ** -0.5, generator=generator)
            elif not parameter.any():
                parameter.normal_(0, 0.1, generator=generator)
    return network.eval()


def sounds(count=3, length=16_000):
    return torch.randn(count, length, generator=torch.Generator().manual_seed(2)) * 0.1
