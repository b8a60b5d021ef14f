// The report: puts the parts together, and keeps what is chosen, filtered and looked for.

import { STATUSES, counted, el, fixed, grouped, statusChip, statusCount } from "./dom.js";
import { DocumentText, entityList } from "./document.js";
import { RelationList, arrow } from "./relations.js";
import { Store, unpack } from "./store.js";
import { Filters, statusCounts, terms } from "./filters.js";
import { VirtualList } from "./list.js";
import { about, overview } from "./overview.js";

const KEYS = [
  ["j  k", "next and previous document"],
  ["n  p", "next and previous relation"],
  ["/", "search"],
  ["o  d", "overview, documents"],
  ["t", "light, dark, or as the system has it"],
  ["Esc", "let go of what is marked, then of what is filtered and looked for"],
  ["?", "this help"],
];
const THEMES = ["auto", "light", "dark"];
const TYPED = 150; // milliseconds after the last key
const REDRAWN = 250;

const byId = (id) => document.getElementById(id);

/** The view of one document: its text, its relations and its entities. */
class DocumentView {
  constructor(data, head, filters) {
    this.pinned = null;
    const onEntity = (how, ids) => this.#onEntity(how, ids);
    this.text = new DocumentText(data, head.types, onEntity);
    this.relations = new RelationList(data, this.text, (relation, evidence) => {
      this.text.markEvidence(evidence);
      if (relation) this.text.scrollToEvidence();
    });
    this.entities = entityList(data, head.types, onEntity);
    byId("document").replaceChildren(
      el("p.source", {}, el("bdi", {}, data.id)),
      ...(data.text ? [this.text.element] : sentencesOfTable(data)),
    );
    byId("relations").replaceChildren(
      el("h2", {}, "Relations", el("small", {}, ` ${grouped(data.relations.length)}`)),
      this.relations.element,
      data.entities.length
        ? el("details.box", { open: true }, el("summary", {}, "Entities", el("small", {}, ` ${grouped(data.entities.length)}`)), this.entities)
        : "",
    );
    byId("document").scrollTop = byId("relations").scrollTop = 0;
    this.filter(filters);
  }

  filter(filters) {
    this.text.hideTypes(filters.hiddenTypes);
    this.relations.filter((relation) => filters.passes(relation));
  }

  /** Let go of what is marked; whether there was anything. */
  release() {
    const marked = this.pinned !== null || this.relations.open !== null;
    this.#onEntity("pin", null);
    if (this.relations.open !== null) this.relations.toggle(null);
    return marked;
  }

  #onEntity(how, ids) {
    if (how === "pin") this.pinned = ids && String(ids) !== String(this.pinned) ? ids : null;
    const marked = new Set(this.pinned ?? (how === "point" ? ids : null) ?? []);
    this.text.markEntity(marked);
    this.relations.markEntity(marked);
    for (const button of this.entities.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(this.pinned?.includes(button.dataset.entity) ?? false));
      button.classList.toggle("is-linked", marked.has(button.dataset.entity));
    }
  }
}

/** What there is to read of a document without text: the sentences that its table quotes, each with its relations. */
function sentencesOfTable(data) {
  const quoted = Map.groupBy(data.relations.filter(({ sentence }) => sentence), ({ sentence }) => sentence);
  const about = ({ type, head, tail, head_name, tail_name }) => el("li", {}, el("bdi", {}, head_name ?? head), arrow(type), el("bdi", {}, tail_name ?? tail));
  return [
    el("p.note", {}, "This document came as rows of a table, without its text", quoted.size ? "; these are the sentences that the table quotes." : "."),
    ...[...quoted].map(([sentence, relations]) => el("div.quoted", {}, el("p.bran-passage", { dir: "auto" }, sentence), el("ul", {}, relations.map(about)))),
  ];
}

