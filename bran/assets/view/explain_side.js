// The figures beside an explained text, each as a table.

import { bar, el, fixed, svg } from "./dom.js";

const SHOWN = 12;
const PARTS = {
  text: "words in context (pooled pairs of tokens)",
  layouts: "how the mentions stand to each other",
  structure: "layout of the pair (counts, places)",
  knowledge: "statements of other documents",
};

/** The score of a relation, and the parts of its logit with the words there and hidden. */
export function scoreTable(relation, threshold) {
  const { score, probability, parts, logit } = relation;
  const row = ([name, seen, hidden]) =>
    el("tr", {}, el("th", { scope: "row" }, PARTS[name]), figure(seen), figure(hidden), figure(seen - hidden));
  return [
    el("h2", {}, relation.title),
    el("p", {}, bar(score), ` score ${fixed(score, 4)}`, probability == null ? "" : `, probability ${fixed(probability, 4)}`,
      score < threshold ? ` – below the threshold of ${fixed(threshold, 4)}, not predicted` : ""),
    el("h2", {}, "What the score is made of"),
    el("table", {},
      el("thead", {}, el("tr", {}, ["part of the logit", "as written", "words hidden", "the words’ doing"].map(heading))),
      el("tbody", {}, parts.map(row)),
      el("tfoot", {}, el("tr", {}, el("th", { scope: "row" }, "logit"), figure(logit[0]), figure(logit[1]), figure(logit[0] - logit[1])))),
    el("p.quiet", {}, "Only the first part reads words; the others know where mentions stand, not what is said of them."),
  ];
}

/** The words and entities that change the logit most. */
export function influenceTables(data, relation, method, nameOf) {
  const effects = relation.words[method].map((value, word) => [nameOf(word), value]);
  const entities = relation.entities[method].map((value, place) => [data.entities[place].name, value]);
  const gradients = method === "integrated gradients" ? relation.gradients : null;
  return [
    el("h2", {}, `Words that weigh most, by ${method}`),
    effectTable(effects, "word"),
    el("h2", {}, "Entities, all their mentions together"),
    effectTable(entities, "entity"),
    gradients && el("p.quiet", {},
      `Completeness: attributions sum to ${fixed(gradients.total, 4)}; the words change the logit by ` +
      `${fixed(gradients.difference, 4)} (${gradients.steps} steps).`),
  ];
}

/** What a word attends to, or is attended to by, and attention among entities. */
export function attentionTables(data, window, chosen, values, among, nameOf, towards) {
  const listed = chosen === null ? [] : values.map((value, word) => [nameOf(word), value ?? 0]);
  const verb = towards ? "attends to" : "is attended to by";
  return [
    el("h2", {}, chosen === null ? "Point at a word" : `“${nameOf(chosen)}” ${verb}`),
    chosen === null
      ? el("p.quiet", {}, "The text then shows where it attends. The arrow keys move from word to word.")
      : plainTable(listed),
    el("h2", {}, "Attention among entities"),
    heatTable(window.entities.map((place) => data.entities[place].name), among),
    el("p.quiet", {}, "A row is the entity that attends: the mean over its subwords of what goes to the other’s."),
  ];
}

function heading(text, place) {
  return el(place ? "th.figure" : "th", { scope: "col" }, text);
}

function figure(value) {
  return el("td.figure", { title: fixed(value, 6) }, fixed(value, 3));
}

function strongest(pairs) {
  return pairs.filter(([, value]) => value).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, SHOWN);
}

function effectTable(pairs, what) {
  const shown = strongest(pairs);
  const highest = Math.max(...shown.map(([, value]) => Math.abs(value)), 1e-12);
  return el("table", {},
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, what), el("th", { scope: "col" }, "against · for"), el("th.figure", { scope: "col" }, "logit"))),
    el("tbody", {}, shown.map(([name, value]) =>
      el("tr", {}, el("th", { scope: "row", dir: "auto" }, name), el("td", {}, beam(value / highest)), figure(value)))));
}

function beam(share) {
  const width = Math.abs(share) * 50;
  return svg("svg.beam", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg(`rect.${share > 0 ? "for" : "against"}`, { x: share > 0 ? 50 : 50 - width, y: 1, width, height: 8 }),
    svg("line.middle", { x1: 50, x2: 50, y1: 0, y2: 10 }));
}

function plainTable(pairs) {
  const shown = strongest(pairs);
  const highest = Math.max(...shown.map(([, value]) => value), 1e-12);
  return el("table", {}, el("tbody", {}, shown.map(([name, value]) =>
    el("tr", {}, el("th", { scope: "row", dir: "auto" }, name), el("td", {}, bar(value / highest)), figure(value)))));
}

function heatTable(names, among) {
  const highest = Math.max(...among.flat(), 1e-12);
  const cell = (value, column, row) => {
    const node = el("td", { title: `${names[row]} → ${names[column]}: ${fixed(value, 4)}` }, fixed(value, 2).replace(/^0/, ""));
    node.style.setProperty("--level", (value / highest).toFixed(3));
    return node;
  };
  return el("div.heat", { tabindex: 0, role: "group", "aria-label": "Attention among entities" }, el("table", {},
    el("thead", {}, el("tr", {}, el("td"), names.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, among.map((values, row) =>
      el("tr", {}, el("th", { scope: "row", title: names[row] }, names[row]), values.map((value, column) => cell(value, column, row)))))));
}
