import copy

import pytest
import torch

from transferlab.backbones.small_resnet import SmallResNet
from transferlab.boundary import Boundary
from transferlab.freezing import freeze, freeze_to
from transferlab.heads import replace_head
from transferlab.kept_rows import KeptRows
from transferlab.kept_store import KeptStore, kept
from transferlab.recipes import feature_extraction
from transferlab.training import train


def room(count):
    return lambda budget: KeptRows(count, (256,), torch.float32, budget)


def test_the_longest_unused_are_let_go_when_the_budget_is_full():
    store = KeptStore(budget=250 * 1024)  # 250 rows of 1 KB
    first, second = store.rows("first", room(100)), store.rows("second", room(100))
    assert store.rows("first", room(100)) is first
    assert store.megabytes == 0.2
    store.rows("third", room(100))  # 300 KB: one has to go, and "second" was used before "first"
    assert store.rows("first", room(100)) is first
    assert store.rows("second", room(100)) is not second
    store.clear()
    assert store.num_bytes == 0


def test_what_does_not_fit_is_not_shared(monkeypatch, tmp_path):
    monkeypatch.setenv("TRANSFERLAB_CACHE", str(tmp_path))
    store = KeptStore(budget=10)
    assert store.rows("big", room(100)).where == "file"
    assert store.num_bytes == 0


def test_the_default_budget_counts_what_could_be_let_go(monkeypatch):
    monkeypatch.setattr("transferlab.kept_store.available_memory", lambda: 400 * 1024)
    store = KeptStore()
    store.rows("first", room(100))  # a quarter of 400 KB
    assert store._whole_budget() == 125 * 1024


@pytest.fixture
def network():
    torch.manual_seed(0)
    model = SmallResNet(2, width=8)
    freeze(model)
    return model


def test_another_head_and_another_rate_find_what_the_first_run_computed(network, two_colours, monkeypatch):
    twin = copy.deepcopy(network)
    run = train(network, two_colours, feature_extraction(epochs=3), progress=False)
    replace_head(twin, 2, seed=5)
    calls = []
    compute = Boundary._compute
    monkeypatch.setattr(Boundary, "_compute", lambda self, rows: calls.append(len(rows)) or compute(self, rows))
    again = train(twin, two_colours, feature_extraction(epochs=3, head_lr=1e-2), progress=False)
    assert again.phases[0].kept_at == run.phases[0].kept_at == "fc"
    assert calls == []
    assert len(kept._entries) == 2  # training and held-out images, once for both runs


def test_a_run_on_what_another_one_kept_is_the_run_without_bit_for_bit(network, two_colours):
    twin = copy.deepcopy(network)
    first = train(network, two_colours, feature_extraction(epochs=3), progress=False)
    second = train(twin, two_colours, feature_extraction(epochs=3), progress=False)
    assert first == second
    assert all(
        torch.equal(a, b) for a, b in zip(network.state_dict().values(), twin.state_dict().values(), strict=True)
    )


def test_boundaries_of_one_store_share_and_a_change_separates_them(network, two_colours):
    store, index = KeptStore(), torch.arange(32)
    one = Boundary(network, two_colours.train, store=store)
    one(index)
    twin = copy.deepcopy(network)
    other = Boundary(twin, two_colours.train, store=store)
    assert torch.equal(other.features(index), one.features(index))
    assert other.images_computed == 0
    with torch.no_grad():
        twin.conv1.weight.mul_(2)
    changed = other.features(index)
    assert not torch.equal(changed, one.features(index))
    assert (one.images_computed, other.images_computed) == (32, 32)
    with torch.no_grad():
        twin.conv1.weight.div_(2)  # exact, so that the first entry is the right one again
    assert torch.equal(other.features(index), one.features(index))
    assert other.images_computed == 32


def test_what_was_computed_while_weights_changed_unseen_is_forgotten_for_all(network, two_colours):
    store, index = KeptStore(), torch.arange(32)
    one = Boundary(network, two_colours.train, store=store)
    right = one.features(index)
    store.clear()
    one = Boundary(network, two_colours.train, store=store)
    network.conv1.weight.data.mul_(2)  # uncounted by torch
    assert not torch.equal(one.features(index), right)  # kept under the old name
    assert not one.check()
    network.conv1.weight.data.div_(2)
    assert torch.equal(Boundary(network, two_colours.train, store=store).features(index), right)


def test_other_views_lines_and_modes_have_entries_of_their_own(network, two_colours):
    store = KeptStore()
    for views in (1, 2):
        Boundary(network, two_colours.train, views, store=store)
    freeze_to(network, "layer4")
    Boundary(network, two_colours.train, store=store)
    assert len(store._entries) == 3
    network.layer1[0].conv1.register_forward_hook(lambda module, inputs, output: None)
    Boundary(network, two_colours.train, store=store)
    assert len(store._entries) == 3  # hooks have no name, so nothing is shared
