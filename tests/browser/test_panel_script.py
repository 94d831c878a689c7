"""What panel.js does where Jupyter lets it down, in a bare page with a model that behaves as badly as Jupyter's may."""

import pytest

from tests.browser.counter import Counter

# A model that loses the first hello, is deaf when told so, and a page that cancels what Enter does in a field.
PAGE = """async script => {
  const { default: panel } = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  window.sent = [];
  window.isDead = false;
  let answer;
  const model = {
    on: (_, callback) => { answer = callback; }, off() {},
    send(content) {
      if (window.isDead) throw new Error("Cannot send");
      window.sent.push(content);
      const isHeard = window.sent.filter(one => one.kind === "hello").length > 1;
      if (content.kind === "hello" && isHeard) answer({ kind: "state", title: "Counter", state: { count: 7 } }, []);
    },
  };
  document.addEventListener("beforeinput", event => {
    if (event.inputType === "insertLineBreak") event.preventDefault();
  }, true);
  panel().render({ model, el: document.body });
}"""
TYPED = 'return { state(now) { root.append(h("input", { type: "text", onchange: () => api.act("typed") }));'


@pytest.fixture
def page(browser):
    opened = browser.new_page()
    opened.errors = []
    opened.on("pageerror", lambda error: opened.errors.append(str(error)))
    script = Counter._esm.replace("return { state(now) {", TYPED, 1)
    assert TYPED in script
    opened.evaluate(PAGE, script)
    opened.wait_for_selector(".tl-panel[aria-label=Counter]")  # it said hello again until it was answered
    yield opened
    opened.close()


def test_a_lost_hello_is_said_again_and_then_no_more(page):
    assert "counted 7" in page.inner_text(".tl-panel")
    said = "window.sent.filter(one => one.kind === 'hello').length"
    page.wait_for_timeout(2500)
    assert page.evaluate(said) == 2


def test_a_kernel_that_forgot_the_panel_is_noticed_at_the_first_press(page):
    page.evaluate("window.isDead = true")
    page.get_by_role("button", name="Count").click()
    assert "run this cell again" in page.inner_text(".tl-panel")
    assert page.errors == []


def test_enter_sends_what_was_typed_although_jupyter_cancels_it(page):
    field = page.locator("input[type=text]")
    field.press_sequentially("3e-4")
    field.press("Enter")
    assert [one["name"] for one in page.evaluate("window.sent") if one["kind"] == "act"].count("typed") == 1
    assert field.evaluate("one => one === document.activeElement")
