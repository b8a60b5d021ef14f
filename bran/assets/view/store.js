// The data of the page: packed blocks, unpacked when they are needed.

const KEPT = 8;

/** The text that the element `id` holds, packed as base64 of gzip. */
export async function unpack(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

/** Documents by number; the blocks used last stay unpacked. */
export class Store {
  /** @param block documents of a block; @param ready resolves when every block stands in the page */
  constructor(block, count, ready) {
    this.block = block;
    this.count = count;
    this.ready = ready;
    this.blocks = new Map();
    this.words = [];
  }

  async document(number) {
    const documents = await this.#unpacked(Math.floor(number / this.block));
    return documents[number % this.block];
  }

  /** Call `found` with the number of each document that `matches(number, text)`, text in lower case, until `stopped()`. */
  async search(matches, found, stopped) {
    for (let start = 0; start < this.count; start += this.block) {
      for (const [place, words] of (await this.#words(start / this.block)).entries())
        if (matches(start + place, words)) found(start + place);
      if (stopped()) return;
    }
  }

  /** The words of a block in lower case; they stay, the documents do not. */
  async #words(number) {
    if (!this.words[number]) {
      await this.ready;
      const documents = this.blocks.has(number) ? await this.blocks.get(number) : JSON.parse(await unpack(`block-${number}`));
      this.words[number] = documents.map((document) => textOf(document).toLowerCase());
    }
    return this.words[number];
  }

  async #unpacked(number) {
    const held = this.blocks.get(number) ?? this.ready.then(() => unpack(`block-${number}`)).then(JSON.parse);
    this.blocks.delete(number);
    this.blocks.set(number, held); // last in line to be dropped
    if (this.blocks.size > KEPT) this.blocks.delete(this.blocks.keys().next().value);
    return held;
  }
}

/** The text of a document; where it has none, what its relations quote of it. */
function textOf({ text, relations }) {
  return text || relations.map(({ sentence }) => sentence ?? "").join("\n");
}
