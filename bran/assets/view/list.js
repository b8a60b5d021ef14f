// A list of any length: only the rows in sight are in the page.

import { el } from "./dom.js";

const ROW = 72;
const SPARE = 6;

/** A list box whose rows are all `ROW` pixels high. */
export class VirtualList {
  /**
   * @param label what the list is of
   * @param row makes the children of the row of an item
   * @param onChoose called with the item that was chosen
   */
  constructor(label, row, onChoose) {
    this.row = row;
    this.onChoose = onChoose;
    this.items = [];
    this.chosen = null;
    this.rows = new Map();
    this.canvas = el("div.canvas", { role: "presentation" });
    this.element = el(
      "div.list",
      { role: "listbox", tabindex: "0", "aria-label": label, onscroll: () => this.draw(), onkeydown: (event) => this.#key(event) },
      this.canvas,
    );
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  set(items) {
    this.items = items;
    this.canvas.style.height = `${items.length * ROW}px`;
    this.canvas.replaceChildren();
    this.rows.clear();
    this.draw();
  }

  /** Choose `item` and bring it into sight. */
  choose(item) {
    this.chosen = item;
    const place = this.items.indexOf(item);
    if (place >= 0) {
      const [top, height] = [place * ROW, this.element.clientHeight];
      if (top < this.element.scrollTop) this.element.scrollTop = top;
      else if (top + ROW > this.element.scrollTop + height) this.element.scrollTop = top + ROW - height;
    }
    this.draw();
    for (const [number, node] of this.rows) this.#select(node, this.items[number] === item);
    this.element.setAttribute("aria-activedescendant", place >= 0 ? `row-${place}` : "");
  }

  /** The item `by` places after the chosen one, within the list. */
  neighbour(by) {
    const place = this.items.indexOf(this.chosen);
    const next = place < 0 ? 0 : place + by;
    return this.items[Math.min(Math.max(next, 0), this.items.length - 1)];
  }

  draw() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(Math.floor(scrollTop / ROW) - SPARE, 0);
    const last = Math.min(Math.ceil((scrollTop + clientHeight) / ROW) + SPARE, this.items.length);
    for (const [place, node] of this.rows)
      if (place < first || place >= last) {
        node.remove();
        this.rows.delete(place);
      }
    for (let place = first; place < last; place += 1) if (!this.rows.has(place)) this.#add(place);
  }

  #add(place) {
    const item = this.items[place];
    const node = el(
      "div.row",
      {
        id: `row-${place}`,
        role: "option",
        "aria-setsize": this.items.length,
        "aria-posinset": place + 1,
        onclick: () => this.onChoose(item),
      },
      this.row(item),
    );
    node.style.top = `${place * ROW}px`;
    this.#select(node, item === this.chosen);
    this.rows.set(place, node);
    this.canvas.append(node);
  }

  #select(node, chosen) {
    node.setAttribute("aria-selected", String(chosen));
  }

  #key(event) {
    const page = Math.max(Math.floor(this.element.clientHeight / ROW), 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey || !this.items.length) return;
    event.preventDefault();
    this.onChoose(this.neighbour(steps[event.key]));
  }
}