class Report {
  constructor(head, ready) {
    this.head = head;
    this.store = new Store(head.block, head.index.length, ready);
    this.filters = new Filters(head.index);
    this.inText = new Set();
    this.query = [];
    this.asked = 0;
    this.shown = null;
    this.view = null;
    this.list = new VirtualList("Documents", (number) => this.#row(number), (number) => this.open(number));
    byId("list").append(this.list.element);
    byId("search").addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.search(byId("search").value), TYPED);
    });
    document.body.classList.toggle("is-single", head.index.length < 2);
  }

  get shownFilters() {
    return this.filters.active || this.filters.hiddenTypes.size > 0;
  }

  async open(number) {
    if (number === undefined) return;
    this.shown = number;
    this.list.choose(number);
    const data = await this.store.document(number);
    if (this.shown !== number) return; // another one was asked for meanwhile
    this.view = new DocumentView(data, this.head, this.filters);
    this.#highlight();
    remember(`document=${encodeURIComponent(data.id)}`);
  }

  /** List what the filters and the query leave, and apply the filters to the document that is open. */
  update() {
    const found = this.filters.documents(this.query, this.inText);
    this.list.set(found);
    byId("found").textContent = found.length === this.head.index.length ? counted(found.length, "document") : `${grouped(found.length)} of ${counted(this.head.index.length, "document")}`;
    this.view?.filter(this.filters);
    if (found.length && !found.includes(this.shown)) this.open(found[0]);
    else this.list.choose(this.shown);
  }

  async search(query) {
    this.query = terms(query);
    this.inText = new Set();
    const asked = ++this.asked;
    this.update();
    this.#highlight();
    if (!this.query.length) return;
    byId("found").setAttribute("aria-busy", "true");
    await this.#searchTexts(this.query, this.inText, () => asked !== this.asked);
    if (asked !== this.asked) return;
    byId("found").removeAttribute("aria-busy");
    this.update();
  }

  /** Put the documents whose texts have the words `wanted` into `found`; the list grows while the texts are read. */
  async #searchTexts(wanted, found, stopped) {
    let drawn = performance.now();
    await this.store.search(
      (number, text) => this.filters.has(wanted, number, text),
      (number) => found.add(number),
      () => {
        if (!stopped() && performance.now() - drawn > REDRAWN) {
          this.update();
          drawn = performance.now();
        }
        return stopped();
      },
    );
  }

  /** Clear what is marked, else what narrows the list. */
  escape() {
    if (this.view?.release()) return;
    byId("search").value = "";
    this.filters.clear();
    this.drawFilters();
    this.search("");
  }

  drawFilters() {
    const { filters, head } = this;
    const changed = () => this.update();
    const statuses = STATUSES.filter((status) => head.summary.statuses[status]);
    const groups = [
      filters.pair ? el("button.chip.pair", { type: "button", title: "show all relations again", onclick: () => this.setPair(null) }, "✕ ", el("bdi", {}, filters.pair.head_name), arrow(filters.pair.type), el("bdi", {}, filters.pair.tail_name)) : null,
      head.summary.measure ? this.#slider(changed) : null,
      statuses.length ? checks("Against gold", statuses, filters.hiddenStatuses, changed, (status) => [statusChip(status), el("small", {}, ` ${grouped(head.summary.statuses[status])}`)]) : null,
      head.relation_types.length > 1 ? checks("Relations", head.relation_types, filters.hiddenRelations, changed, (type) => type) : null,
      head.types.length ? checks("Mentions", head.types, filters.hiddenTypes, changed, (type) => el(`span.bran-mention.bran-slot-${type.slot}`, { "data-first": true, "data-last": true, "data-badge": type.badge }, type.name), (type) => type.name) : null,
      head.index.length > 1 ? this.#order() : null,
    ];
    if (head.index.length < 2) groups.push(el("details.box", { open: true }, el("summary", {}, "About this report"), about(head)));
    byId("filters").replaceChildren(...groups.filter(Boolean));
  }

  setPair(pair) {
    this.filters.pair = pair;
    this.drawFilters();
    show("documents");
    this.update();
  }

  #slider(changed) {
    const { measure } = this.head.summary;
    const shown = el("output", {}, fixed(this.filters.least, 2));
    const input = el("input", {
      type: "range", min: 0, max: 1, step: 0.01, value: this.filters.least, id: "least",
      oninput: () => {
        this.filters.least = Number(input.value);
        shown.textContent = fixed(this.filters.least, 2);
        changed();
      },
    });
    return el("div.slider", {}, el("label", { for: "least" }, `Least ${measure}`), input, shown);
  }

  #order() {
    const orders = { given: "as read", best: `highest ${this.head.summary.measure ?? "score"}`, relations: "most relations", errors: "most errors" };
    if (!this.head.summary.scores.length) delete orders.errors;
    const select = el("select", { id: "order", onchange: () => { this.filters.order = select.value; this.update(); } }, Object.entries(orders).map(([value, name]) => el("option", { value, selected: value === this.filters.order }, name)));
    return el("div.order", {}, el("label", { for: "order" }, "Order"), select);
  }

  #row(number) {
    const entry = this.head.index[number];
    const passing = entry.relations.filter((relation) => this.filters.passes(relation));
    const counts = statusCounts({ relations: passing });
    const judged = STATUSES.filter((status) => counts[status]).map((status) => statusCount(status, counts[status]));
    const kept = passing.filter((relation) => relation.status !== "missed").length;
    const names = entry.title || passing.slice(0, 3).map(({ head_name, head, tail_name, tail }) => `${head_name ?? head} → ${tail_name ?? tail}`).join("; ");
    return [
      el("span.row-title", { dir: "auto" }, names || "(no title)"),
      el("span.row-facts", {}, el("bdi.id", {}, entry.id), el("span.kept", {}, counted(kept, "relation")), judged),
    ];
  }

  /** The words that are looked for, painted in the text that is open. */
  #highlight() {
    if (!globalThis.CSS?.highlights) return;
    CSS.highlights.delete("found");
    if (!this.query.length) return;
    const ranges = [];
    const walker = document.createTreeWalker(byId("document"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const words = walker.currentNode.data.toLowerCase();
      if (words.length !== walker.currentNode.length) continue; // places would not be those of the text
      for (const term of this.query)
        for (let at = words.indexOf(term); at >= 0; at = words.indexOf(term, at + term.length)) {
          const range = new Range();
          range.setStart(walker.currentNode, at);
          range.setEnd(walker.currentNode, at + term.length);
          ranges.push(range);
        }
    }
    CSS.highlights.set("found", new Highlight(...ranges));
  }
}

