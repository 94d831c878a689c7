"""Small weights where the package, torch's cache and the hub's cache keep theirs, in those programs' own layouts."""

import hashlib
import json
import os
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from transferlab.backbones import bundled_backbone
from transferlab.backbones.small_resnet import SmallResNet

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def randomised(model: nn.Module, seed: int = 0) -> nn.Module:
    """Every tensor random, BatchNorm's statistics included, so that a tensor that was not loaded shows."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if tensor.is_floating_point():
                width = tensor[0].numel() ** 0.5 if tensor.ndim > 1 else 1.0
                shift = -0.5 if tensor.ndim > 1 else 0.5  # variances above 0, and logits of a moderate size
                tensor.copy_((torch.rand(tensor.shape, generator=generator) + shift) / width)
    return model.eval()


def same_tensors(one: dict, other: dict) -> bool:
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


def write_bundled(monkeypatch, folder: Path, num_classes: int = 232) -> dict[str, torch.Tensor]:
    """The two files of the bundled backbone as `finish` in data_scripts/pretrain_backbone.py writes them."""
    monkeypatch.setattr(bundled_backbone, "FOLDER", folder)
    state = randomised(SmallResNet(num_classes)).state_dict()
    weights = {name: value.half() for name, value in state.items() if not name.endswith("num_batches_tracked")}
    save_file(weights, folder / "resnet18_half.safetensors")
    payload = (folder / "resnet18_half.safetensors").read_bytes()
    card = {
        "name": "bundled",
        "architecture": "resnet18_half",
        "source": "random numbers",
        "licence": "weights: CC BY 4.0",
        "input_size": 64,
        "mean": (0.485, 0.456, 0.406),
        "std": (0.229, 0.224, 0.225),
        "num_classes": num_classes,
        "class_names": [f"class {i}" for i in range(num_classes)],
        "source_classes": {"photos": [0, 200], "drawn": [200, num_classes]},
        "num_parameters": sum(p.numel() for p in SmallResNet(num_classes).parameters()),
        "megabytes": round(len(payload) / 1e6, 2),
        "accuracy": {"photos_among_photo_classes": 0.5012, "measured_on": "nothing"},
        "epochs": 56,
        "hardware": ["a laptop"],
        "sha256": hashlib.sha256(payload).hexdigest(),
    }
    (folder / "resnet18_half.json").write_text(json.dumps(card))
    return weights


def write_torch_checkpoint(monkeypatch, home: Path, weights, state: dict) -> Path:
    """A checkpoint in torch's cache under `home`, with its hash in its name; `weights` is torchvision's enum member."""
    monkeypatch.setenv("TORCH_HOME", str(home))
    folder = home / "hub" / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(state, folder / "partial")
    digest = hashlib.sha256((folder / "partial").read_bytes()).hexdigest()
    stem = Path(weights.url).name.rpartition("-")[0]
    path = folder / f"{stem}-{digest[:8]}.pth"
    os.replace(folder / "partial", path)
    monkeypatch.setattr(weights.value, "url", f"https://download.pytorch.org/models/{path.name}")
    return path


def write_hub_file(cache: Path, repository: str, file: str, state: dict) -> Path:
    """A file in the hub's cache: blobs named by their hash, a snapshot that links to them, and where `main` points."""
    root = cache / f"models--{repository.replace('/', '--')}"
    for folder in ("blobs", "refs", f"snapshots/{COMMIT}"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "refs" / "main").write_text(COMMIT)
    partial = root / "blobs" / "partial.safetensors"
    save_file(state, partial) if file.endswith(".safetensors") else torch.save(state, partial)
    digest = hashlib.sha256(partial.read_bytes()).hexdigest()
    os.replace(partial, root / "blobs" / digest)
    link = root / "snapshots" / COMMIT / file
    link.symlink_to(Path("../../blobs") / digest)
    return link
