import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from transferlab.museum import fed
from transferlab.museum.fed import fingerprints, read

PIXELS = torch.randint(0, 256, (6, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_batches_come_in_order_and_copies_are_looked_at_once():
    rows = torch.tensor([0, 1, 1, 2, 3, 0])
    found = read(DataLoader(TensorDataset(PIXELS[rows], rows), batch_size=4))
    assert [batch.tolist() for batch in found.batches] == [[0, 1, 1, 2], [3, 0]]
    assert len(found.fingerprints) == 6
    assert len(set(found.fingerprints)) == 4
    assert found.labels.tolist() == [0, 1, 2, 3]
    assert torch.equal(found.images, PIXELS[:4])


def test_an_image_and_its_mirror_image_are_one_and_nothing_else_is():
    prints = fingerprints(PIXELS)
    assert len(set(prints)) == 6
    assert fingerprints(PIXELS.flip(3)) == prints
    assert set(fingerprints(PIXELS.flip(2))).isdisjoint(prints)
    changed = PIXELS.clone()
    changed[0, 2, 7, 7] ^= 1
    assert [one == other for one, other in zip(fingerprints(changed), prints, strict=True)] == [False] + [True] * 5


def test_the_last_bit_of_a_float_makes_no_other_picture():
    floats = PIXELS.float() / 255
    assert fingerprints(floats) == fingerprints((PIXELS.double() / 255).float() + 1e-7)


def test_a_long_loader_is_left_early(monkeypatch):
    monkeypatch.setattr(fed, "MOST", 4)
    assert len(read(DataLoader(TensorDataset(PIXELS, torch.arange(6)), batch_size=2)).fingerprints) == 4


def test_other_loaders_are_refused():
    with pytest.raises(ValueError, match="does not give pairs"):
        read(DataLoader(TensorDataset(PIXELS)))
    with pytest.raises(ValueError, match="no batch at all"):
        read([])

    def broken():
        yield PIXELS, torch.arange(6)
        raise FileNotFoundError("ants/1.jpg")

    with pytest.raises(ValueError, match=r"Your loader raised FileNotFoundError: ants/1\.jpg"):
        read(broken())
