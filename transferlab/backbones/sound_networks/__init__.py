"""Networks that hear: transformers' own modules behind a forward that takes samples and gives logits.

`wav2vec2.py` and `whisper.py` hold one network each, `mel.py` the spectrogram that Whisper reads.
`backbones/hugging_face_sound.py` loads them. Nothing here loads transformers until a network is asked for.
"""

TRUNK = "is_transferlab_trunk"  # by which stages/units.py opens what merely wraps the layers; it is of the same rank
