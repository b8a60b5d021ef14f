// What is shown: which relations pass, and which documents have one that does and the words that are looked for.

import { STATUSES } from "./dom.js";
import { measure } from "./relations.js";

/** The words of a query, in lower case. */
export function terms(query) {
  return query.toLowerCase().split(/\s+/).filter(Boolean);
}

export class Filters {
  constructor(index) {
    this.index = index;
    this.hiddenTypes = new Set();
    this.hiddenRelations = new Set();
    this.hiddenStatuses = new Set();
    this.least = 0;
    this.pair = null;
    this.order = "given";
    this.words = index.map(wordsOf);
  }

  /** Whether any of them hides a relation. */
  get active() {
    return this.least > 0 || this.hiddenRelations.size > 0 || this.hiddenStatuses.size > 0 || this.pair !== null;
  }

  clear() {
    this.hiddenRelations.clear();
    this.hiddenStatuses.clear();
    this.hiddenTypes.clear();
    this.least = 0;
    this.pair = null;
  }

  /** Whether `relation` is shown. What was missed has no measure, so that the least one does not hide it. */
  passes(relation) {
    if (this.hiddenRelations.has(relation.type) || this.hiddenStatuses.has(relation.status)) return false;
    if (relation.status !== "missed" && (measure(relation) ?? 1) < this.least) return false;
    return this.pair === null || ["type", "head", "tail"].every((key) => relation[key] === this.pair[key]);
  }

  /** Whether the document `number` has every one of `wanted`, in its id, title and relations or in `text`. */
  has(wanted, number, text = "") {
    return wanted.every((term) => this.words[number].includes(term) || text.includes(term));
  }

  /** The numbers of the documents that are listed; `inText` are those whose text has the words that are looked for. */
  documents(wanted, inText) {
    const found = [];
    this.index.forEach((document, number) => {
      if (!inText.has(number) && !this.has(wanted, number)) return;
      if (!this.active || document.relations.some((relation) => this.passes(relation))) found.push(number);
    });
    return this.order === "given" ? found : found.sort(ORDERS[this.order](this.index));
  }
}

/** How many relations of a document have each status. */
export function statusCounts(document) {
  const counts = Object.fromEntries(STATUSES.map((status) => [status, 0]));
  for (const { status } of document.relations) if (status) counts[status] += 1;
  return counts;
}

function errors(document) {
  const { wrong, missed } = statusCounts(document);
  return wrong + missed;
}

function best(document) {
  return Math.max(-1, ...document.relations.map((relation) => measure(relation) ?? -1));
}

function descending(key) {
  return (index) => {
    const keys = index.map(key);
    return (a, b) => keys[b] - keys[a] || a - b;
  };
}

const ORDERS = {
  errors: descending(errors),
  best: descending(best),
  relations: descending((document) => document.relations.filter(({ status }) => status !== "missed").length),
};

function wordsOf({ id, title, relations }) {
  const words = relations.flatMap(({ type, head, tail, head_name, tail_name }) => [type, head, tail, head_name, tail_name]);
  return [id, title, ...words].join("\n").toLowerCase();
}
