// One document of a report: its text, or what its table quotes of it, beside its relations and entities.

import { el, grouped } from "./dom.js";
import { LinkedDocument } from "./linked_document.js";
import { arrow } from "./relations.js";
import { byId } from "./frame.js";

/** The view of one document: its text, its relations and its entities. */
export class DocumentView extends LinkedDocument {
  constructor(data, head, filters) {
    super(data, head.types);
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
    this.onEntity("pin", null);
    if (this.relations.open !== null) this.relations.toggle(null);
    return marked;
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

/** Paint `words`, in lower case, wherever they stand in `root`; what was painted before is not any more. */
export function paint(root, words) {
  if (!globalThis.CSS?.highlights) return;
  CSS.highlights.delete("found");
  if (!words.length) return;
  const ranges = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.toLowerCase();
    if (text.length !== walker.currentNode.length) continue; // places would not be those of the text
    for (const term of words)
      for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + term.length)) {
        const range = new Range();
        range.setStart(walker.currentNode, at);
        range.setEnd(walker.currentNode, at + term.length);
        ranges.push(range);
      }
  }
  CSS.highlights.set("found", new Highlight(...ranges));
}
