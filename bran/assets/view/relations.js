// The relations of a document: bars, what gold says, and behind each the mention pairs that carried it.

import { bar, el, number, statusChip } from "./dom.js";

const MARKED = 0.9;
const QUOTED = 3;

/** The strongest mention pairs that together carry nine tenths of a relation: what is marked in the text. */
export function strongest(evidence) {
  let total = 0;
  const end = evidence.findIndex((pair) => (total += pair.share) >= MARKED);
  return end < 0 ? evidence : evidence.slice(0, end + 1);
}

/** What the bar of a relation shows: its probability, else its score, else nothing. */
export function measure(relation) {
  return relation.probability ?? relation.score;
}

/** The relations of one document as a list of cards, one of which may be open. */
export class RelationList {
  /**
   * @param data the document
   * @param text its `DocumentText`
   * @param onOpen called with the relation that was opened, or null, and the evidence to mark
   */
  constructor(data, text, onOpen = () => {}) {
    this.data = data;
    this.text = text;
    this.onOpen = onOpen;
    this.open = null;
    this.cards = data.relations.map((relation, place) => this.#card(relation, place));
    this.empty = el("p.empty", { hidden: data.relations.length > 0 }, "No relation.");
    this.element = el("div", {}, el("ol.relations", {}, this.cards), this.empty);
  }

  /** Open the relation at `place`, or close it when it is open; `null` closes. */
  toggle(place) {
    this.open = place === this.open ? null : place;
    this.cards.forEach((card, number) => this.#show(card, number === this.open, number));
    const relation = this.open === null ? null : this.data.relations[this.open];
    this.onOpen(relation, relation ? strongest(relation.evidence) : []);
  }

  /** Open the next one that is shown, or with `-1` the one before. */
  step(by) {
    const shown = this.cards.flatMap((card, place) => (card.hidden ? [] : [place]));
    if (!shown.length) return;
    const at = shown.indexOf(this.open);
    const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : (at + by + shown.length) % shown.length];
    if (next !== this.open) this.toggle(next);
    this.cards[next].querySelector("button").focus();
  }

  /** Show those that `wanted` holds for. */
  filter(wanted) {
    this.data.relations.forEach((relation, place) => (this.cards[place].hidden = !wanted(relation)));
    const hidden = this.cards.filter((card) => card.hidden).length;
    this.empty.hidden = hidden < this.cards.length;
    this.empty.textContent = hidden ? `No relation passes the filters (${hidden} in this document).` : "No relation.";
  }

  /** Mark the relations of the entities `ids`. */
  markEntity(ids) {
    this.data.relations.forEach(({ head, tail }, place) =>
      this.cards[place].classList.toggle("is-linked", ids.has(head) || ids.has(tail)),
    );
  }

  #show(card, open, place) {
    const [button, body] = [card.querySelector("button"), card.querySelector(".details")];
    button.setAttribute("aria-expanded", String(open));
    card.classList.toggle("is-open", open);
    if (open && !body.childElementCount) body.append(...this.#details(this.data.relations[place]).flat(Infinity));
    body.hidden = !open;
  }

  #card(relation, place) {
    const value = measure(relation);
    return el(
      "li.relation",
      { "data-status": relation.status },
      el(
        "button",
        { type: "button", "aria-expanded": "false", onclick: () => this.toggle(place) },
        el("span.ends", {}, this.#end(relation, "head"), arrow(relation.type), this.#end(relation, "tail")),
        el(
          "span.facts",
          {},
          value === null ? el("span.number", {}, "not predicted") : [bar(value, relation.status ?? ""), number(value)],
          relation.status ? statusChip(relation.status) : null,
          relation.cross_sentence ? el("span.chip", { title: "its ends never share a sentence" }, "across sentences") : null,
        ),
      ),
      el("div.details", { hidden: true }),
    );
  }

  #end(relation, end) {
    return el("bdi.end", {}, relation[`${end}_name`] ?? relation[end]);
  }

