"""timm's classifiers: built, described, and their weights found in the local caches; never downloaded here.

timm itself translates its files (`checkpoint_filter_fn`) and knows its heads; it is handed tensors that were read by
our own reader. Left out: models of a hub outside timm's own list.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from transferlab.backbones.caches import Caches
from transferlab.backbones.card import Card
from transferlab.backbones.names import BackboneName
from transferlab.backbones.torchvision_models import check_hash, checkpoints_folder, file_name
from transferlab.backbones.weights_file import read_weights

# In the order in which timm itself looks for them (`load_state_dict_from_hf`).
HUB_FILES = ("model.safetensors", "pytorch_model.bin")


def tags_of(architecture: str) -> tuple[str, ...]:
    """The sets of weights of an architecture, timm's default first; empty where it has none.

    >>> tags_of("resnet50")[0]
    'a1_in1k'
    """
    from timm.models import get_arch_pretrained_cfgs, get_pretrained_cfg

    cfgs = get_arch_pretrained_cfgs(architecture)
    names = [name.partition(".")[2] for name, cfg in cfgs.items() if "." in name and cfg.has_weights]
    default = get_pretrained_cfg(architecture)
    return tuple(sorted(names, key=lambda tag: default is None or tag != default.tag))


def build(name: BackboneName, num_classes: int | None) -> nn.Module:
    """The architecture with random weights.

    >>> build(resolve("timm/resnet50"), 7).fc.out_features
    7
    """
    import timm

    settings: dict[str, Any] = {} if num_classes is None else {"num_classes": num_classes}
    return timm.create_model(_own_name(name), pretrained=False, **settings)


def default_classes(name: BackboneName) -> int:
    """The number of classes of the pretrained head; 0 for a model that was pretrained without one.

    >>> default_classes(resolve("timm/resnet50"))
    1000
    """
    return max(configuration(name).num_classes or 0, 0)


def load_pretrained(name: BackboneName, path: Path, num_classes: int | None) -> nn.Module:
    """The model with the weights of a cached file, and a fresh head where `num_classes` is another number.

    >>> load_pretrained(resolve("timm/resnet50"), path, 7).fc.out_features
    7

    Raises:
        ValueError: the file is broken, or not this model's.
    """
    import timm

    foreign = path.suffix == ".npz"  # JAX's format; timm reads it without pickle
    overlay: dict[str, Any] = (
        {"file": str(path), "custom_load": True} if foreign else {"state_dict": read_weights(path).tensors}
    )
    try:
        # With its own number of classes timm loads strictly; with another one it would let any tensor be missing.
        model: Any = timm.create_model(_own_name(name), pretrained=True, pretrained_cfg_overlay=overlay)
    except (RuntimeError, KeyError, ValueError, AssertionError) as error:
        reason = str(error).splitlines()[:2]
        raise ValueError(f"'{path}' is not the file of {name}: {' '.join(line.strip() for line in reason)}") from error
    model.pretrained_cfg.pop("state_dict", None)  # a second copy of all weights
    if num_classes is not None and num_classes != model.num_classes:
        model.reset_classifier(num_classes)
    return model


def card(name: BackboneName, pretrained: bool) -> Card:
    """What timm says of these weights; with `pretrained=False`, of the architecture alone.

    >>> card(resolve("timm/resnet50"), pretrained=True).weights
    'a1_in1k'
    """
    import timm

    cfg = configuration(name)
    about = f"timm {timm.__version__}"
    links = [f"https://huggingface.co/{cfg.hf_hub_id}" if cfg.hf_hub_id else cfg.url, cfg.origin_url, cfg.paper_ids]
    source = ", ".join([about, *(_text(link) for link in links if link)])
    return Card(
        name=str(name),
        architecture=str(name),
        library="timm",
        source=source if pretrained else about,
        licence=(cfg.license or "not recorded by timm") if pretrained else "Apache-2.0",
        input_size=max(cfg.input_size[1:]),
        mean=tuple(cfg.mean),
        std=tuple(cfg.std),
        interpolation=cfg.interpolation or "bicubic",
        num_classes=default_classes(name),
        class_names=_class_names(cfg) if pretrained else (),
        pretrained=pretrained,
        weights=(cfg.tag or "untagged") if pretrained else "random",
    )


def find_weights(name: BackboneName, caches: Caches | None = None) -> Path | None:
    """The weights file in the hub's cache (`HF_HOME`, `HF_HUB_CACHE`), torch's (`TORCH_HOME`), or `caches`; or None.

    >>> find_weights(resolve("timm/resnet50"))

    Raises:
        ValueError: it is there, and its hash is not the one in its name; or timm has no weights of this model at all.
    """
    from huggingface_hub import try_to_load_from_cache

    for repository, file in hub_files(name):
        found = try_to_load_from_cache(repository, file, cache_dir=caches.hub if caches else None)
        if isinstance(found, str) and Path(found).is_file():
            return Path(found)
    if url := download_url(name):
        path = (caches.checkpoints if caches else checkpoints_folder()) / file_name(url)
        if path.is_file():
            check_hash(path, str(name))
            return path
    return None


def hub_files(name: BackboneName) -> Iterator[tuple[str, str]]:
    """Repository and file name on the hub, the preferred one first.

    >>> next(hub_files(resolve("timm/resnet50")))
    ('timm/resnet50.a1_in1k', 'model.safetensors')

    Raises:
        ValueError: timm has no weights of this model.
    """
    cfg = configuration(name)
    if not cfg.has_weights:
        raise ValueError(
            f"timm has no pretrained weights of {name.architecture}. Type load('{name}', pretrained=False) for random "
            "ones, or load('bundled') for the backbone that comes with the package."
        )
    if cfg.hf_hub_id:
        files = [cfg.hf_hub_filename] if cfg.hf_hub_filename else list(HUB_FILES)
        yield from ((cfg.hf_hub_id, file) for file in files)


def download_url(name: BackboneName) -> str:
    """Where timm keeps these weights outside the hub; empty where it does not.

    >>> download_url(resolve("timm/resnet50"))
    """
    url = configuration(name).url
    return (url if isinstance(url, str) else url[0]) if url else ""


def adapt(name: BackboneName, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Nothing to translate: files of users are in timm's names, and timm's own files go through `load_pretrained`."""
    return tensors


def configuration(name: BackboneName) -> Any:
    """timm's `PretrainedCfg` of these weights.

    >>> configuration(resolve("timm/resnet50")).input_size
    (3, 224, 224)
    """
    from timm.models import PretrainedCfg, get_pretrained_cfg

    return get_pretrained_cfg(_own_name(name)) or PretrainedCfg()


def _own_name(name: BackboneName) -> str:
    return name.architecture + (f".{name.tag}" if name.tag else "")


def _text(value: object) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, tuple | list) else str(value)


def _class_names(cfg: Any) -> tuple[str, ...]:
    """ImageNet's names in timm's order, where the number of classes says that it is ImageNet; else none."""
    from timm.data import ImageNetInfo, infer_imagenet_subset

    subset = infer_imagenet_subset(cfg.to_dict())
    if subset is None:
        return ()
    info = ImageNetInfo(subset)
    full = [info.index_to_description(index) for index in range(info.num_classes())]
    short = [name.partition(",")[0] for name in full]  # "tench" for "tench, Tinca tinca"
    exact = [f"{name} ({info.index_to_label_name(index)})" for index, name in enumerate(full)]  # there are two cranes
    counts = Counter([*short, *full])
    names = zip(short, full, exact, strict=True)
    return tuple(a if counts[a] <= 1 + (a == b) else b if counts[b] == 1 else c for a, b, c in names)
