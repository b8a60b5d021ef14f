// The report: puts the parts together, and keeps what is chosen, filtered and looked for.

import { STATUSES, counted, el, grouped, statusCount } from "./dom.js";
import { Store, unpack } from "./store.js";
import { Filters, statusCounts, terms } from "./filters.js";
import { VirtualList } from "./list.js";
import { filterPanel } from "./filter_panel.js";
import { overview } from "./overview.js";
import { byId, drawHelp, nextTheme, remember, setTheme, show, storedTheme } from "./frame.js";
import { DocumentView, paint } from "./document_view.js";

const TYPED = 150; // milliseconds after the last key
const REDRAWN = 250;

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

  async open(number) {
    if (number === undefined) return;
    this.shown = number;
    this.list.choose(number);
    const data = await this.store.document(number);
    if (this.shown !== number) return; // another one was asked for meanwhile
    this.view = new DocumentView(data, this.head, this.filters);
    paint(byId("document"), this.query);
    remember(addressOf(data));
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
    paint(byId("document"), this.query);
    byId("found").removeAttribute("aria-busy");
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

  setPair(pair) {
    this.filters.pair = pair;
    this.drawFilters();
    show("documents");
    this.update();
  }

  drawFilters() {
    byId("filters").replaceChildren(...filterPanel(this.head, this.filters, () => this.update(), () => this.setPair(null)));
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

function addressOf({ id }) {
  return `document=${encodeURIComponent(id)}`;
}

/** The place that the address names: `#overview`, `#document=ID`; by default the overview of a run. */
function firstPlace(index) {
  const number = index.findIndex((entry) => location.hash === `#${addressOf(entry)}`);
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

start().catch((error) => {
  byId("document").textContent = `The data of this page could not be unpacked (${error}). It needs a browser of 2024 or later.`;
  throw error;
});