  #details(relation) {
    const rows = [
      ["head", relation.head],
      ["tail", relation.tail],
      ["score", relation.score === null ? null : number(relation.score, 6)],
      ["probability", relation.probability === null ? null : number(relation.probability, 6)],
      ["model", relation.model],
    ];
    const facts = rows.filter(([, value]) => value).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
    const evidence = relation.evidence.length ? [this.#matrix(relation), this.#sentences(relation)] : this.#noEvidence(relation);
    return [el("dl.facts", {}, facts), evidence];
  }

  #noEvidence(relation) {
    if (relation.sentence) return [el("blockquote", { dir: "auto" }, relation.sentence)];
    return [el("p.empty", {}, relation.status === "missed" ? "Not predicted, so there is no evidence." : "No evidence was kept.")];
  }

  /** The shares of all mention pairs: heads down, tails across. */
  #matrix(relation) {
    const [heads, tails] = ["head", "tail"].map((end) => spans(relation.evidence, end));
    const most = Math.max(...relation.evidence.map((pair) => pair.share)) || 1;
    const pairs = new Map(relation.evidence.map((pair) => [`${pair.head}/${pair.tail}`, pair]));
    const marked = new Set(strongest(relation.evidence));
    const header = tails.map((span) => el("th", { scope: "col" }, this.#mention(span)));
    const row = (head) => el(
      "tr",
      {},
      el("th", { scope: "row" }, this.#mention(head)),
      tails.map((tail) => this.#cell(pairs.get(`${head}/${tail}`), marked, most)),
    );
    const table = el(
      "table",
      { "aria-label": "Share of each mention pair", "data-narrow": tails.length > 3 },
      el("thead", {}, el("tr", {}, el("td", {}), header)),
      el("tbody", {}, heads.map(row)),
    );
    return [
      el("p.more", {}, "Share of each mention pair. Down: mentions of the head; across: of the tail; s: sentence."),
      el("div.matrix", { tabindex: "0", role: "group", "aria-label": "Mention pairs" }, table),
    ];
  }

  /** A share; its colour is the stronger, the nearer it comes to the greatest of the relation, `most`. */
  #cell(pair, marked, most) {
    if (!pair) return el("td", {}, "–");
    const cell = el("td", { "data-marked": marked.has(pair) }, el(
      "button",
      { type: "button", title: "mark this pair in the text", onclick: () => this.onOpen(this.data.relations[this.open], [pair]) },
      number(pair.share),
    ));
    cell.style.setProperty("--share", `${((90 * pair.share) / most).toFixed(1)}%`);
    return cell;
  }

  #mention([start, end]) {
    const words = this.text.slice(start, end) || `${start}–${end}`;
    const sentence = this.data.sentences.findLastIndex((span) => span[0] <= start) + 1;
    return [el("bdi", { title: `${words} (characters ${start} to ${end})` }, words), sentence ? el("small", {}, ` s${sentence}`) : null];
  }

  /** The sentences of the strongest pairs, each once; all of them are marked in the text. */
  #sentences(relation) {
    const found = new Map(strongest(relation.evidence).map((pair) => [String(pair.sentences), pair.sentences]));
    if (!this.data.text) return relation.sentence ? [el("blockquote", { dir: "auto" }, relation.sentence)] : [];
    return [...found.values()].slice(0, QUOTED).map((around) =>
      el("blockquote", { dir: "auto" }, around.map((span, place) => [place ? " … " : "", ...this.text.part(...span)])),
    );
  }
}

/** What stands between the ends of a relation. */
export function arrow(type) {
  return el("span.arrow", {}, " → ", el("bdi", {}, type), " → ");
}

/** The different mentions at one end of mention pairs, in text order. */
function spans(evidence, end) {
  const found = new Map(evidence.map((pair) => [String(pair[end]), pair[end]]));
  return [...found.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}
