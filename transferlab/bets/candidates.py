"""Networks to bet on that exist offline: pretrained, pretrained and then moved on, pretrained in part, and random.

    candidates = offline_candidates(seed=0)
    print(list(candidates))

Left out: other pretrained architectures, which need a network or a cache; give your own in a dict beside these.
"""

from torch import nn

from transferlab.backbones import load
from transferlab.data import worlds
from transferlab.errors import unknown
from transferlab.heads import replace_head
from transferlab.randomness import OwnRandomness
from transferlab.recipes import fine_tuning
from transferlab.stages import stages
from transferlab.training import train

ANOTHER_WORLD = "satellite"  # none of the source's pictures, nor of those of "objects"
ANOTHER_ARCHITECTURE = "timm/test_efficientnet"  # of timm's smallest, 0.36 M parameters


def offline_candidates(seed: int = 0, epochs: int = 4) -> dict[str, nn.Module]:
    """Six networks, from well pretrained to random; the same seed gives the same.

        >>> list(offline_candidates())
        ['bundled', 'bundled, then satellite', 'bundled up to layer3', 'bundled up to layer2', 'random', 'random, …']

    The second is fine-tuned on that drawn world for `epochs` epochs (20 images a class) and keeps the head that it
    learned there. In the third and fourth the stages above are random. All take images of 64×64.

    Raises:
        ValueError: `seed` or `epochs` is no whole number that makes sense.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed is a whole number of at least 0; you gave {seed!r}.")
    return {
        "bundled": _loaded("bundled"),
        f"bundled, then {ANOTHER_WORLD}": _moved_on(seed, epochs),
        "bundled up to layer3": partly_pretrained("layer3", seed),
        "bundled up to layer2": partly_pretrained("layer2", seed),
        "random": _loaded("bundled", False, seed),
        f"random, {ANOTHER_ARCHITECTURE.partition('/')[2]}": _loaded(ANOTHER_ARCHITECTURE, False, seed),
    }


def partly_pretrained(last: str, seed: int = 0) -> nn.Module:
    """The bundled backbone with pretrained weights up to the stage `last`, and random ones above.

        >>> partly_pretrained("layer2", seed=0)

    Raises:
        ValueError: no such stage.
    """
    pretrained, model = _loaded("bundled"), _loaded("bundled", False, seed)
    found = stages(pretrained)
    if last not in found.names:
        raise unknown("stage", last, found.names, owner="The bundled backbone's stages are")
    for stage in list(found)[: found.index(last) + 1]:
        for name in stage.modules:
            model.get_submodule(name).load_state_dict(pretrained.get_submodule(name).state_dict())
    return model


def _loaded(name: str, pretrained: bool = True, seed: int = 0) -> nn.Module:
    """A network whose random weights, even those that pretrained ones replace, are drawn from a stream of their own."""
    with OwnRandomness(seed):
        return load(name, pretrained=pretrained)


def _moved_on(seed: int, epochs: int) -> nn.Module:
    model, data = _loaded("bundled"), worlds.target(ANOTHER_WORLD, per_class=20, seed=seed)
    replace_head(model, data.train.num_classes, seed=seed)
    train(model, data, fine_tuning(epochs=epochs, head_epochs=epochs), seed=seed, progress=False)
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    return model
