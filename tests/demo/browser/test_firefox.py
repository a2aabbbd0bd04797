"""The same pages in Firefox: cards, strip, order form, what-if, attestation; no script error, nothing too wide."""

from pathlib import Path

from tests.demo.running import Demo
from tests.firefox import firefox

_WIDE = "document.documentElement.scrollWidth - innerWidth"
_CARDS = "document.querySelector('#cards:not([aria-busy]) > .card h3')?.textContent"
_WRITE = """(() => { const form = document.querySelector('#order');
  for (const [name, value] of [['product', 'sirolimus-1mg'], ['amount', '3']]) {
    form.elements[name].value = value;
    form.elements[name].dispatchEvent(new Event('input', {bubbles: true}));
  } })()"""
_RIGHT = "document.querySelector('#answer[data-tone=good]')?.textContent"


def test_the_pages_work_in_firefox(demo: Demo, tmp_path: Path) -> None:
    """One window through all of it: a start takes Firefox some seconds."""
    with firefox(tmp_path) as window:
        window.open(f"{demo.page}/")
        window.until("document.querySelector('#ward:not([aria-busy]) .row')")
        window.open(f"{demo.page}/patients/demo-11")
        assert "HOLD sirolimus" in window.until(_CARDS)
        assert window.until("document.querySelector('.strip svg .newest')?.textContent") == "23.4"
        assert window.look("document.querySelectorAll('#course svg path').length") > 3
        for width in (1280, 390, 320):
            window.resize(width, 900)
            window.until(f"{_WIDE} <= 0")
        window.open(f"{demo.page}/patients/demo-08/order")
        window.look(_WRITE)
        assert "This is the dose that today's advice proposes" in window.until(_RIGHT)
        window.resize(1280, 900)
        window.open(f"{demo.page}/patients/demo-08/explain")
        assert window.look("document.querySelectorAll('svg.predicted .ribbon').length") == 3
        assert window.until("document.querySelectorAll('#chart-drugs svg path').length") > 3
        window.open(f"{demo.page}/patients/demo-02/explain")
        assert window.look("document.querySelectorAll('#attest fieldset input').length") > 1
        assert window.faults == []