/** Boxes to tick, one for each of `items`; what is not ticked is in `hidden`. */
function checks(title, items, hidden, changed, label, key = (item) => item) {
  const box = (item) => {
    const input = el("input", {
      type: "checkbox", checked: !hidden.has(key(item)), value: key(item),
      onchange: () => {
        if (input.checked) hidden.delete(key(item));
        else hidden.add(key(item));
        changed();
      },
    });
    return el("label", {}, input, el("span", {}, label(item)));
  };
  return el("fieldset", {}, el("legend", {}, title), items.map(box));
}

/** Show the overview or the documents. */
function show(view) {
  for (const name of ["overview", "documents"]) {
    byId(name).hidden = name !== view;
    byId(`show-${name}`).setAttribute("aria-pressed", String(name === view));
  }
  if (view === "overview") remember("overview");
}

function remember(place) {
  history.replaceState(null, "", `#${place}`);
}

/** The theme that was chosen before, where the browser remembers it for this file. */
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = { auto: "◐ auto", light: "☀ light", dark: "☾ dark" }[theme];
  try {
    localStorage.setItem("bran-theme", theme);
  } catch {
    // a browser that keeps nothing for files
  }
}

function storedTheme() {
  try {
    return localStorage.getItem("bran-theme");
  } catch {
    return null;
  }
}

function nextTheme() {
  const place = THEMES.indexOf(document.documentElement.dataset.theme);
  setTheme(THEMES[(place + 1) % THEMES.length]);
}

function drawHelp(judged) {
  const close = el("button", { type: "button", onclick: () => byId("help").close() }, "Close");
  const signs = STATUSES.map((status) => el("div", {}, el("dt", {}, statusChip(status)), el("dd", {}, statusChip(status).title)));
  byId("help").replaceChildren(
    el("h2", { id: "help-title" }, "Keys and signs"),
    el("dl.facts", {}, KEYS.map(([key, meaning]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, meaning)))),
    el("p", {}, "Point at a mention to mark all mentions of its entities; click it to keep them marked. Click a relation to mark the mention pairs that together carry nine tenths of it, and their sentences; click a number of its table to mark one pair."),
    judged ? el("dl.facts", {}, signs) : "",
    close,
  );
}

function listen(report) {
  const { list } = report;
  const actions = {
    j: () => report.open(list.neighbour(1)),
    k: () => report.open(list.neighbour(-1)),
    n: () => report.view?.relations.step(1),
    p: () => report.view?.relations.step(-1),
    o: () => show("overview"),
    d: () => show("documents"),
    t: nextTheme,
    "/": () => { show("documents"); byId("search").focus(); },
    "?": () => byId("help").showModal(),
    Escape: () => { document.activeElement.blur(); report.escape(); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    if (event.target.matches("input[type=search], select") && event.key !== "Escape") return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  byId("show-overview").addEventListener("click", () => show("overview"));
  byId("show-documents").addEventListener("click", () => show("documents"));
  byId("show-help").addEventListener("click", () => byId("help").showModal());
  byId("theme").addEventListener("click", nextTheme);
}

/** The place that the address names: `#overview`, `#document=ID`; by default the overview of a run. */
function firstPlace(index) {
  const [view, id] = location.hash.slice(1).split("=");
  const number = view === "document" ? index.findIndex((entry) => entry.id === decodeURIComponent(id ?? "")) : -1;
  return { view: number < 0 && index.length > 1 ? "overview" : "documents", number: Math.max(number, 0) };
}

async function start() {
  setTheme(THEMES.includes(storedTheme()) ? storedTheme() : "auto");
  const loaded = new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
  const head = JSON.parse(await unpack("head"));
  const report = new Report(head, loaded);
  byId("title").textContent = head.title;
  drawHelp(head.summary.scores.length > 0);
  report.drawFilters();
  const { view, number } = firstPlace(head.index);
  byId("overview").append(
    ...overview(head, (pair) => report.setPair(pair), (place) => { show("documents"); report.open(place); }).flat(),
  );
  listen(report);
  report.shown = head.index.length ? number : null;
  report.update();
  if (head.index.length) await report.open(number);
  show(view);
  document.documentElement.dataset.ready = "true";
}

start();
