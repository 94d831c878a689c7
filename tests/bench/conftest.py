import pytest

from transferlab.bench.task import Settings, make_task


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A task of 32 images to train on and 16 held out, 5 epochs, in batches of 16."""
    settings = Settings(epochs=5, batch_size=16, budgets=(2, 4), seeds=2, native_epochs=5)
    return make_task(tmp_path_factory.mktemp("bench") / "task.safetensors", 4, 2, settings)
