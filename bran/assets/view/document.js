// The text of a document with its mentions: drawn once, then marked by entity or by evidence.

import { characters, el } from "./dom.js";

/** Cut `[start, end)` where mentions begin or end: `{start, end, mentions}`, mentions by number, outer ones first. */
export function segments(mentions, start, end) {
  const inside = [];
  const cuts = new Set([start, end]);
  mentions.forEach((mention, number) => {
    if (mention.start >= end || mention.end <= start) return;
    inside.push(number);
    for (const cut of [mention.start, mention.end]) if (cut > start && cut < end) cuts.add(cut);
  });
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.slice(1).map((high, place) => {
    const low = sorted[place];
    return {
      start: low,
      end: high,
      mentions: inside.filter((number) => mentions[number].start <= low && mentions[number].end >= high),
    };
  });
}

/** What a mention names: its concepts, and itself where it has an id. */
export function keys(mention) {
  return mention.id ? [...mention.concepts, mention.id] : mention.concepts;
}

/** How types look, by name; `types` are `{name, badge, slot}`. Types that are not among them get a look, too. */
export function looksOf(types, mentions) {
  const looks = new Map(types.map((type) => [type.name, type]));
  for (const { type } of mentions) if (!looks.has(type)) looks.set(type, { name: type, badge: type[0], slot: looks.size % 8 });
  return looks;
}

/** The text of one document. */
export class DocumentText {
  /**
   * @param data the document, as the page and the API have it
   * @param types how entity types are told apart
   * @param onEntity called with the ids of a mention's entities when it is pointed at (`"point"`, null when it is
   *   left) and when it is clicked (`"pin"`)
   */
  constructor(data, types, onEntity = () => {}) {
    this.data = data;
    this.looks = looksOf(types, data.mentions);
    this.characters = characters(data.text);
    this.marks = data.mentions.map(() => []);
    this.sentences = new Map();
    this.element = el("div.bran-document", {}, data.passages.map((passage) => this.#passage(passage)));
    this.#listen(onEntity);
  }

  slice(start, end) {
    return this.characters.slice(start, end).join("");
  }

  /** Mark every mention of the entities `ids`. */
  markEntity(ids) {
    this.#toggle("is-linked", (mention) => keys(mention).some((id) => ids.has(id)));
  }

  /** Mark the mentions and sentences of `evidence`; the first of it as the strongest. */
  markEvidence(evidence) {
    const spans = new Map();
    for (const { head, tail } of evidence) {
      if (!spans.has(String(head))) spans.set(String(head), "head");
      if (!spans.has(String(tail))) spans.set(String(tail), "tail");
    }
    this.#toggle("is-evidence", (mention) => spans.has(`${mention.start},${mention.end}`));
    const sentences = new Set(evidence.flatMap((pair) => pair.sentences.map(String)));
    const strongest = new Set((evidence[0]?.sentences ?? []).map(String));
    for (const [span, nodes] of this.sentences)
      for (const node of nodes) {
        node.classList.toggle("is-evidence", sentences.has(span));
        node.classList.toggle("is-strongest", strongest.has(span));
      }
  }

  /** Draw mentions of the types `hidden` as plain text. */
  hideTypes(hidden) {
    const type = (mark) => this.data.mentions[Number(mark.dataset.mention)].type;
    for (const mark of this.marks.flat()) mark.classList.toggle("is-hidden", hidden.has(type(mark)));
  }

  scrollToEvidence() {
    const first = this.element.querySelector(".bran-mention.is-evidence");
    first?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** The text of `[start, end)` with its mentions marked, as new nodes. */
  part(start, end) {
    return segments(this.data.mentions, start, end).map((segment) => this.#segment(segment));
  }

  /** A class on the marks whose innermost mention is `chosen`, or that lie within one that is. */
  #toggle(name, chosen) {
    const on = new Set(this.data.mentions.flatMap((mention, number) => (chosen(mention) ? this.marks[number] : [])));
    for (const mark of this.marks.flat()) mark.classList.toggle(name, on.has(mark));
  }

  #passage({ kind, start, end }) {
    const node = el("p.bran-passage", { "data-kind": kind, dir: "auto" });
    let place = start;
    for (const span of this.data.sentences) {
      const [from, to] = [Math.max(span[0], start), Math.min(span[1], end)];
      if (from >= to) continue;
      node.append(...this.#drawn(place, from), this.#sentence(span, from, to));
      place = to;
    }
    node.append(...this.#drawn(place, end));
    return node;
  }

  #sentence(span, start, end) {
    const node = el("span.bran-sentence", {}, this.#drawn(start, end));
    const key = String(span);
    this.sentences.set(key, [...(this.sentences.get(key) ?? []), node]);
    return node;
  }

  #drawn(start, end) {
    if (start >= end) return [];
    return segments(this.data.mentions, start, end).map((segment) => {
      const node = this.#segment(segment);
      for (const number of segment.mentions) this.marks[number].push(node);
      return node;
    });
  }

  #segment({ start, end, mentions }) {
    const words = this.slice(start, end);
    if (!mentions.length) return document.createTextNode(words);
    const all = mentions.map((number) => this.data.mentions[number]);
    const inner = all.at(-1);
    const ending = all.filter((mention) => mention.end === end).map((mention) => this.looks.get(mention.type).badge);
    return el(
      `mark.bran-mention.bran-slot-${this.looks.get(inner.type).slot}`,
      {
        "data-depth": mentions.length,
        "data-mention": mentions.at(-1),
        "data-first": start === inner.start,
        "data-last": ending.length > 0,
        "data-badge": ending.length ? [...new Set(ending.reverse())].join("") : null,
        title: all.map((mention) => `${mention.type}: ${keys(mention).join(" ") || "not linked"}`).join("\n"),
      },
      words,
    );
  }

  #listen(onEntity) {
    const ids = (event) => {
      const mark = event.target.closest?.("[data-mention]");
      return mark && this.element.contains(mark) ? keys(this.data.mentions[Number(mark.dataset.mention)]) : null;
    };
    this.element.addEventListener("pointerover", (event) => onEntity("point", ids(event)));
    this.element.addEventListener("pointerleave", () => onEntity("point", null));
    this.element.addEventListener("click", (event) => {
      if (String(getSelection())) return; // words are being selected, not clicked
      onEntity("pin", ids(event));
    });
  }
}

/** The entities of a document as buttons; `onEntity` as of `DocumentText`. */
export function entityList(data, types, onEntity) {
  const looks = looksOf(types, data.mentions);
  const counts = new Map();
  for (const mention of data.mentions) for (const key of keys(mention)) counts.set(key, (counts.get(key) ?? 0) + 1);
  const item = (entity) => {
    const look = looks.get(entity.type);
    const ids = [entity.id];
    return el("li", {}, el(
      "button.entity",
      {
        type: "button",
        "data-entity": entity.id,
        "aria-pressed": "false",
        onclick: () => onEntity("pin", ids),
        onpointerenter: () => onEntity("point", ids),
        onpointerleave: () => onEntity("point", null),
      },
      el(`span.bran-mention.bran-slot-${look.slot}`, { "data-first": true, "data-last": true, "data-badge": look.badge, dir: "auto" }, entity.name),
      entity.label && entity.label !== entity.name ? el("span.label", {}, entity.label) : null,
      el("span.id", {}, entity.id),
      el("span.times", {}, `${counts.get(entity.id) ?? 0}×`),
    ));
  };
  return el("ul.entities", {}, data.entities.map(item));
}
