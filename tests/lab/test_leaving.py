import subprocess
import sys

import pytest

CODE = """
import time
from tests.lab.conftest import small_network
from transferlab.data import worlds
from transferlab.lab.session import Session

session = Session(small_network(), worlds.target("objects", per_class=5), recipe="mine", line="conv1", epochs=500)
session.start()
while session.log is None or session.log.steps < 3:
    time.sleep(0.01)
"""
LAB = """
from transferlab import Lab
lab = Lab(data="objects")
lab.data.draft.turn(per_class=40)
"""


@pytest.mark.parametrize("code", [CODE, LAB], ids=["a run is on", "images are being drawn"])
def test_the_interpreter_ends_in_order_whatever_is_on(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
