"""What a good engineer writes by hand today: features once, then scikit-learn's logistic regression on them.

It minimises another way (L-BFGS to the end, no epochs), so that it stands beside the others and not among them.
"""

from collections.abc import Callable

import torch

from transferlab.bench.plain import features
from transferlab.bench.task import Task


def head(task: Task) -> Callable[[Callable[[float], None]], float]:
    """Features in batches of 250, channels last, in eval mode; then LogisticRegression."""
    from sklearn.linear_model import LogisticRegression

    x, labels, y, held_out_labels = task.tensors()
    model = task.model().to(memory_format=torch.channels_last).eval()

    def run(seen: Callable[[float], None]) -> float:
        with torch.no_grad():
            train, held_out = (
                torch.cat(
                    [features(model, part.contiguous(memory_format=torch.channels_last)) for part in images.split(250)]
                )
                for images in (x, y)
            )
        classifier = LogisticRegression(max_iter=1000).fit(train.numpy(), labels.numpy())
        accuracy = float(classifier.score(held_out.numpy(), held_out_labels.numpy()))
        seen(accuracy)
        return accuracy

    return run
