import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.museum.nets import tiny
from transferlab.inference import model_input
from transferlab.museum.evidence import Evidence
from transferlab.museum.symptoms.losses import softmax_twice


def test_probabilities_with_losses_that_stay_above_the_floor(two_colours):
    model = nn.Sequential(*tiny(), nn.Softmax(1)).eval()
    # The least that cross_entropy makes of probabilities is that of a model that is right and sure.
    floor = F.cross_entropy(torch.eye(2), torch.arange(2)).item()
    found = softmax_twice(Evidence(two_colours, model=model, losses=[0.7, 0.5, 0.4]))
    assert found.sure == "certain"
    assert found.numbers["floor"] == pytest.approx(floor)
    assert found.numbers["floor"] == pytest.approx(math.log(math.e + 1) - 1)
    assert softmax_twice(Evidence(two_colours, model=model)).sure == "suspected"
    # A loss that takes probabilities for what they are (nll_loss of their logarithm) falls below it.
    assert softmax_twice(Evidence(two_colours, model=model, losses=[0.7, 0.5, floor - 0.1])) is None


def test_scores_are_no_finding(two_colours):
    assert softmax_twice(Evidence(two_colours, model=tiny().eval(), losses=[0.7, 0.69])) is None


def test_a_softmax_in_the_loop_shows_in_the_losses(two_colours):
    model, train = tiny().eval(), two_colours.train
    x = model_input(model, train.images)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    losses = []
    for _ in range(60):
        loss = F.cross_entropy(model(x).softmax(1), train.labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    found = softmax_twice(Evidence(two_colours, model=model, losses=losses))
    assert found.sure == "suspected"
    assert found.numbers["twice"] == pytest.approx(F.cross_entropy(model(x).softmax(1), train.labels).item(), rel=1e-4)
    assert found.numbers["once"] == pytest.approx(F.cross_entropy(model(x), train.labels).item(), rel=1e-4)
    assert softmax_twice(Evidence(two_colours, model=model, losses=[0.7, found.numbers["once"]])) is None
