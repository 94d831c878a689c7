"""What holds for every test: no network, and one way to make small data."""

import os
import socket

import pytest
import torch

os.environ.setdefault("MPLBACKEND", "Agg")
if "PYTEST_XDIST_WORKER" in os.environ:  # two processes with two threads each would wait for each other
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
os.environ["TRANSFERLAB_PRECISION"] = "fp32"  # expected values must not depend on what is quicker on this machine


class NetworkTouched(AssertionError):
    pass


@pytest.fixture(autouse=True, scope="session")
def no_network():
    """Any attempt to reach another machine fails the test that made it; sockets within this process stay possible."""
    patch = pytest.MonkeyPatch()
    connect = socket.socket.connect

    def refuse(*arguments, **_):
        raise NetworkTouched(f"A test tried to touch the network: {arguments[-1]!r}.")

    def connect_locally(self, address):
        if self.family == getattr(socket, "AF_UNIX", None):
            return connect(self, address)
        refuse(address)

    patch.setattr(socket.socket, "connect", connect_locally)
    patch.setattr(socket.socket, "connect_ex", refuse)
    patch.setattr(socket, "create_connection", refuse)
    patch.setattr(socket, "getaddrinfo", refuse)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def nothing_kept():
    """Features that one test computed are not there for the next."""
    from transferlab.kept_store import kept

    kept.clear()


@pytest.fixture
def two_colours():
    """A task that any network learns in a moment: 24 reddish and 24 bluish noise images, split in two."""
    from transferlab.data.images import ImageSet, Splits

    generator = torch.Generator().manual_seed(0)

    def images(number):
        pixels = torch.randint(0, 120, (number, 3, 32, 32), generator=generator, dtype=torch.uint8)
        labels = torch.arange(number) % 2
        pixels[labels == 0, 0] += 100
        pixels[labels == 1, 2] += 100
        return ImageSet(pixels, labels, ("red", "blue"), name="two colours")

    return Splits(images(32), images(16))


@pytest.fixture
def tree(tmp_path):
    """Makes files by name: a number is the picture of that seed, bytes are as they are, a last / is a folder."""

    from tests.folder_files import picture

    def make(files):
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith("/"):
                path.mkdir(exist_ok=True)
            elif isinstance(content, bytes):
                path.write_bytes(content)
            else:
                picture(content).save(path)
        return tmp_path

    return make
