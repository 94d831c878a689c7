"""The doctor: what is wrong with this training, judged by what it left behind.

    trained = EXHIBITS["eval_forgotten"].broken(data)
    print(doctor(trained, data))
    print(doctor(model, data, optimizer=optimizer, losses=losses, predict=predict))

The more evidence, the more can be examined; what cannot is listed. Everything is measured on the model, the losses, the
loaders and the author's own evaluation: code is never read. Left out: tasks that are not one label an image.
"""

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from transferlab.data.images import Splits
from transferlab.heads import heads_of, out_features_of
from transferlab.museum.evidence import Evidence
from transferlab.museum.exhibit import Trained
from transferlab.museum.report import CERTAIN, Finding, Report, Unexamined
from transferlab.museum.symptoms import SYMPTOMS
from transferlab.records import Run


def doctor(
    given: Trained | Run | nn.Module,
    data: Splits,
    *,
    model: nn.Module | None = None,
    before: nn.Module | Mapping[str, Tensor] | None = None,
    optimizer: Optimizer | None = None,
    losses: Sequence[float] | None = None,
    reported: float | None = None,
    predict: Callable[[Tensor], Tensor] | None = None,
    loader: DataLoader | None = None,
    validation: DataLoader | None = None,
) -> Report:
    """Examine a trained model, a Run (with `model=`, the model that it trained) or what an exhibit left behind.

        >>> doctor(trained, data).causes
        ('eval_forgotten',)

    `data` holds the true labels. `before` is the model or its `state_dict()` before training; for a backbone that
    `load` brought, its weights are loaded again where it is left out. `losses` is one a batch, `reported` the accuracy
    0…1 that was counted. `predict` is your own evaluation, from uint8 `(N, 3, H, W)` to `(N, classes)` or `(N,)`;
    `loader` and `validation` give `(images, labels)`. Nothing of it is changed. It takes about as long as a pass over
    the images.

    Raises:
        ValueError: what was given is none of these, `data` is no Splits, the head does not fit the classes, `before` is
            of another architecture, or `reported` lies outside 0…1.
    """
    if not isinstance(data, Splits):
        raise ValueError(
            f"The doctor needs images with true labels; you gave {type(data).__name__}. Type doctor(model, data), "
            "where data is images.split(0.2) or worlds.target('objects')."
        )
    found = vars(given).copy() if isinstance(given, Trained) else {}
    if isinstance(given, nn.Module):
        found["model"] = given
    elif isinstance(given, Run):
        found |= {"run": given, "reported": given.accuracy, "losses": _epoch_losses(given)}
    elif not found:
        raise ValueError(
            f"The doctor examines a model, a Run or what an exhibit gave; you gave {type(given).__name__}. Type "
            "doctor(model, data, optimizer=optimizer, predict=predict)."
        )
    extra = {
        "model": model, "before": before.state_dict() if isinstance(before, nn.Module) else before,
        "optimizer": optimizer, "losses": losses, "reported": reported, "predict": predict, "loader": loader,
        "validation": validation,
    }  # fmt: skip
    evidence = Evidence(data, **{**found, **{name: value for name, value in extra.items() if value is not None}})
    _check(evidence)
    return examine(evidence)


def examine(evidence: Evidence) -> Report:
    """Look for every symptom in turn.

    >>> examine(Evidence(data, model=model)).unexamined
    """
    results = {cause: _looked(symptom, cause, evidence) for cause, symptom in SYMPTOMS.items()}
    findings = [result for result in results.values() if isinstance(result, Finding)]
    return Report(
        tuple(sorted(findings, key=lambda finding: finding.sure != CERTAIN)),
        tuple(cause for cause, result in results.items() if result is None),
        tuple(result for result in results.values() if isinstance(result, Unexamined)),
    )


def _looked(symptom: Callable, cause: str, evidence: Evidence) -> Finding | Unexamined | None:
    try:
        return symptom(evidence)
    except ValueError as error:  # the author's predict and loaders are theirs, and may fail in any way
        return Unexamined(cause, str(error))


def _check(evidence: Evidence) -> None:
    reported, model, classes = evidence.reported, evidence.model, evidence.num_classes
    if reported is not None and not 0 <= reported <= 1:
        raise ValueError(f"reported is an accuracy within 0…1; you gave {reported!r}. Divide percent by 100.")
    if model is None:
        return
    if evidence.before is not None and evidence.start is None:
        raise ValueError("before is of another architecture than the model: not one name and shape is the same.")
    heads = heads_of(model) if evidence.head_names else {}
    for name, head in heads.items():
        outputs = out_features_of(head)
        if outputs is not None and outputs != classes:
            raise ValueError(f"The head '{name}' has {outputs} outputs and the data {classes} classes.")


def _epoch_losses(run: Run) -> list[float]:
    return [epoch.train_loss for epoch in run.epochs if epoch.train_loss is not None]
