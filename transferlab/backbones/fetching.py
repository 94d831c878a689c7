"""`fetch`: weights from the network, and only because its user typed it.

Files go where torchvision, timm and the hub themselves look for them, so that every other program on the machine finds
them too; each goes on where an earlier try broke off, and takes its place when it is whole and its hash is right. A
file of the hub lies in its snapshot itself and not behind a link, as the hub has it where links are impossible: such
a cache can be copied to a stick. Left out: mirrors. Data sets are fetched by data_scripts/.
"""

import re
from dataclasses import dataclass
from operator import methodcaller
from pathlib import Path

from transferlab.backbones.caches import Caches, usual_caches
from transferlab.backbones.names import HUB, BackboneName, is_file_name, library_of, resolve
from transferlab.backbones.torchvision_models import file_name, hash_in
from transferlab.downloading import download, partial_of
from transferlab.files import write_atomically


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
        OSError: no network, it broke off, or the disk is full; the same call goes on with what has arrived.
    """
    if is_file_name(name):
        raise ValueError(f"'{name}' is a file; fetch takes the name of a backbone, such as 'torchvision/resnet50'.")
    backbone = resolve(name)
    if backbone.library == "transferlab":
        return _report(backbone, library_of(backbone).find_weights(backbone), downloaded=False)
    if backbone.library == HUB:
        return _fetch_folder(backbone)
    return fetch_into(backbone, usual_caches())


def fetch_into(backbone: BackboneName, caches: Caches) -> FetchReport:
    """The same for a backbone of torchvision or timm, and into these caches.

    >>> fetch_into(resolve("torchvision/resnet50"), caches_in(Path("/media/stick")))
    """
    try:
        cached = library_of(backbone).find_weights(backbone, caches)
    except ValueError:  # a broken file is replaced; that a model has no weights is said again below
        cached = None
    if cached is not None:
        return _report(backbone, cached, downloaded=False)
    path = _from_hub(backbone, caches.hub) if backbone.library == "timm" else None
    if path is None:
        url = library_of(backbone).download_url(backbone)
        digits = hash_in(file_name(url))
        path = _bring(backbone, url, caches.checkpoints / file_name(url), f"sha256:{digits}" if digits else "")
    return _report(backbone, path, downloaded=True)


def _fetch_folder(backbone: BackboneName) -> FetchReport:
    """A folder of the hub: configuration, tokenizer and weights, by the hub's own client."""
    from transferlab.backbones.hugging_face_download import download as download_folder
    from transferlab.backbones.hugging_face_tasks import of_its_kind

    try:
        name = of_its_kind(backbone)
        return _report(backbone, library_of(name).find_weights(name), downloaded=False)
    except ValueError:  # not there, or not whole
        return _report(backbone, download_folder(backbone), downloaded=True)


def _report(backbone: BackboneName, path: Path, downloaded: bool) -> FetchReport:
    return FetchReport(str(backbone), path, round(path.stat().st_size / 1e6, 2), downloaded)


def _bring(backbone: BackboneName, url: str, path: Path, checksum: str) -> Path:
    try:
        return download(url, path, checksum)
    except OSError as error:
        kept = partial_of(path)
        raise _no_download(backbone, url.partition("?")[0], error, kept if kept.is_file() else None) from error


def _from_hub(backbone: BackboneName, hub: Path) -> Path | None:
    """The file from timm's hub, or None for the few models that are kept elsewhere."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.utils import EntryNotFoundError, RepositoryNotFoundError

    files = list(library_of(backbone).hub_files(backbone))
    for repository, file in files:
        page = f"https://huggingface.co/{repository}"
        try:
            known = get_hf_file_metadata(hf_hub_url(repository, file))
        except EntryNotFoundError:
            continue
        except RepositoryNotFoundError as error:
            raise ValueError(f"The hub has no public '{repository}'.") from error
        except Exception as error:  # the hub changed its HTTP client once, and with it what a missing network raises
            raise _no_download(backbone, page, error) from error
        if not re.fullmatch("[0-9a-f]{40}", known.commit_hash or ""):
            raise ValueError(f"{page} does not say which version of '{file}' it has. Try again later.")
        # The hub names a large file by its sha256 and a small one, which no weights are, by git's own number.
        checksum = f"sha256:{known.etag}" if re.fullmatch("[0-9a-f]{64}", known.etag or "") else ""
        root = hub / f"models--{repository.replace('/', '--')}"
        path = _bring(backbone, known.location, root / "snapshots" / str(known.commit_hash) / file, checksum)
        write_atomically(root / "refs" / "main", methodcaller("write_text", known.commit_hash))
        return path
    if files and not library_of(backbone).download_url(backbone):
        raise ValueError(f"'{files[0][0]}' on the hub has none of: {', '.join(file for _, file in files)}.")
    return None


def _no_download(backbone: BackboneName, url: str, error: Exception, kept: Path | None = None) -> OSError:
    reason = (str(getattr(error, "reason", "") or error).splitlines() or [type(error).__name__])[0]
    told = f"{kept.stat().st_size / 1e6:,.1f} MB of it are kept" if kept else "Nothing was written"
    return OSError(
        f"{backbone} could not be downloaded from {url} ({reason}). {told}. Try again where there is a network: the "
        "same command goes on; load('bundled') needs none."
    )
