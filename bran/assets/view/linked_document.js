// The text, the relations and the entities of a document, linked: what is chosen in one is marked in the others.

import { DocumentText, entityList } from "./document.js";
import { RelationList } from "./relations.js";

/** The three parts; whoever extends this puts them on a page. */
export class LinkedDocument {
  /** @param data the document, as the page and the API have it; @param types how entity types are told apart */
  constructor(data, types) {
    this.pinned = null;
    const onEntity = (how, ids) => this.onEntity(how, ids);
    this.text = new DocumentText(data, types, onEntity);
    this.relations = new RelationList(data, this.text, (relation, evidence) => {
      this.text.markEvidence(evidence);
      if (relation) this.text.scrollToEvidence();
    });
    this.entities = entityList(data, types, onEntity);
  }

  /** Mark the entities `ids` that are pointed at (`"point"`, null when they are left) or clicked (`"pin"`). */
  onEntity(how, ids) {
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
