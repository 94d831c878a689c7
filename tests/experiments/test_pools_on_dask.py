import os
import subprocess
import sys

from tests.experiments import tiny
from transferlab.experiments import Results
from transferlab.experiments.pools import DIED

ON_DASK = """
import sys
from distributed import Client, LocalCluster
from tests.experiments import tiny

with (
    LocalCluster(n_workers=1, processes=True, threads_per_worker=1, dashboard_address=None) as cluster,
    Client(cluster) as client,
    client.get_executor() as executor,
):
    tiny.table(tiny.HEADS, measure=tiny.seen, forgetting=True, executor=executor).save(sys.argv[1])
    tiny.table(tiny.HEADS, measure=tiny.dying, budgets=2, executor=executor).save(sys.argv[2])
"""


def test_a_dask_cluster_gives_the_same_table_and_survives_a_death(tmp_path):
    """In a process of its own, since a cluster speaks through sockets, which are closed to tests."""
    paths = [tmp_path / "table.json", tmp_path / "death.json"]
    once = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}  # a cell that kills gets no second try
    result = subprocess.run([sys.executable, "-c", ON_DASK, *paths], env=once, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    table, death = map(Results.load, paths)
    assert table == tiny.table(tiny.HEADS, measure=tiny.seen, forgetting=True)
    assert [(row.seed, row.error) for row in death.rows] == [(0, None), (1, DIED), (2, None)]
