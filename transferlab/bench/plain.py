"""Loops in plain PyTorch: the tutorial's, and the best that is known without keeping anything.

Source: Chilamkurthy, "Transfer Learning for Computer Vision Tutorial" (pytorch.org): parameters in front of the head
are frozen by `requires_grad = False`, the model trains in train mode, every epoch ends with the held-out images.
Optimizer and schedule are those of the other ways here, in place of the tutorial's SGD; `tutorial_native` has its own.
"""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.bench.task import Task, accuracy_of

Seen = Callable[[float], None]
STAGES = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")


def tutorial_head(task: Task) -> Callable[[Seen], float]:
    """The tutorial's "ConvNet as fixed feature extractor"."""
    settings = task.settings
    return _loop(task, task.model(), [(settings.epochs, STAGES, {"fc": settings.head_lr})])


def tutorial_gradual(task: Task) -> Callable[[Seen], float]:
    """The tutorial's loop, phase by phase as in `ours.gradual`."""
    settings, lr = task.settings, task.settings.tuned_head_lr
    head_epochs, epochs = settings.gradual_epochs
    phases = [
        (head_epochs, STAGES, {"fc": settings.head_lr}),
        (epochs, STAGES[:5], {"layer4": lr / 10, "fc": lr}),
        (epochs, STAGES[:3], {"layer2": lr / 30, "layer3": lr / 30, "layer4": lr / 30, "fc": lr}),
        (epochs, (), {**dict.fromkeys(STAGES, lr / 100), "fc": lr}),
    ]
    return _loop(task, task.model(), phases)


def tutorial_full(task: Task) -> Callable[[Seen], float]:
    """The tutorial's "Finetuning the ConvNet", in fp32."""
    settings = task.settings
    rates = {**dict.fromkeys(STAGES, settings.backbone_lr), "fc": settings.tuned_head_lr}
    return _loop(task, task.model(), [(settings.epochs, (), rates)])


def tutorial_native(task: Task) -> Callable[[Seen], float]:
    """The tutorial's "Finetuning the ConvNet" as it stands: SGD at 0.001, a tenth of it every 7 epochs, batches of 4.

    Images are cropped and flipped one by one, as its transforms do. Left out: its copy of the best epoch, which is
    chosen on the very images that are measured on; the last epoch counts, as everywhere here.
    """
    from torchvision import transforms

    x, labels, y, held_out_labels = task.tensors()
    model = task.model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=7, gamma=0.1)
    augment = transforms.Compose([transforms.RandomResizedCrop(x.shape[-1]), transforms.RandomHorizontalFlip()])

    class Images(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(x)

        def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
            return augment(x[row]), labels[row]

    loader = torch.utils.data.DataLoader(Images(), batch_size=4, shuffle=True)

    def run(seen: Seen) -> float:
        accuracy = 0.0
        for _ in range(task.settings.native_epochs):
            model.train()
            for inputs, targets in loader:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(inputs), targets)
                loss.backward()
                optimizer.step()
                loss.item()  # the tutorial adds it up
            schedule.step()
            accuracy = accuracy_of(model, y, held_out_labels)
            seen(accuracy)
        return accuracy

    return run


def best_uncached_head(task: Task) -> Callable[[Seen], float]:
    """Eval mode and no gradient below the head, channels last, a fused optimizer: all but keeping the features."""
    settings = task.settings
    x, labels, y, held_out_labels = task.tensors()
    x, y = (part.contiguous(memory_format=torch.channels_last) for part in (x, y))
    model = task.model().to(memory_format=torch.channels_last).eval()
    optimizer = torch.optim.AdamW(
        model.fc.parameters(), settings.head_lr, weight_decay=settings.weight_decay, fused=True
    )

    def run(seen: Seen) -> float:
        generator = torch.Generator().manual_seed(0)
        schedule = one_cycle(optimizer, settings.epochs * -(-len(x) // settings.batch_size))
        accuracy = 0.0
        for _ in range(settings.epochs):
            for index in torch.randperm(len(x), generator=generator).split(settings.batch_size):
                with torch.no_grad():
                    kept = features(model, x[index])
                F.cross_entropy(model.fc(kept), labels[index]).backward()
                optimizer.step()
                optimizer.zero_grad()
                schedule.step()
            accuracy = accuracy_of(model, y, held_out_labels)
            seen(accuracy)
        return accuracy

    return run


def features(model: SmallResNet, x: Tensor) -> Tensor:
    """What the head reads: `(B, 256)`."""
    x = model.maxpool(model.relu(model.bn1(model.conv1(x))))
    return model.layer4(model.layer3(model.layer2(model.layer1(x)))).mean((2, 3))


def _loop(
    task: Task, model: nn.Module, phases: Sequence[tuple[int, Sequence[str], dict[str, float]]]
) -> Callable[[Seen], float]:
    """Epochs, frozen modules and learning rates of each phase, carried out as the tutorial does."""
    settings = task.settings
    x, labels, y, held_out_labels = task.tensors()

    def run(seen: Seen) -> float:
        generator, accuracy = torch.Generator().manual_seed(0), 0.0
        for epochs, frozen, rates in phases:
            _freeze(model, frozen)
            groups = [{"params": list(model.get_submodule(name).parameters()), "lr": lr} for name, lr in rates.items()]
            optimizer = torch.optim.AdamW(groups, weight_decay=settings.weight_decay)
            schedule = one_cycle(optimizer, epochs * -(-len(x) // settings.batch_size))
            for _ in range(epochs):
                model.train()
                for index in torch.randperm(len(x), generator=generator).split(settings.batch_size):
                    optimizer.zero_grad()
                    loss = F.cross_entropy(model(x[index]), labels[index])
                    loss.backward()
                    optimizer.step()
                    schedule.step()
                    loss.item()  # the tutorial adds it up
                accuracy = accuracy_of(model, y, held_out_labels)
                seen(accuracy)
        return accuracy

    return run


def _freeze(model: nn.Module, names: Iterable[str]) -> None:
    model.requires_grad_(True)
    for name in names:
        model.get_submodule(name).requires_grad_(False)


def one_cycle(optimizer: torch.optim.Optimizer, steps: int) -> OneCycleLR:
    """The schedule of our recipes: up for 15 % of the steps, then down in half a cosine."""
    return OneCycleLR(
        optimizer, [group["lr"] for group in optimizer.param_groups], total_steps=steps + 1, pct_start=0.15
    )
