"""A tiny network of one's own and two colours, so that a lab's run takes a fraction of a second."""

import time

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.lab.session import Session, end_every_run


def small_network(num_classes=5):
    torch.manual_seed(0)
    return SmallResNet(num_classes, width=8)


def until(true, seconds=20.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


@pytest.fixture
def make_session(two_colours):
    """Sessions that are closed afterwards."""
    made = []

    def make(backbone=None, data=two_colours, **settings):
        settings = {"recipe": "mine", "epochs": 2, "batch_size": 8, **settings}
        made.append(Session(small_network() if backbone is None else backbone, data, **settings))
        return made[-1]

    yield make
    for session in made:
        session.close()
    end_every_run()


@pytest.fixture
def slow_steps(monkeypatch):
    """Every batch takes at least 10 ms, so that a run is still on when a button is pressed."""
    from transferlab.batch_gradient import BatchGradient

    gradient = BatchGradient.__call__

    def slowly(self, index):
        time.sleep(0.01)
        return gradient(self, index)

    monkeypatch.setattr(BatchGradient, "__call__", slowly)
