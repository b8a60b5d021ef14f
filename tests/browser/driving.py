"""What tests do with a browser beside reading and clicking."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

T = TypeVar("T")
PATIENCE = 20.0
"""Seconds until a page must have done what it was asked for."""


def scheme(browser: Chrome, name: str, media: str = "") -> None:
    """Make the system of ``browser`` prefer ``light`` or ``dark``; ``media`` may be ``print``."""
    features = [{"name": "prefers-color-scheme", "value": name}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features, "media": media})


def until(found: Callable[[], T], what: str) -> T:
    """The first value of ``found`` that holds; fails when there is none in time."""
    end = monotonic() + PATIENCE
    while monotonic() < end:
        if value := found():
            return value
        sleep(0.02)
    raise AssertionError(f"{what}: not within {PATIENCE:.0f} s")


def run(browser: Chrome, script: str, *arguments: Any) -> Any:
    """What the JavaScript expression ``script`` comes to; ``a`` are the ``arguments``."""
    return browser.execute_script(f"const a = arguments; return ({script});", *arguments)


def press(browser: Chrome, *keys: str) -> None:
    """Press keys one after the other, wherever the focus is."""
    from selenium.webdriver import ActionChains

    ActionChains(browser).send_keys(*keys).perform()


def click(browser: Chrome, selector: str, number: int = 0) -> None:
    """Click the element ``number`` of those that ``selector`` finds, as a user does: it must be in sight."""
    from selenium.webdriver.common.by import By

    element = browser.find_elements(By.CSS_SELECTOR, selector)[number]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


def axe_source() -> str | None:
    """The script of axe-core, from the package that carries it; ``None`` when that is not installed."""
    spec = find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        return None
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")
