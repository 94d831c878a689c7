"""A few pictures of a drawn world, fast enough to follow a slider.

    preview = WorldPreview()
    preview.draw(WorldData("objects", domain_gap=0.3))
    preview.draw(WorldData("objects", domain_gap=0.4))     # the same things, in some hundredths of a second

Drawing the things takes long, moving them away or tagging them does not: so the things are drawn once, small, and kept.
What comes out equals `worlds.target` at this size, bit for bit. Left out: the budget; the examples are always as many.
"""

from transferlab.data import worlds
from transferlab.data.images import ImageSet
from transferlab.data.worlds import gap, shortcut, stream
from transferlab.lab.data.data_choice import WorldData

PER_CLASS = 5  # of eight classes: a page of the grid
SIZE = 48  # pixels a side


class WorldPreview:
    """Draws examples of a world and keeps the last one's things.

    >>> WorldPreview().draw(WorldData("tissue")).images.shape
    torch.Size([40, 3, 48, 48])
    """

    def __init__(self) -> None:
        self._of: tuple[str, str, int] | None = None
        self._plain: ImageSet | None = None

    def draw(self, choice: WorldData) -> ImageSet:
        """Pictures to train on as the choice would have them.

        Raises:
            ValueError: a target, task or knob that does not exist.
        """
        for knob in ("domain_gap", "shortcut"):
            if not 0 <= getattr(choice, knob) <= 1:
                raise ValueError(f"{knob} lies between 0 and 1; you gave {getattr(choice, knob)!r}.")
        plain = self._things(choice)
        assert plain.masks is not None, "every world draws its masks"
        part = f"{choice.name}/train"
        images, masks = gap.widen(plain.images, plain.masks, choice.domain_gap, stream(f"{part}/gap", choice.seed))
        if choice.shortcut > 0:
            tags_of = stream(f"{part}/tags", choice.seed)
            tags = shortcut.choose_tags(plain.labels, plain.num_classes, choice.shortcut, tags_of)
            images, masks = shortcut.stick(images, masks, tags)
        return ImageSet(images, plain.labels, plain.class_names, masks)

    def _things(self, choice: WorldData) -> ImageSet:
        key = choice.name, choice.task, choice.seed
        if self._plain is None or self._of != key:
            drawn = worlds.target(
                choice.name, PER_CLASS, task=choice.task, seed=choice.seed, size=SIZE, held_out_per_class=1
            )  # fmt: skip
            self._of, self._plain = key, drawn.train
        return self._plain
