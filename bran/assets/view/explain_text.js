// The text of an explained document: words that are shaded, and one of them chosen.

import { el } from "./dom.js";
import { keys, segments } from "./document.js";

const STRONG = 0.35;

/** The words of a document; `onChoose` is called with the number of a word that is pointed at or moved to. */
export class WordText {
  constructor({ document: data, words }, onChoose) {
    this.characters = Array.from(data.text);
    this.concepts = new Map();
    this.mentions = data.mentions;
    this.words = words.map(() => []);
    this.chosen = null;
    this.onChoose = onChoose;
    this.element = el(
      "div.words.bran-document",
      { tabindex: 0, role: "group", "aria-label": "Words: point at one, or move with the arrow keys" },
      data.passages.map((passage) => this.#passage(passage, words)),
    );
    this.#listen();
  }

  /** The word; a sign of punctuation with the word before it. */
  name(number) {
    const written = this.words[number].map((node) => node.textContent).join("");
    return number && !/[\p{L}\p{N}]/u.test(written) ? `${this.name(number - 1)} ${written}` : written;
  }

  /** Shade words: `values` are numbers by word, null where a word takes no part; `kind` is `influence` or `attention`. */
  shade(values, kind) {
    const highest = Math.max(...values.map((value) => Math.abs(value ?? 0)), 1e-12);
    this.words.forEach((nodes, number) => {
      const value = values[number];
      const level = Math.abs(value ?? 0) / highest;
      for (const node of nodes) {
        node.style.setProperty("--level", level.toFixed(3));
        node.classList.toggle("is-for", kind === "influence" && value > 0);
        node.classList.toggle("is-against", kind === "influence" && value < 0);
        node.classList.toggle("is-strong", level >= STRONG);
        node.classList.toggle("is-attended", kind === "attention" && value > 0);
        node.classList.toggle("is-outside", value === null);
        node.title = value == null ? "" : value.toFixed(4);
      }
    });
  }

  /** Write the mentions of the concepts `ids` in bold. */
  markEnds(ids) {
    for (const nodes of this.words)
      for (const node of nodes) {
        node.classList.toggle("is-end", this.concepts.get(node).some((id) => ids.has(id)));
      }
  }

  choose(number) {
    if (number === this.chosen || !this.words[number]) return;
    for (const node of this.words[this.chosen] ?? []) node.classList.remove("is-chosen");
    for (const node of this.words[number]) node.classList.add("is-chosen");
    this.chosen = number;
    this.onChoose(number);
  }

  #passage({ kind, start, end }, words) {
    const node = el("p.bran-passage", { "data-kind": kind, dir: "auto" });
    let place = start;
    words.forEach(([from, to], number) => {
      if (from >= end || to <= start) return;
      node.append(...this.#drawn(place, from, null), ...this.#drawn(from, to, number));
      place = to;
    });
    node.append(...this.#drawn(place, end, null));
    return node;
  }

  #drawn(start, end, word) {
    if (start >= end) return [];
    return segments(this.mentions, start, end).map((segment) => this.#segment(segment, word));
  }

  #segment({ start, end, mentions }, word) {
    const written = this.characters.slice(start, end).join("");
    if (!mentions.length && word === null) return document.createTextNode(written);
    const node = el(`span${word === null ? "" : ".word"}${mentions.length ? ".bran-mention" : ""}`, { "data-word": word }, written);
    if (word === null) return node;
    this.words[word].push(node);
    this.concepts.set(node, mentions.flatMap((number) => keys(this.mentions[number])));
    return node;
  }

  #listen() {
    this.element.addEventListener("pointerover", (event) => {
      const node = event.target.closest?.("[data-word]");
      if (node) this.choose(Number(node.dataset.word));
    });
    this.element.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      this.choose(Math.min(Math.max((this.chosen ?? -step) + step, 0), this.words.length - 1));
    });
  }
}
