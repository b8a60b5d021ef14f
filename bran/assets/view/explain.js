// The page of an explanation: what is chosen, and what is drawn of it.

import { el } from "./dom.js";
import { attentionTables, influenceTables, scoreTable } from "./explain_side.js";
import { WordText } from "./explain_text.js";
import { unpack } from "./store.js";

/** The attention of one window, unpacked: a byte and the highest weight of its row for every two words. */
class Attention {
  constructor(window) {
    this.window = window;
    this.levels = Uint8Array.from(atob(window.levels), (character) => character.charCodeAt(0));
    this.place = new Map(window.words.map((word, place) => [word, place]));
  }

  /** Weights between the word `word` and every other of `count`; null outside the window. */
  values(word, { block, head, towards }, count) {
    const size = this.window.words.length;
    const own = this.place.get(word);
    const values = new Array(count).fill(null);
    if (own === undefined) return values;
    this.window.words.forEach((other, place) => {
      const [row, column] = towards ? [own, place] : [place, own];
      const each = this.#heads(head).map((number) => this.#weight((block * this.window.heads + number) * size + row, column));
      values[other] = each.reduce((sum, value) => sum + value, 0) / each.length;
    });
    return values;
  }

  /** Attention among entities by rows. */
  among({ block, head }) {
    const heads = this.#heads(head).map((number) => this.window.among[block][number]);
    return heads[0].map((values, row) => values.map((_, column) => heads.reduce((sum, each) => sum + each[row][column], 0) / heads.length));
  }

  #heads(head) {
    return head === "mean" ? [...Array(this.window.heads).keys()] : [Number(head)];
  }

  #weight(row, column) {
    return (this.levels[row * this.window.words.length + column] / 255) * this.window.highest[row];
  }
}

class ExplanationPage {
  constructor(data) {
    this.data = data;
    this.maps = data.windows.map((window) => new Attention(window));
    this.chosen = null;
    this.text = new WordText(data, (word) => this.#choose(word));
    document.getElementById("text").append(this.text.element);
    document.getElementById("title").textContent = data.title;
    document.getElementById("facts").textContent = `model ${data.model} · ${data.words.length} words`;
    document.getElementById("caution").textContent = data.caution;
    document.getElementById("notes").append(...data.notes.map((note) => el("p.quiet", {}, note)));
    this.#controls();
    this.draw();
  }

  draw() {
    const relation = this.data.relations[Number(this.selects.relation.value)];
    const view = this.selects.view.value;
    this.text.markEnds(new Set([relation.head, relation.tail]));
    for (const name of ["block", "head", "direction", "window"])
      if (this.selects[name]) this.selects[name].parentElement.hidden = view !== "attention";
    const drawn = view === "attention" ? this.#attention() : this.#influence(relation, view);
    document.getElementById("side").replaceChildren(...[scoreTable(relation, this.data.threshold), drawn].flat().filter(Boolean));
  }

  #influence(relation, method) {
    this.text.shade(relation.words[method], "influence");
    document.getElementById("key").textContent =
      "Blue, solid line: the word speaks for the relation. Orange, dashed line: against it. Bold: head and tail.";
    return influenceTables(this.data, relation, method, (word) => this.text.name(word));
  }

  #attention() {
    const map = this.maps[Number(this.selects.window?.value ?? 0)];
    const towards = this.selects.direction.value === "to";
    const settings = { block: Number(this.selects.block.value), head: this.selects.head.value, towards };
    const values = this.chosen === null ? this.data.words.map(() => 0) : map.values(this.chosen, settings, this.data.words.length);
    this.text.shade(values, "attention");
    document.getElementById("key").textContent = "Violet: the more, the darker. Bold: head and tail. Pale: outside this window.";
    return attentionTables(this.data, map.window, this.chosen, values, map.among(settings), (word) => this.text.name(word), towards);
  }

  #choose(word) {
    this.chosen = word;
    if (this.selects.view.value === "attention") this.draw();
  }

  #controls() {
    const { relations, windows } = this.data;
    const methods = Object.keys(relations[0].words).reverse();
    const range = (count, name) => [...Array(count).keys()].map((number) => [number, `${name} ${number + 1}`]);
    const views = [...methods.map((name) => [name, `influence: ${name}`]), ...(windows.length ? [["attention", "attention"]] : [])];
    this.selects = { relation: select(relations.map((relation, number) => [number, relation.title])), view: select(views) };
    if (windows.length) {
      Object.assign(this.selects, {
        block: select(range(windows[0].blocks, "block")),
        head: select([["mean", "mean of all heads"], ...range(windows[0].heads, "head")]),
        direction: select([["to", "where a word attends"], ["from", "what attends to a word"]]),
      });
      if (windows.length > 1) this.selects.window = select(range(windows.length, "window"));
    }
    const form = document.getElementById("controls");
    form.append(...Object.entries(this.selects).map(([name, node]) => el("label", {}, name, node)));
    form.addEventListener("change", () => this.draw());
    form.addEventListener("submit", (event) => event.preventDefault());
  }
}

function select(options) {
  return el("select", {}, options.map(([value, label]) => el("option", { value }, label)));
}

unpack("explanation").then((text) => {
  window.explanation = new ExplanationPage(JSON.parse(text));
});
