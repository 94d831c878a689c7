"""Where weights lie: torch's checkpoints and the hub's cache, in those programs' own layouts.

The usual ones obey `TORCH_HOME`, `HF_HOME` and `HF_HUB_CACHE`; a folder that was prepared for a class has both of its
own. Left out: what is in them.
"""

from dataclasses import dataclass
from pathlib import Path

TORCH_FOLDER, HUB_FOLDER = "torch", "hub"  # of a prepared folder: what TORCH_HOME and HF_HUB_CACHE are set to


@dataclass(frozen=True)
class Caches:
    """`checkpoints` as torch.hub fills it, and `hub` as huggingface_hub does. Nothing is created."""

    checkpoints: Path
    hub: Path


def usual_caches() -> Caches:
    """The caches that every program on this machine shares.

    >>> usual_caches().checkpoints
    PosixPath('~/.cache/torch/hub/checkpoints')
    """
    from huggingface_hub import constants

    from transferlab.backbones.torchvision_models import checkpoints_folder

    return Caches(checkpoints_folder(), Path(constants.HF_HUB_CACHE))


def caches_in(folder: Path) -> Caches:
    """The caches of a prepared folder.

    >>> caches_in(Path("/media/stick")).hub
    PosixPath('/media/stick/hub')
    """
    return Caches(folder / TORCH_FOLDER / "hub" / "checkpoints", folder / HUB_FOLDER)
