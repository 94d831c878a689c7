import errno

import pytest
import torch

from transferlab.kept_rows import KeptRows


@pytest.mark.parametrize(("budget", "where"), [(10**6, "memory"), (0, "file")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_written_is_read_in_any_order(tmp_path, budget, where, dtype):
    rows = KeptRows(10, (2, 3), dtype, budget, tmp_path)
    assert rows.where == where
    values = torch.randn(10, 2, 3, generator=torch.Generator().manual_seed(0)).to(dtype)
    for some in (torch.tensor([7, 2]), torch.tensor([0, 9, 4])):
        rows.write(some, values[some])
    assert rows.present.nonzero().flatten().tolist() == [0, 2, 4, 7, 9]
    assert not rows.is_full
    order = torch.tensor([9, 2, 2, 0])
    assert torch.equal(rows.read(order), values[order])
    rows.write(torch.arange(10), values)
    assert rows.is_full
    rows.forget()
    assert not rows.present.any()
    assert not rows.is_full


def test_a_file_leaves_nothing_behind(tmp_path):
    rows = KeptRows(10, (4,), torch.float32, 0, tmp_path)
    rows.write(torch.arange(10), torch.zeros(10, 4))
    del rows
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_a_reason_and_no_crash(tmp_path):
    (tmp_path / "file").write_text("")
    rows = KeptRows(10, (4,), torch.float32, 0, tmp_path / "file" / "below")
    assert rows.where == "nowhere"
    assert "Cannot keep" in rows.reason
    rows.write(torch.arange(10), torch.zeros(10, 4))
    assert not rows.present.any()


def test_a_full_disk_gives_everything_up(tmp_path):
    rows = KeptRows(10, (4,), torch.float32, 0, tmp_path)
    rows.write(torch.arange(3), torch.zeros(3, 4))

    class Full:
        def seek(self, position): ...

        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    rows._file = Full()
    rows.write(torch.arange(3, 6), torch.zeros(3, 4))
    assert (rows.where, bool(rows.present.any())) == ("nowhere", False)
    assert "No space left" in rows.reason
