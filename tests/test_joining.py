import pytest
import torch.distributed as dist

from transferlab.joining import join
from transferlab.many_processes import ALONE

SEVERAL = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}


@pytest.mark.parametrize("missing", [*SEVERAL, None])
def test_a_process_is_alone_where_not_all_is_said_about_the_others(monkeypatch, missing):
    for name, value in SEVERAL.items():
        monkeypatch.delenv(name, raising=False)
        if missing and name != missing:
            monkeypatch.setenv(name, value)
    assert join() is ALONE
    assert not dist.is_initialized()


def test_a_world_of_one_is_alone(monkeypatch):
    for name, value in {**SEVERAL, "WORLD_SIZE": "1"}.items():
        monkeypatch.setenv(name, value)
    assert join() is ALONE
    assert not dist.is_initialized()


def test_others_who_do_not_come_are_missed_in_a_sentence(monkeypatch):
    for name, value in SEVERAL.items():
        monkeypatch.setenv(name, value)

    def nobody(*arguments, **named):
        raise dist.DistNetworkError("The client socket has timed out.\nMore about it")

    monkeypatch.setattr(dist, "init_process_group", nobody)
    with pytest.raises(
        ValueError, match=r"Process 0 of 2 .* is gone or did not answer .*\(The client socket has timed out\.\)"
    ):
        join()
