import re
import shutil
import subprocess

import pytest
from unit.reporting.factory import realistic

from harness.reporting.write import write_reports

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no chromium, chromium-browser or google-chrome on this machine"
)

PROBE = """<!doctype html><html><body style="margin:0"><script>
const frame = document.createElement("iframe");
frame.style = "width:%(width)dpx;height:900px;border:0";
frame.src = "discharge.html";
frame.addEventListener("load", () => {
  const page = frame.contentDocument, root = page.documentElement;
  const shown = [...page.querySelectorAll("details[data-standing]")].filter((item) => item.offsetHeight > 10);
  const filter = page.getElementById("filter");
  const before = shown.length;
  const box = filter.querySelector("input[type=checkbox]");
  box.click();
  const after = [...page.querySelectorAll("details[data-standing]")].filter((item) => item.offsetHeight > 10).length;
  const ground = getComputedStyle(page.body).backgroundColor;
  document.body.append(`<<overflow=${root.scrollWidth - root.clientWidth} shown=${before} hidden=${before - after} ` +
    `boxes=${filter.querySelectorAll("input").length} ground=${ground}>>`);
});
document.body.append(frame);
</script></body></html>
"""


def browse(folder, *options, width):
    """What the probe found out about the report in a window of `width` CSS pixels, and what the console said."""
    (folder / "probe.html").write_text(PROBE % {"width": width})
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--dump-dom",
        "--enable-logging=stderr", "--virtual-time-budget=3000", f"--user-data-dir={folder / 'profile'}", *options,
        (folder / "probe.html").as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found = re.search(r"&lt;&lt;(overflow.*?)&gt;&gt;", done.stdout)
    assert found, done.stdout[-500:] + done.stderr[-2000:]
    facts = dict(part.split("=", 1) for part in re.split(r" (?=\w+=)", found[1]))
    return facts, [text for text in done.stderr.splitlines() if "CONSOLE" in text]


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """A folder with the reports of a realistic run, hostile texts included."""
    folder = tmp_path_factory.mktemp("reports")
    write_reports(realistic(), folder)
    return folder


@pytest.mark.parametrize(
    ("width", "options", "ground"),
    [
        (1200, (), "rgb(255, 255, 255)"),
        (360, (), "rgb(255, 255, 255)"),
        (800, ("--blink-settings=preferredColorScheme=0",), "rgb(20, 23, 26)"),
    ],
    ids=["desktop", "phone", "dark"],
)
def test_the_report_shows_every_clause_without_error_or_overflow(reports, width, options, ground):
    """Every check has a visible block, the script runs under the page's policy and filters, nothing sticks out."""
    facts, console = browse(reports, *options, width=width)
    run = realistic()
    present = [count for count in run.standings().values() if count]
    assert facts == {
        "overflow": "0",
        "shown": str(len(run.checks)),
        "hidden": str(run.summary()["FALSIFIED"]),
        "boxes": str(1 + len(present)),
        "ground": ground,
    }
    assert console == []
