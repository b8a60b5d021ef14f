// Elements made from values. Text goes in as text: nothing here or elsewhere parses HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Characters of `text` as offsets count them: code points, not UTF-16 units. */
export function characters(text) {
  return Array.from(text);
}

/** An element: `tag.class.class`, attributes (`on…` are listeners; null and false are left out), children. */
export function el(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  return fill(document.createElement(name), classes, attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  return fill(document.createElementNS(SVG, name), classes, attributes, children);
}

function fill(node, classes, attributes, children) {
  if (classes.length) node.setAttribute("class", classes.join(" "));
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value != null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return node;
}

/** `value` with `digits` after the point, as Python writes it: `toFixed`, but of two that are as near, the even one. */
export function fixed(value, digits) {
  const [text, exact] = [value.toFixed(digits), value.toFixed(digits + 30)];
  if (!/^50+$/.test(exact.slice(-30)) || /[02468]$/.test(text)) return text;
  return exact.slice(0, -30).replace(/\.$/, ""); // cut, which is the even one where rounding up is not
}

/** A number of the table: shown with `digits`, with all six in its title and in `data-value`. */
export function number(value, digits = 3) {
  const whole = fixed(value, 6);
  return el("span.number", { title: whole, "data-value": whole }, fixed(value, digits));
}

/** A bar from 0 to 1; the number stands beside it, so it is hidden from screen readers. */
export function bar(value, kind = "") {
  return svg(
    "svg.bar",
    { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true", "data-kind": kind },
    svg("rect.track", { width: 100, height: 10 }),
    svg("rect.filled", { width: 100 * Math.min(Math.max(value, 0), 1), height: 10 }),
  );
}

const STATUS = {
  right: ["✓", "right", "in gold"],
  wrong: ["✗", "wrong", "not in gold"],
  hypernym: ["↑", "hypernym", "more general than a gold relation; not counted as wrong by filtered scores"],
  missed: ["○", "missed", "in gold, not predicted"],
};

/** The names of all statuses, in the order in which they are shown. */
export const STATUSES = Object.keys(STATUS);

/** What gold says of a relation, as a sign and a word. */
export function statusChip(status) {
  const [sign, word, meaning] = STATUS[status];
  return el("span.chip", { "data-status": status, title: meaning }, el("span", { "aria-hidden": "true" }, sign), ` ${word}`);
}

/** The sign alone, with a count. */
export function statusCount(status, count) {
  const [sign, word] = STATUS[status];
  return el("span.count", { "data-status": status, title: `${count} ${word}` }, `${sign}${count}`);
}

/** A count with thin spaces between thousands, and the word that goes with it. */
export function counted(count, word) {
  return `${grouped(count)} ${word}${count === 1 ? "" : "s"}`;
}

export function grouped(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}
