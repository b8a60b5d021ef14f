from __future__ import annotations

from bran.view.tables import Table, latex

TABLE = Table(
    "Scores, 95 %",
    ["variant", "Δ F1", "differs in"],
    [["cnn_only", "-1.5 (-2.0 to +0.1)", "a|b <i>"], ["1-5-1", "62.1 ± 0.4", "x"]],
    ["A note."],
    texts=["differs in"],
)


def test_markdown() -> None:
    assert TABLE.to_markdown().splitlines() == [
        "## Scores, 95 %",
        "",
        "| variant | Δ F1 | differs in |",
        "| --- | ---: | --- |",
        "| cnn_only | -1.5 (-2.0 to +0.1) | a\\|b <i> |",
        "| 1-5-1 | 62.1 ± 0.4 | x |",
        "",
        "A note.",
    ]


def test_latex() -> None:
    lines = TABLE.to_latex().splitlines()
    assert r"\caption{Scores, 95 \%. A note.}" in lines
    assert r"\begin{tabular}{lrl}" in lines
    assert r"variant & $\Delta$ F1 & differs in \\" in lines
    assert r"cnn\_only & $-$1.5 ($-$2.0 to +0.1) & a|b <i> \\" in lines
    assert r"1-5-1 & 62.1 $\pm$ 0.4 & x \\" in lines
    assert latex(r"{a\b}") == r"\{a\textbackslash{}b\}"


def test_html() -> None:
    html = TABLE.to_html()
    assert "<h2>Scores, 95 %</h2>" in html
    assert '<td>cnn_only</td><td class="number">-1.5 (-2.0 to +0.1)</td><td>a|b &lt;i&gt;</td>' in html
    assert "<p>A note.</p>" in html
