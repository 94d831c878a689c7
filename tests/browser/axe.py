"""What axe-core has to say against a page.

    assert violations(page, ".tl-panel") == []

Left out: rules about whole documents (landmarks, headings, language); where only a part is looked at axe passes them
over by itself.
"""

from typing import Any

from tests.browser.tools import axe_script


def violations(page: Any, selector: str) -> list[str]:
    """One line for each violated rule: its name, how bad, what helps, and the elements."""
    assert page.locator(selector).count(), f"nothing on the page is '{selector}', so axe would be content with it"
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(axe_script())
    found = page.evaluate("selector => axe.run({include: [selector]}, {resultTypes: ['violations']})", selector)
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: "
        + " | ".join(f"{node['html'][:160]} {node['failureSummary'][:200]}" for node in rule["nodes"][:4])
        for rule in found["violations"]
    ]
