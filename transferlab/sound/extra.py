"""Libraries that sound needs and pictures do not: asked for when they are used, with the line that installs them."""

from importlib import import_module
from types import ModuleType


def needs(library: str, why: str) -> ModuleType:
    """The library, imported; where it is missing, how it is installed.

        >>> needs("soundfile", "FLAC needs soundfile")

    Raises:
        ValueError: it is not installed.
    """
    try:
        return import_module(library)
    except (ImportError, OSError) as error:  # OSError: soundfile without libsndfile
        raise ValueError(f'{why}, which is not installed. Type: pip install "transferlab[audio]"') from error
