"""Scripts and styles are put together into what a browser takes."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest

from bran.corpus.document import Document, Mention, Passage
from bran.view.assets import content_policy, read_asset, script, stylesheet
from bran.view.document_data import document_data
from bran.view.document_html import segments
from bran.view.report.page import SCRIPTS, STYLES

MODULES = sorted(
    entry.name for entry in (resources.files("bran.assets") / "view").iterdir() if entry.name.endswith(".js")
)
NODE = shutil.which("node")


def test_one_script_has_neither_imports_nor_exports() -> None:
    code = script(*SCRIPTS)
    assert code.startswith('"use strict";\n')
    assert not re.search(r"^\s*(import|export)\b", code, re.MULTILINE)
    assert "export function segments" in read_asset("document.js")
    assert "\nfunction segments" in code


def test_every_module_comes_after_those_that_it_imports_from() -> None:
    for place, name in enumerate(SCRIPTS):
        needed = re.findall(r'^import .* from "\./([^"]+)";$', read_asset(name), re.MULTILINE)
        assert set(needed) <= set(SCRIPTS[:place]), name


def test_no_module_parses_html_or_runs_text() -> None:
    for name in MODULES:
        found = re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", read_asset(name)
        )
        assert not found, name


def test_nothing_is_loaded_from_anywhere() -> None:
    for name in (*SCRIPTS, *STYLES, "report.html"):
        addresses = set(re.findall(r"https?://[^\s\"')]+", read_asset(name)))
        assert addresses <= {"http://www.w3.org/2000/svg"}, name


@pytest.mark.skipif(NODE is None, reason="needs node")
@pytest.mark.parametrize("name", [*MODULES, ""])
def test_scripts_are_valid(name: str, tmp_path: Path) -> None:
    path = tmp_path / "checked.mjs"
    path.write_text(read_asset(name) if name else script(*SCRIPTS), encoding="utf-8")
    checked = subprocess.run([str(NODE), "--check", str(path)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_numbers_are_written_as_tables_write_them(tmp_path: Path) -> None:
    """Half to even, unlike ``toFixed``."""
    values = [0.0625, 0.1875, 0.0005, 31.25, 31.35, 62.75, 0.5, 1.0, 0.0, 0.812346, 0.0078125, 0.9999996, 1e-7, 2.5]
    path = tmp_path / "fixed.mjs"
    calls = ", ".join(f"[0, 1, 3, 6].map((digits) => fixed({value!r}, digits)).join(' ')" for value in values)
    path.write_text(f"{read_asset('dom.js')}\nconsole.log([{calls}].join('\\n'));\n", encoding="utf-8")
    shown = subprocess.run([str(NODE), str(path)], capture_output=True, text=True, check=True).stdout
    expected = [" ".join(f"{value:.{digits}f}" for digits in (0, 1, 3, 6)) for value in values]
    assert shown.splitlines() == expected


def test_the_policy_names_what_may_run_and_nothing_else() -> None:
    policy = content_policy(["a {}"], ["f()"])
    digest = base64.b64encode(hashlib.sha256(b"f()").digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "script-src 'none'" in content_policy(["a {}"], [])


def test_styles_come_in_the_order_that_is_asked_for() -> None:
    both = stylesheet("document.css", "theme.css")
    assert both.index(read_asset("document.css")) < both.index(read_asset("theme.css"))


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_texts_are_cut_alike_in_pages_and_notebooks(tmp_path: Path) -> None:
    """However mentions overlap, the script and :func:`bran.view.document_html.segments` cut the text the same."""
    rng = random.Random(0)
    cases = []
    for _ in range(200):
        spans = [sorted(rng.sample(range(21), 2)) for _ in range(rng.randrange(6))]
        mentions = tuple(Mention(start, end, "A") for start, end in spans)
        data = document_data(Document("1", (Passage("title", "abcdefghijklmnopqrst"),), mentions))
        span = sorted(rng.sample(range(21), 2))
        cuts = [[part.start, part.end, list(part.mentions)] for part in segments(data, (span[0], span[1]))]
        cases.append(([mention.model_dump() for mention in data.mentions], span, cuts))
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    for name in ("dom.js", "document.js"):
        (tmp_path / name).write_text(read_asset(name), encoding="utf-8")
    given = json.dumps([case[:2] for case in cases])
    (tmp_path / "cut.js").write_text(
        'import { segments } from "./document.js";\n'
        f"const cut = ([mentions, [start, end]]) => segments(mentions, start, end);\n"
        f"const plain = (part) => [part.start, part.end, part.mentions];\n"
        f"console.log(JSON.stringify({given}.map((given) => cut(given).map(plain))));\n",
        encoding="utf-8",
    )
    shown = subprocess.run([str(NODE), str(tmp_path / "cut.js")], capture_output=True, text=True, check=True).stdout
    assert json.loads(shown) == [case[2] for case in cases]
