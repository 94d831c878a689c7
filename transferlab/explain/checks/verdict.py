"""The lie detector: every check on every method, and a verdict in plain words.

    for verdict in judge(model, data.held_out): print(verdict)

What the checks are and whom they follow is in their files; here are the rules, fixed before anything was measured, and
in `table.py` how it is laid out. Left out: one number for it all. A method fails or is doubted for a reason, and the
reason is what there is to learn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from transferlab.data.images import ImageSet
from transferlab.data.worlds import tag_mask
from transferlab.data.worlds.shortcut import GROUPS
from transferlab.errors import unknown
from transferlab.explain.checks.deletion import Removal, deletion, insertion
from transferlab.explain.checks.estimate import Estimate, estimate
from transferlab.explain.checks.faithfulness import infidelity, sensitivity_max
from transferlab.explain.checks.inside import Inside, attribution_inside
from transferlab.explain.checks.methods import Method, check_method, is_blank, maps_of, name_of, prepared
from transferlab.explain.checks.randomisation import Randomisation, parameter_randomisation
from transferlab.explain.requests import Target

METHODS = ("grad_cam", "guided_grad_cam", "integrated_gradients", "saliency")
CHECKS = ("randomisation", "deletion", "insertion", "infidelity", "sensitivity", "inside", "shortcut")
MOSTLY_BLANK = 0.5  # more blank maps than this: what the others show is not what the method shows
UNSTEADY = 1.0  # noise that nobody sees changes the map by as much as there is in it
NO_BETTER = 1.0  # share inside ÷ share of the area: what a map that knows nothing gets


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the checks say about one method: `verdict` is "trust", "doubt", "fails", "unjudged" or "cannot".

    `reasons` led to it, `remarks` are about the model and change nothing. Results of checks that did not run are None.
    `infidelity` is the share left unsaid, `sensitivity` the largest change as a share of the map. `maps`, `(N, H, W)`,
    are those of the `num_images` images looked at; `num_blank` of them are blank.
    """

    method: str
    verdict: str
    reasons: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    num_images: int = 0
    num_blank: int = 0
    randomisation: Randomisation | None = None
    deletion: Removal | None = None
    insertion: Removal | None = None
    infidelity: Estimate | None = None
    sensitivity: Estimate | None = None
    inside: Inside | None = None
    shortcut: Inside | None = None
    maps: Tensor | None = field(default=None, repr=False)

    @property
    def words(self) -> str:
        """The verdict with its reasons: "fails: survives randomisation"."""
        return f"{self.verdict}: {'; '.join(self.reasons)}" if self.reasons else self.verdict

    def __str__(self) -> str:
        return "\n".join([f"{self.method}: {self.words}", *self.remarks])


def judge(
    model: nn.Module,
    images: ImageSet,
    methods: Sequence[Method] = METHODS,
    *,
    target: Target = None,
    seed: int = 0,
    checks: Sequence[str] | None = None,
    num_images: int = 8,
    num_seeds: int = 2,
    every_stage: bool = False,
    batch_size: int = 50,
) -> tuple[Verdict, ...]:
    """Put methods to the test on `num_images` images drawn by `seed`; the model stays as it is.

        >>> for verdict in judge(model, data.held_out, ("grad_cam", "saliency"), num_images=40): print(verdict)
        grad_cam: trust
        saliency: doubt: its pixels are not shown to matter more than chance, on 40 images

    A method is a name that `explain` knows or a function `(model, images, targets) -> maps`. `checks` are some of
    `CHECKS`, None for all that the images allow: "inside" needs masks, "shortcut" a tag (`worlds.target(shortcut=…)`).
    The class explained is what the model predicts, or `target`. `num_seeds` and `every_stage` are for randomisation.
    The rules, in this order:

    - *fails* when the signed maps still correlate with themselves at `SURVIVES` or more after every weight was redrawn.
    - *doubt* when more than `MOSTLY_BLANK` of the maps are blank, or so many after redrawing that nothing can be said;
      when only the outline survives (the map without its signs: it shows the picture, and the model in its signs);
      when the map survives the redrawing of the upper half of the stages, where classes are told apart; when both
      deletion and insertion ran and neither is better than chance by more than its interval, which few images make
      wide (8 for a first look, 40 for a table that one shows); when the sensitivity is at `UNSTEADY` or more.
    - *trust* when randomisation ran and nothing of this holds, else *unjudged*; *cannot* when `explain` refuses.

    Infidelity decides nothing, since Grad-CAM and saliency do not claim to add up. Inside and shortcut decide nothing
    either: a true map of a model that looks at the wrong place lies on the wrong place. They become remarks.

    Raises:
        ValueError: no such method or check, or a check that these images do not allow.
    """
    if isinstance(methods, str) or not len(methods):
        raise ValueError(f"methods is a list of methods, such as ('grad_cam', 'saliency'); you gave {methods!r}.")
    for method in methods:
        check_method(method)
    if not isinstance(images, ImageSet):
        raise ValueError(f"judge() takes an ImageSet, such as data.held_out; you gave {type(images).__name__}.")
    if isinstance(num_images, bool) or not isinstance(num_images, int) or num_images < 2:
        raise ValueError(f"num_images is a whole number, 2 or more; you gave {num_images!r}.")
    wanted = _allowed(images, checks)
    shuffled = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    chosen = images.subset(shuffled[:num_images].sort().values)
    if isinstance(target, Sequence | Tensor) and not isinstance(target, str) and torch.as_tensor(target).ndim:
        target = torch.as_tensor(target)[shuffled[:num_images].sort().values]
    _, _, targets = prepared(model, chosen, target)
    return tuple(
        _judged(model, chosen, method, targets, seed, wanted, num_seeds, every_stage, batch_size) for method in methods
    )


