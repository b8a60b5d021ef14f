// The figures of all documents of a report.

import { bar, counted, el, fixed, grouped, number, statusCount } from "./dom.js";
import { histogram, patterns, reliabilityDiagram } from "./charts.js";
import { statusCounts } from "./filters.js";
import { arrow } from "./relations.js";

const SHOWN = 15;
const MOST_ERRORS = 50;
const NUMBERS = new Set(["documents", "highest score", "highest probability", "right", "wrong", "missed", "precision", "recall", "F1"]);

/** The overview: `onPair` is called with a frequent relation, `onDocument` with the number of a document. */
export function overview(head, onPair, onDocument) {
  const { summary } = head;
  return [
    patterns(),
    el("div.tiles", {}, tiles(summary)),
    head.notes.map((note) => el("p.note", {}, note)),
    el(
      "div.panels",
      {},
      panel("Most frequent relations", summary.distinct > SHOWN ? `${SHOWN} of ${grouped(summary.distinct)}` : "", frequent(summary, onPair)),
      summary.measure ? panel(`Distribution of ${plural(summary.measure)}`, counted(summary.relations, "relation"), histogram(summary.distribution, summary.measure)) : null,
      summary.reliability ? panel("Reliability", "", reliability(summary)) : null,
      summary.scores.length ? panel("Scores against gold", "of the documents of this report", scores(summary.scores)) : null,
      summary.scores.length ? panel("Documents with errors", "", withErrors(head.index, onDocument)) : null,
      panel("About this report", "", about(head)),
    ),
  ];
}

function tiles(summary) {
  const share = (part, whole) => (whole ? `${fixed((100 * part) / whole, 1)} %` : "–");
  const values = [
    ["documents", grouped(summary.documents), `${grouped(summary.documents_with_relations)} with relations`],
    ["relations", grouped(summary.relations), `${grouped(summary.distinct)} different`],
    ["mentions", grouped(summary.mentions), `${share(summary.linked, summary.mentions)} linked`],
    ["across sentences", share(summary.cross_sentence, summary.relations), `${grouped(summary.cross_sentence)} of the relations`],
  ];
  for (const { protocol, f1, precision, recall } of summary.scores)
    values.push([`F1, ${protocol}`, percent(f1), `precision ${percent(precision)}, recall ${percent(recall)}`]);
  return values.map(([name, value, more]) => el("div.tile", {}, el("span.name", {}, name), el("strong", {}, value), el("span.more", {}, more)));
}

function frequent(summary, onPair) {
  const most = summary.frequent[0]?.documents ?? 1;
  const row = (relation, place) => el(
    "tr",
    { hidden: place >= SHOWN },
    el("td", {}, el("button.link", { type: "button", title: `${relation.head} ${relation.type} ${relation.tail}: show its documents`, onclick: () => onPair(relation) }, el("bdi", {}, relation.head_name), arrow(relation.type), el("bdi", {}, relation.tail_name))),
    el("td.number", {}, bar(relation.documents / most), el("span.width", {}, grouped(relation.documents))),
    el("td.number", {}, relation.best === null ? "–" : number(relation.best)),
  );
  const rows = summary.frequent.map(row);
  if (!rows.length) return el("p.empty", {}, "No relation was predicted.");
  const more = el("button.link", { type: "button", onclick: () => { rows.forEach((node) => (node.hidden = false)); more.remove(); } }, `Show ${rows.length}`);
  return el("div.wide", { tabindex: "0", role: "group", "aria-label": "Most frequent relations" }, table(["relation", "documents", `highest ${summary.measure ?? ""}`], rows), rows.length > SHOWN ? more : null);
}

function scores(found) {
  const row = (score) => el("tr", {}, el("th", { scope: "row" }, score.protocol), [score.tp, score.fp, score.fn].map((count) => el("td.number", {}, grouped(count))), [score.precision, score.recall, score.f1].map((value) => el("td.number", { "data-value": fixed(value, 6) }, percent(value))));
  return [
    el("div.wide", { tabindex: "0", role: "group", "aria-label": "Scores against gold" }, table(["protocol", "right", "wrong", "missed", "precision", "recall", "F1"], found.map(row))),
    el("p.more", {}, "Filtered: predictions that are more general than a gold relation of the same document do not count as wrong."),
  ];
}

function reliability({ reliability: found, measure }) {
  return [
    reliabilityDiagram(found, measure),
    el("p.more", {}, "Expected calibration error ", number(found.ece), ", Brier score ", number(found.brier), ". On the diagonal, a relation is right as often as its ", measure, " says. Larger points stand for more relations; hypernyms are left out."),
  ];
}

function withErrors(index, onDocument) {
  const found = index
    .map((document, place) => ({ document, place, counts: statusCounts(document) }))
    .filter(({ counts }) => counts.wrong + counts.missed)
    .sort((a, b) => b.counts.wrong + b.counts.missed - a.counts.wrong - a.counts.missed || a.place - b.place);
  if (!found.length) return el("p.empty", {}, "No document has an error.");
  const row = ({ document, place, counts }) => el(
    "tr",
    {},
    el("td", {}, el("button.link", { type: "button", onclick: () => onDocument(place) }, el("bdi", {}, document.id))),
    el("td.title", {}, el("bdi", {}, document.title)),
    el("td.counts", {}, ["right", "wrong", "missed", "hypernym"].map((status) => (counts[status] ? [statusCount(status, counts[status]), " "] : null))),
  );
  return [
    el("p.more", {}, `${counted(found.length, "document")} of ${grouped(index.length)}${found.length > MOST_ERRORS ? `; the ${MOST_ERRORS} with the most are listed` : ""}.`),
    el("div.wide.tall", { tabindex: "0", role: "group", "aria-label": "Documents with errors" }, table(["document", "title", "relations"], found.slice(0, MOST_ERRORS).map(row))),
  ];
}

/** What a report was made from, with which model, under which settings. */
export function about({ facts }) {
  return el("dl.facts", {}, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", { dir: "auto" }, value))));
}

function panel(title, more, ...content) {
  return el("section.panel", {}, el("h2", {}, title, more ? el("small", {}, ` ${more}`) : null), content);
}

function table(header, rows) {
  const title = (name) => el(NUMBERS.has(name) ? "th.number" : "th", { scope: "col" }, name);
  return el("table", {}, el("thead", {}, el("tr", {}, header.map(title))), el("tbody", {}, rows));
}

function percent(value) {
  return fixed(100 * value, 1);
}

function plural(word) {
  return word === "probability" ? "probabilities" : `${word}s`;
}
