"""`fetch`: the one place that touches the network, and only because its user typed it.

Files go where torchvision, timm and the hub themselves look for them, so that every other program on the machine finds
them too; each is downloaded beside its place and moved there when it is whole and its hash is right. Left out: mirrors,
resuming, and fetching data sets.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from transferlab.backbones.names import TEXTS, BackboneName, is_file_name, library_of, resolve
from transferlab.backbones.torchvision_models import checkpoints_folder, file_name, hash_in


@dataclass(frozen=True)
class FetchReport:
    """What `fetch` did, in one line.

    >>> print(fetch("bundled"))
    bundled is on this machine already: 5.7 MB in …/resnet18_half.safetensors
    """

    name: str
    path: Path
    megabytes: float
    downloaded: bool

    def __str__(self) -> str:
        did = "was downloaded" if self.downloaded else "is on this machine already"
        return f"{self.name} {did}: {self.megabytes:g} MB in {self.path}"


def fetch(name: str) -> FetchReport:
    """Bring the weights of a backbone to this machine, unless they are there; `load` then works offline.

        >>> fetch("torchvision/resnet50")
        >>> fetch("timm/efficientnet_b4.ra2_in1k")

    Raises:
        ValueError: unknown or ambiguous name, no weights exist, or what arrived has the wrong hash.
        OSError: no network, or the disk is full; nothing half-written is left.
    """
    if is_file_name(name):
        raise ValueError(f"'{name}' is a file; fetch takes the name of a backbone, such as 'torchvision/resnet50'.")
    backbone = resolve(name)
    if backbone.library == "transferlab":
        return _report(backbone, library_of(backbone).find_weights(backbone), downloaded=False)
    try:
        cached = library_of(backbone).find_weights(backbone)
    except ValueError:  # a broken file is replaced; that a model has no weights is said again below
        cached = None
    if cached is not None:
        return _report(backbone, cached, downloaded=False)
    if backbone.library == TEXTS:
        from transferlab.backbones.hugging_face_download import download

        return _report(backbone, download(backbone), downloaded=True)
    path = _from_hub(backbone) if backbone.library == "timm" else None
    if path is None:
        path = _from_url(backbone, library_of(backbone).download_url(backbone))
    return _report(backbone, path, downloaded=True)


def _report(backbone: BackboneName, path: Path, downloaded: bool) -> FetchReport:
    return FetchReport(str(backbone), path, round(path.stat().st_size / 1e6, 2), downloaded)


def _from_url(backbone: BackboneName, url: str) -> Path:
    from torch.hub import download_url_to_file

    path = checkpoints_folder() / file_name(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Writes beside the target, compares the hash, then moves.
        download_url_to_file(url, str(path), hash_in(path.name) or None, progress=True)
    except RuntimeError as error:
        raise ValueError(f"What arrived from {url} was not kept: {error}. Try again later.") from error
    except OSError as error:
        raise _no_download(backbone, url, error) from error
    return path


def _from_hub(backbone: BackboneName) -> Path | None:
    """The file from timm's hub, or None for the few models that are kept elsewhere."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils import (
        EntryNotFoundError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    files = list(library_of(backbone).hub_files(backbone))
    for repository, file in files:
        try:
            path = Path(hf_hub_download(repository, file))
        except LocalEntryNotFoundError as error:  # how the hub says that it was not reached
            raise _no_download(backbone, f"https://huggingface.co/{repository}", error) from error
        except EntryNotFoundError:
            continue
        except RepositoryNotFoundError as error:
            raise ValueError(f"The hub has no public '{repository}'.") from error
        except (HfHubHTTPError, OSError) as error:
            raise _no_download(backbone, f"https://huggingface.co/{repository}", error) from error
        _check_blob(path)
        return path
    if files and not library_of(backbone).download_url(backbone):
        raise ValueError(f"'{files[0][0]}' on the hub has none of: {', '.join(file for _, file in files)}.")
    return None


def _check_blob(path: Path) -> None:
    """The hub's cache names a large file by its sha256, and links to it where links are possible."""
    expected = path.resolve().name
    if len(expected) == 64 and path.is_symlink():
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise ValueError(f"What arrived in '{path}' has another hash than announced. Delete it and fetch it again.")


def _no_download(backbone: BackboneName, url: str, error: Exception) -> OSError:
    reason = (str(getattr(error, "reason", "") or error).splitlines() or [type(error).__name__])[0]
    return OSError(
        f"{backbone} could not be downloaded from {url} ({reason}). Nothing was written. Try again where there is a "
        "network; load('bundled') needs none."
    )
