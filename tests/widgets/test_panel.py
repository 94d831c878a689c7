import pytest

from transferlab.widgets.panel import Panel


class Counter(Panel):
    title, script = "Counter", "tabs.js"

    def __init__(self):
        self.count = 0
        super().__init__()

    def state(self):
        return {"count": self.count}

    def do_add(self, content, buffers):
        if content["by"] < 0:
            raise ValueError("Counting goes up; you gave -1.")
        self.count += content["by"] + len(buffers)
        self.refresh()

    def do_break(self, content, buffers):
        raise ZeroDivisionError("an infinite number")


def test_a_page_that_says_hello_gets_everything(page):
    counter = page(Counter())
    assert counter.hello() == [({"kind": "state", "title": "Counter", "state": {"count": 0}}, [])]


def test_an_action_is_done_and_answered(page):
    counter = page(Counter())
    sent = counter.press("add", by=2, buffers=[b"x"])
    assert sent[0][0]["state"] == {"count": 3}
    assert sent[-1][0] == {"kind": "done", "number": 7}


def test_what_goes_wrong_is_a_sentence_and_the_page_is_answered_all_the_same(page):
    counter = page(Counter())
    for name, words in (("add", "Counting goes up"), ("nonesuch", "knows no action 'nonesuch'")):
        sent = counter.press(name, by=-1)
        assert sent[0][0]["tone"] == "error"
        assert words in sent[0][0]["text"]
        assert sent[-1][0]["kind"] == "done"
    assert counter.panel.failures == []


def test_our_own_mistakes_are_kept_for_a_report(page):
    counter = page(Counter())
    counter.press("break")
    assert "ZeroDivisionError: an infinite number" in counter.sentences[-1]
    assert "do_break" in counter.panel.failures[-1]
    for _ in range(9):
        counter.press("break")
    assert len(counter.panel.failures) == 5


def test_the_script_is_whole_and_loads_nothing():
    assert Counter._esm.rstrip().endswith("export default panel(create);")
    assert "import " not in "".join(line for line in Counter._esm.splitlines() if not line.lstrip().startswith("//"))
    for address in ("http://", "https://"):
        assert address not in Counter._esm.replace("http://www.w3.org/2000/svg", "")
        assert address not in Counter._css


def test_a_panel_that_shows_nothing_says_so():
    class Empty(Panel):
        title, script = "Empty", "tabs.js"

    with pytest.raises(NotImplementedError, match="Empty"):
        Empty().state()


def test_what_is_read_without_a_kernel_has_words(page):
    bundle = page(Counter()).panel._repr_mimebundle_()
    assert "Counter" in bundle[0]["text/plain"]


def test_a_state_that_the_page_has_is_not_sent_again(page):
    counter = page(Counter())
    counter.panel.refresh_if_new()
    assert counter.sent == []  # there is no page yet
    counter.hello()
    counter.panel.refresh_if_new()
    assert len(counter.sent) == 1
    counter.panel.count = 5
    counter.panel.refresh_if_new()
    assert counter.state == {"count": 5}
