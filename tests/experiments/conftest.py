import pytest

from transferlab.experiments.running import run_job


@pytest.fixture
def computed_jobs(monkeypatch):
    """The arms of every job that is computed in this process."""
    found = []

    def counting(job):
        found.append([cell.arm for cell in job.cells])
        return run_job(job)

    monkeypatch.setattr("transferlab.experiments.pools.run_job", counting)
    return found
