import subprocess
import sys


def test_cells_run_out_of_order_get_a_sentence_and_no_traceback():
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_cell('from transferlab.learning import lesson; here = lesson(\"02_feature_extraction\")')\n"
        "shell.run_cell('print(frozzen)')\n"
        "shell.run_cell('print(2 + 2)')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "There is no `frozzen` yet. A cell further up makes it" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("4")
