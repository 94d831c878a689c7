"""Whether the processes that train one run were given the same run: told at its start, and not by a strange result.

    check_same(loop)

Left out: every pixel of every image. Other sets differ in some of them too.
"""

import torch

from transferlab.data.labelled import LabelledSet
from transferlab.identity import fingerprint
from transferlab.loop import Loop

COMPARED = 256  # images of each set that are looked at, so that a file need not be read whole


def check_same(loop: Loop) -> None:
    """Nothing, or an error that says what differs: seed, recipe, weights, images, or the checkpoint to go on from.

        >>> check_same(loop)
        ValueError: The processes of one run must be given the same, and process 1 differs from process 0 in: seed (1, …

    Raises:
        ValueError: as above, in every process.
    """
    if loop.processes.number == 1:
        return
    recipe, data = loop.recipe.to_plain(), loop.data
    loop.processes.check_same(
        {
            "recipe": recipe.pop("name"),
            "the recipe's numbers": str(recipe),
            "seed": loop.seed,
            "weights": fingerprint(dict(loop.model.state_dict())),
            "training images": _name(data.train),
            "held-out images": _name(data.held_out),
            "source images": _name(loop.memory.images) if loop.memory else "none",
            "measurements_per_epoch": loop.measurements_per_epoch,
            "the checkpoint's step": loop.at.step,
        }
    )


def _name(images: LabelledSet) -> str:
    """Every label and some of the pixels, hashed."""
    some = torch.linspace(0, len(images) - 1, min(len(images), COMPARED)).long()
    classes = torch.tensor(list("\n".join(images.class_names).encode()), dtype=torch.uint8)
    return fingerprint({"pixels": images.rows[some], "labels": images.labels, "classes": classes})
