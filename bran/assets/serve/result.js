// One document with its relations and entities, side by side.

import { counted, el } from "/assets/view/dom.js";
import { LinkedDocument } from "/assets/view/linked_document.js";

export class Result extends LinkedDocument {
  /** @param data the document, as the API gives it; @param types how entity types are told apart */
  constructor(data, types) {
    super(data, types);
    this.element = el(
      "section.result",
      { "aria-label": `Document ${data.id}`, "data-document": data.id },
      el("article.text", {}, el("p.source", {}, el("bdi", {}, data.id)), this.text.element),
      el(
        "div.side",
        {},
        el("h2", {}, counted(data.relations.length, "relation")),
        this.relations.element,
        el("details.entity-box", { open: true }, el("summary", {}, "Entities ", el("small", {}, data.entities.length)), this.entities),
      ),
    );
  }
}
