"""A real browser without a window, which reaches no network; what it shows is kept where ``BRAN_SCREENSHOTS`` says.

Tests that drive it are marked ``browser``, and are skipped where Debian's chromium or selenium is missing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.driving import axe_source, scheme

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

CHROMIUM, DRIVER = "chromium", "chromedriver"
SIZE = (1440, 900)
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-device-scale-factor=1",
    # Whatever is not this machine is not found.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    f"--window-size={SIZE[0]},{SIZE[1]}",
)
_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ["violations"] }).then(
  (found) => done({ violations: found.violations, checked: found.passes.length }),
  (error) => done({ error: String(error) }),
);
"""


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One browser for all tests; each should open its page anew."""
    if missing := [name for name in (CHROMIUM, DRIVER) if not shutil.which(name)]:
        pytest.skip(f"browser: needs {' and '.join(missing)} (Debian's chromium and chromium-driver)")
    webdriver = pytest.importorskip("selenium.webdriver", reason="browser: needs selenium (the extra `browser`)")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which(CHROMIUM)
    for option in (*_OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which(DRIVER)))
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: Chrome) -> Iterator[Chrome]:
    """The browser in its light scheme and usual size; a test fails when its page wrote an error to the console."""
    scheme(browser, "light")
    browser.set_window_size(*SIZE)
    browser.get("about:blank")
    browser.get_log("browser")  # what an earlier page wrote is not of this one
    yield browser
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []


@pytest.fixture
def screenshot(browser: Chrome, tmp_path: Path) -> Callable[[str], Path]:
    """Keeps what the browser shows as NAME.png; returns its path."""
    folder = Path(os.environ.get("BRAN_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)

    def keep(name: str) -> Path:
        path = folder / f"{name}.png"
        assert browser.save_screenshot(str(path))
        return path

    return keep


@pytest.fixture
def serious(browser: Chrome) -> Callable[[], list[str]]:
    """Lists what axe-core finds that is serious or worse in what the browser shows."""
    source = axe_source()
    if source is None:
        pytest.skip("browser: needs axe-core (the extra `browser`)")

    def check() -> list[str]:
        # By the protocol, not by the page: the policy of the page would keep a script that is not its own from running.
        browser.execute_cdp_cmd("Runtime.evaluate", {"expression": source})
        found: dict[str, Any] = browser.execute_async_script(_AXE)
        assert found.get("checked"), found
        return [
            f"{violation['id']}: {node['html'][:200]}"
            for violation in found["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]

    return check