def _allowed(images: ImageSet, checks: Sequence[str] | None) -> tuple[str, ...]:
    lacking = {}
    if images.masks is None:
        lacking["inside"] = "true masks, as the sets of transferlab.worlds have them"
    if images.group_names != GROUPS:
        lacking["shortcut"] = "a planted tag: worlds.target(…, shortcut=0.9)"
    if checks is None:
        return tuple(name for name in CHECKS if name not in lacking)
    for name in checks:
        if name not in CHECKS:
            raise unknown("check", name, CHECKS, owner="Checks are")
        if name in lacking:
            raise ValueError(f"The check '{name}' needs {lacking[name]}; these images have none.")
    return tuple(checks)


def _judged(
    model: nn.Module,
    images: ImageSet,
    method: Method,
    targets: Tensor,
    seed: int,
    checks: tuple[str, ...],
    num_seeds: int,
    every_stage: bool,
    batch_size: int,
) -> Verdict:
    name = name_of(method)
    inside, pixels, _ = prepared(model, images, targets)
    try:
        maps = maps_of(method, inside, pixels, targets, batch_size=batch_size)
    except ValueError as refusal:
        if not isinstance(method, str):
            raise
        return Verdict(name, "cannot", (str(refusal),), num_images=len(images))
    done: dict = {}
    options = {"seed": seed, "batch_size": batch_size}
    if "randomisation" in checks:
        seeds = range(seed, seed + num_seeds)
        done["randomisation"] = parameter_randomisation(
            model, images, method, targets, seeds=seeds, every_stage=every_stage, batch_size=batch_size
        )
    if "deletion" in checks:
        done["deletion"] = deletion(model, images, maps, targets, **options)
    if "insertion" in checks:
        done["insertion"] = insertion(model, images, maps, targets, **options)
    if "infidelity" in checks:
        done["infidelity"] = estimate(infidelity(model, images, maps, targets, **options), seed)
    if "sensitivity" in checks:
        done["sensitivity"] = estimate(sensitivity_max(model, images, method, targets, **options), seed)
    if "inside" in checks:
        done["inside"] = attribution_inside(maps, images.masks, seed)
    if "shortcut" in checks:
        done["shortcut"] = attribution_inside(maps, tag_mask(images.size[0]), seed)
    found = Verdict(name, "", (), (), len(images), int(is_blank(maps).sum()), maps=maps, **done)
    verdict, reasons = ruling(found)
    return Verdict(name, verdict, reasons, _remarks(found), len(images), found.num_blank, maps=maps, **done)


def ruling(found: Verdict) -> tuple[str, tuple[str, ...]]:
    """The rules of `judge`, applied to results: the verdict and its reasons.

    >>> ruling(Verdict("edges", "", randomisation=survived))
    ('fails', ('survives randomisation',))
    """
    random = found.randomisation
    if random is not None and random.survives:
        return "fails", ("survives randomisation",)
    doubts = []
    if found.num_images and found.num_blank > MOSTLY_BLANK * found.num_images:
        doubts.append(f"blank for {found.num_blank} of {found.num_images} images")
    elif random is not None and random.survives is None:
        doubts.append("blank too often after randomisation to tell")
    if random is not None and random.outline_survives and not random.survives:
        doubts.append("its outline survives randomisation")
    if random is not None and random.deaf_above:
        doubts.append("does not hear the upper stages")
    gains = [one.gain for one in (found.deletion, found.insertion) if one is not None and one.gain is not None]
    if len(gains) == 2 and all(gain.low <= 0 for gain in gains):
        # With few images this is want of proof, and no proof that they do not matter.
        fewest = min(gain.num_images for gain in gains)
        doubts.append(f"its pixels are not shown to matter more than chance, on {fewest} images")
    if found.sensitivity is not None and found.sensitivity.mean >= UNSTEADY:
        doubts.append("changes with noise that nobody sees")
    if doubts:
        return "doubt", tuple(doubts)
    return ("trust", ()) if random is not None else ("unjudged", ("randomisation was not checked",))


def _remarks(found: Verdict) -> tuple[str, ...]:
    remarks = []
    if found.inside is not None and found.inside.share is not None and found.inside.share.high < NO_BETTER:
        remarks.append(f"less on the object than chance would put there: {found.inside.share} × its area.")
    if found.shortcut is not None and found.shortcut.share is not None and found.shortcut.share.low > NO_BETTER:
        remarks.append(f"the tag gets {found.shortcut.share} × its area: the model may answer by it.")
    return tuple(remarks)
