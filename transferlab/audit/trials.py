"""Try the remedies side by side, over seeds: what each gives and what it costs.

    trial = try_remedies(model, data.train, data.held_out, seeds=range(5))
    print(trial)

Besides the three remedies a control: the last layer trained anew on the same images as they are. What it gains comes
from the new head, and not from knowing the groups. Each set goes through the backbone once. Left out: choosing the best
by these figures and reporting them for it; take further images for that.
"""

import time
from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from transferlab.audit.answers import answers_of, last_layer, last_layer_features
from transferlab.audit.attributes import read_attributes
from transferlab.audit.bias_audit import audit_answers
from transferlab.audit.group_dro import robust_head
from transferlab.audit.last_layer import softmax_regression
from transferlab.audit.remedies import balanced_rows, full_cells, reweighted_head
from transferlab.audit.trial_report import RemedyResult, RemedyTrial
from transferlab.data.checks import described, listed
from transferlab.data.folder_report import fingerprint
from transferlab.data.images import ImageSet

Head = Callable[[int], tuple[Tensor, Tensor]]  # from a seed to weight (C, D) and bias (C,)


def try_remedies(
    model: nn.Module,
    train: ImageSet,
    held_out: ImageSet,
    balanced: ImageSet | None = None,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
) -> RemedyTrial:
    """Try every remedy on a model whose last layer is linear, and audit each on the held-out images.

        >>> print(try_remedies(model, data.train, data.held_out))
        >>> try_remedies(model, data.train, data.held_out, balanced=more_images)["group DRO"].gaps

    The remedies learn from `train`; deep feature reweighting from `balanced` where it is given: images with known
    groups that the model was not trained on. All sets have groups (see `with_groups`). The model stays as it is.

    Raises:
        ValueError: sets without groups or of other classes or groups, held-out images among those that are learned
            from, groups too small to compare, fewer than two seeds, or a last layer that is not linear.
    """
    seeds = _checked_seeds(seeds)
    last_layer(model)
    reweighted = train if balanced is None else balanced
    _check_fits("train", train, held_out)
    _check_fits("balanced", reweighted, held_out)
    columns = read_attributes(None, held_out).columns
    before = audit_answers(answers_of(model, held_out), held_out, columns)
    if before.main.gap is None:
        raise ValueError(f"{before.main.verdict} Give more held-out images.")
    seen = last_layer_features(model, held_out)
    x, seconds = _timed_features(model, train)
    x_reweighted, seconds_reweighted = (x, seconds) if balanced is None else _timed_features(model, balanced)
    labels, num_classes = train.labels.cpu(), train.num_classes

    def unbalanced(seed: int) -> tuple[Tensor, Tensor]:
        return softmax_regression(x, labels, num_classes)

    def resampled(seed: int) -> tuple[Tensor, Tensor]:
        rows = balanced_rows(train, seed)
        return softmax_regression(x[rows], labels[rows], num_classes)

    def tried(remedy: str, head: Head, num_known: int, pass_seconds: float, seeds: Sequence[int]) -> RemedyResult:
        started = time.perf_counter()
        heads = [head(seed) for seed in seeds]
        took = pass_seconds + (time.perf_counter() - started) / len(seeds)
        audits = (audit_answers(_answers(seen, *one), held_out, columns) for one in heads)
        return RemedyResult(remedy, tuple(audits), num_known, took)

    trials: list[tuple[str, Head, ImageSet, float]] = [
        ("balanced sampling", resampled, train, seconds),
        (
            "deep feature reweighting",
            lambda seed: reweighted_head(x_reweighted, reweighted, seed)[:2],
            reweighted,
            seconds_reweighted,
        ),
    ]
    results = [RemedyResult("as it is", (before,), 0, 0.0)]
    results.append(tried("new head, same images", unbalanced, 0, seconds, seeds[:1]))  # it draws nothing
    notes = []
    for remedy, head, images, pass_seconds in trials:
        try:
            full_cells(images)
        except ValueError as error:
            notes.append(f"{remedy} was not tried: {error}")
        else:
            results.append(tried(remedy, head, len(images), pass_seconds, seeds))
    results.append(tried("group DRO", lambda seed: robust_head(x, train, seed), len(train), seconds, seeds))
    return RemedyTrial(tuple(results), tuple(seeds), tuple(notes))


def _timed_features(model: nn.Module, images: ImageSet) -> tuple[Tensor, float]:
    started = time.perf_counter()
    return last_layer_features(model, images), time.perf_counter() - started


def _answers(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """In single precision, as the model itself would give them."""
    return F.linear(features, weight.float(), bias.float())


def _checked_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    given = tuple(seeds) if isinstance(seeds, Sequence) and not isinstance(seeds, str) else None
    if given is None or any(isinstance(seed, bool) or not isinstance(seed, int) for seed in given):
        raise ValueError(f"seeds are whole numbers such as (0, 1, 2, 3, 4) or range(5); you gave {seeds!r}.")
    if len(set(given)) < 2 or len(set(given)) < len(given):
        raise ValueError(f"An interval over seeds needs at least two, all different; you gave {given}.")
    return given


def _check_fits(name: str, images: object, held_out: object) -> None:
    """The two sets agree in classes and groups, and have no image in common."""
    for one, given in ((name, images), ("held_out", held_out)):
        if not isinstance(given, ImageSet) or given.groups is None:
            what = "an ImageSet without groups" if isinstance(given, ImageSet) else described(given)
            raise ValueError(
                f"{one} is an ImageSet with groups; you gave {what}. Type with_groups(images, 'table.csv', 'column')."
            )
    assert isinstance(images, ImageSet)
    assert isinstance(held_out, ImageSet)
    for what in ("class_names", "group_names"):
        if getattr(images, what) != getattr(held_out, what):
            raise ValueError(
                f"{name} and held_out must have the same {what}; you gave {listed(getattr(images, what))} and "
                f"{listed(getattr(held_out, what))}."
            )
    known = {fingerprint(pixels.numpy()) for pixels in images.images}
    common = sum(fingerprint(pixels.numpy()) in known for pixels in held_out.images)
    if common:
        raise ValueError(
            f"{common} of {len(held_out)} held-out images are also in {name}, from which remedies learn: they would be "
            "judged on what they know by heart. Divide the set first: images.split(0.5)."
        )
