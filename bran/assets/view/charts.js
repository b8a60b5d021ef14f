// Drawings of counts, each with the table of its numbers. Statuses differ in colour and in pattern.

import { STATUSES, el, fixed, svg } from "./dom.js";

const KINDS = ["right", "hypernym", "wrong", "unknown"];

/** The patterns that fills refer to; stands in the page once. */
export function patterns() {
  const lines = (id, path) => svg("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse" }, svg("rect", { width: 6, height: 6 }), svg("path", { d: path }));
  return svg(
    "svg.patterns",
    { width: 0, height: 0, "aria-hidden": "true" },
    svg("defs", {}, lines("fill-wrong", "M-1 1 1 -1M0 6 6 0M5 7 7 5"), lines("fill-hypernym", "M0 3H6"), lines("fill-missed", "M3 0V6")),
  );
}

/** Counts by bin, stacked by status. */
export function histogram(bins, measure) {
  const [width, height, left, bottom, top] = [560, 220, 44, 34, 10];
  const kinds = KINDS.filter((kind) => bins.some((bin) => bin.counts[kind]));
  const most = Math.max(1, ...bins.map((bin) => total(bin.counts)));
  const ticks = axis(most);
  const y = (count) => top + (height - top - bottom) * (1 - count / ticks.at(-1));
  const x = (value) => left + (width - left - 14) * value;
  const columns = bins.map((bin) => {
    let below = 0;
    return kinds.map((kind) => {
      const count = bin.counts[kind] ?? 0;
      const column = svg("rect.column", { "data-kind": kind, x: x(bin.low) + 1, width: x(bin.high) - x(bin.low) - 2, y: y(below + count), height: y(below) - y(below + count) });
      below += count;
      return count ? column : null;
    });
  });
  const drawing = svg(
    "svg.chart",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Predicted relations by ${measure}` },
    ticks.map((tick) => [svg("line.grid", { x1: left, x2: width - 14, y1: y(tick), y2: y(tick) }), label(left - 6, y(tick) + 4, tick, "end")]),
    columns,
    [0, 0.2, 0.4, 0.6, 0.8, 1].map((value) => label(x(value), height - bottom + 16, value.toFixed(1))),
    label((left + width) / 2, height - 3, measure),
  );
  const rows = bins.filter((bin) => total(bin.counts)).map((bin) => [`${bin.low.toFixed(2)}–${bin.high.toFixed(2)}`, ...kinds.map((kind) => bin.counts[kind] ?? 0)]);
  return el("div", {}, kinds.length > 1 ? legend(kinds) : null, drawing, numbers([measure, ...kinds.map(nameOf)], rows));
}

/** How often relations are right, against how probable they were said to be. */
export function reliabilityDiagram({ bins }, measure) {
  const [size, left, bottom, top] = [300, 44, 40, 10];
  const x = (value) => left + (size - left - 12) * value;
  const y = (value) => top + (size - top - bottom) * (1 - value);
  const most = Math.max(...bins.map((bin) => bin.count));
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const drawing = svg(
    "svg.chart.square",
    { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": `Share of right relations by ${measure}` },
    ticks.map((tick) => [
      svg("line.grid", { x1: x(0), x2: x(1), y1: y(tick), y2: y(tick) }),
      label(left - 6, y(tick) + 4, tick.toFixed(2), "end"),
      label(x(tick), size - bottom + 16, tick.toFixed(2)),
    ]),
    svg("line.diagonal", { x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
    svg("polyline.curve", { points: bins.map((bin) => `${x(bin.predicted)},${y(bin.observed)}`).join(" ") }),
    bins.map((bin) => svg("circle.point", { cx: x(bin.predicted), cy: y(bin.observed), r: 3 + 7 * Math.sqrt(bin.count / most) })),
    label((left + size) / 2, size - 4, `mean ${measure}`),
    svg("text.label", { x: 0, y: 0, transform: `translate(11 ${(size - bottom) / 2 + top}) rotate(-90)`, "text-anchor": "middle" }, "share that is right"),
  );
  const rows = bins.map((bin) => [`${bin.low.toFixed(1)}–${bin.high.toFixed(1)}`, bin.count, fixed(bin.predicted, 6), fixed(bin.observed, 6)]);
  return el("div", {}, drawing, numbers([measure, "relations", `mean ${measure}`, "share right"], rows));
}

/** What the patterns and colours of `kinds` stand for. */
function legend(kinds) {
  return el("ul.legend", {}, kinds.map((kind) => el("li", {}, svg("svg.swatch", { viewBox: "0 0 12 12", "aria-hidden": "true" }, svg("rect.column", { width: 12, height: 12, "data-kind": kind })), nameOf(kind))));
}

/** A table that is folded away. */
function numbers(header, rows) {
  const cells = (row) => row.map((cell, place) => el(place ? "td.number" : "th", place ? {} : { scope: "row" }, String(cell)));
  return el(
    "details.numbers",
    {},
    el("summary", {}, "Numbers"),
    el("table", {}, el("thead", {}, el("tr", {}, header.map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, rows.map((row) => el("tr", {}, cells(row))))),
  );
}

function nameOf(kind) {
  return STATUSES.includes(kind) ? kind : "relations";
}

function label(x, y, text, anchor = "middle") {
  return svg("text.label", { x, y, "text-anchor": anchor }, String(text));
}

function total(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Round numbers from 0 to at least `most`. */
function axis(most) {
  const rough = most / 4;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * unit).find((size) => size >= rough));
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, place) => place * step);
}
