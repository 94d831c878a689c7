"""The few models that cannot be used here, each with the reason that whoever asks for one gets to read."""

from fnmatch import fnmatchcase

UNSUPPORTED: dict[str, str] = {
    "*_vit_*_enc": "it is the image encoder of a language model, which gives tokens and has no classifier",
    "mobilenetv5_300m_enc": "it is the image encoder of a language model, which gives maps and has no classifier",
}


def refuse_unsupported(architecture: str) -> None:
    """Say why this architecture cannot be used, if it cannot.

        >>> refuse_unsupported("qwen3_vit_88m_enc")
        ValueError: qwen3_vit_88m_enc is not supported: it is the image encoder of a language model, …

    Raises:
        ValueError: it is in the table above; the reason stands there.
    """
    for pattern, reason in UNSUPPORTED.items():
        if fnmatchcase(architecture, pattern):
            raise ValueError(f"{architecture} is not supported: {reason}.")
