import html
import subprocess
import sys

from transferlab.learning.showing import show

CODE = 'def lost(run):\n    return run.source_before - run.source_after  # "points" < 1'


def test_without_a_notebook_it_prints_the_words_and_the_code_below(capsys):
    show("Solution:", "solution", CODE)
    assert capsys.readouterr().out == f"Solution:\n{CODE}\n"


def test_in_a_notebook_code_can_be_copied_and_run():
    """A space that does not break, as prose gets it, is no space to Python."""
    script = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from IPython.utils.capture import capture_output\n"
        "InteractiveShell.instance()\n"
        "from transferlab.learning.showing import show\n"
        f"with capture_output() as seen: show('Solution: use `tl.freeze`', 'solution', {CODE!r})\n"
        "print(seen.outputs[0].data['text/plain'])\n"
        "print('====')\nprint(seen.outputs[0].data['text/html'])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    plain, _, shown = done.stdout.partition("====\n")
    assert plain.strip() == f"Solution: use `tl.freeze`\n{CODE}", done.stderr
    assert "use <code>tl.freeze</code>" in shown
    inside = shown.partition("<pre")[2].partition(">")[2].partition("</pre>")[0]
    assert html.unescape(inside) == CODE
