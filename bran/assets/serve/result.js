// One document with its relations and entities, side by side; what is chosen in one is marked in the others.

import { counted, el } from "/assets/view/dom.js";
import { DocumentText, entityList } from "/assets/view/document.js";
import { RelationList } from "/assets/view/relations.js";

export class Result {
  /** @param data the document, as the API gives it; @param types how entity types are told apart */
  constructor(data, types) {
    this.pinned = null;
    const onEntity = (how, ids) => this.#onEntity(how, ids);
    this.text = new DocumentText(data, types, onEntity);
    this.relations = new RelationList(data, this.text, (relation, evidence) => {
      this.text.markEvidence(evidence);
      if (relation) this.text.scrollToEvidence();
    });
    this.entities = entityList(data, types, onEntity);
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
