import subprocess
import sys

BEGIN = 'from transferlab.learning import lesson; here = lesson("02_feature_extraction")'


def run(*cells):
    code = "from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n"
    code += "".join(f"shell.run_cell({cell!r}, store_history=True)\n" for cell in (BEGIN, *cells))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return done.stdout + done.stderr


def test_cells_run_out_of_order_get_a_sentence_and_no_traceback():
    said = run("print(frozzen)", "print(2 + 2)")
    assert "There is no `frozzen` yet. A cell further up makes it" in said
    assert "Traceback" not in said
    assert said.rstrip().endswith("4")


def test_a_cell_that_needs_an_exercise_that_was_not_done_says_which():
    said = run("frozen = ...", "epochs = 3\nfrozen.train(epochs)")
    assert "`frozen` is still three dots. Do the exercise that makes it" in said
    assert "Traceback" not in said


def test_the_exercise_is_named_and_not_the_loop_that_went_through_it():
    said = run("frozen = ...", "for network in (frozen, 3):\n    network.train()")
    assert "`frozen` is still three dots" in said


def test_any_other_error_is_shown_as_ever():
    said = run("x = 1 / 0")
    assert "ZeroDivisionError" in said
    assert "Traceback" in said
