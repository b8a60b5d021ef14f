// The boxes, sliders and lists by which relations and documents are filtered.

import { STATUSES, el, fixed, grouped, statusChip } from "./dom.js";
import { arrow } from "./relations.js";
import { about } from "./overview.js";

/** What a reader filters by: `changed` is called when one of `filters` has, `release` to let go of the pair. */
export function filterPanel(head, filters, changed, release) {
  const parts = [
    filters.pair && pairChip(filters.pair, release),
    head.summary.measure && slider(head.summary.measure, filters, changed),
    ...boxes(head, filters, changed),
    head.index.length > 1
      ? order(head, filters, changed)
      : el("details.box", { open: true }, el("summary", {}, "About this report"), about(head)),
  ];
  return parts.filter(Boolean);
}

function boxes(head, filters, changed) {
  const { statuses } = head.summary;
  const judged = STATUSES.filter((status) => statuses[status]);
  const status = (name) => [statusChip(name), el("small", {}, ` ${grouped(statuses[name])}`)];
  const looks = new Map(head.types.map((type) => [type.name, type]));
  const mention = (name) => {
    const { slot, badge } = looks.get(name);
    return el(`span.bran-mention.bran-slot-${slot}`, { "data-first": true, "data-last": true, "data-badge": badge }, name);
  };
  return [
    judged.length > 0 && checks("Against gold", judged, filters.hiddenStatuses, changed, status),
    head.relation_types.length > 1 && checks("Relations", head.relation_types, filters.hiddenRelations, changed, (name) => name),
    head.types.length > 0 && checks("Mentions", [...looks.keys()], filters.hiddenTypes, changed, mention),
  ];
}

/** Boxes to tick, one for each of `names`; what is not ticked is in `hidden`. */
function checks(title, names, hidden, changed, label) {
  const box = (name) => {
    const toggle = (event) => {
      if (event.target.checked) hidden.delete(name);
      else hidden.add(name);
      changed();
    };
    return el("label", {}, el("input", { type: "checkbox", checked: !hidden.has(name), value: name, onchange: toggle }), el("span", {}, label(name)));
  };
  return el("fieldset", {}, el("legend", {}, title), names.map(box));
}

function pairChip({ type, head_name, tail_name }, release) {
  return el(
    "button.chip.pair",
    { type: "button", title: "show all relations again", onclick: release },
    "✕ ", el("bdi", {}, head_name), arrow(type), el("bdi", {}, tail_name),
  );
}

function slider(measure, filters, changed) {
  const shown = el("output", {}, fixed(filters.least, 2));
  const move = (event) => {
    filters.least = Number(event.target.value);
    shown.textContent = fixed(filters.least, 2);
    changed();
  };
  const input = el("input", { type: "range", min: 0, max: 1, step: 0.01, value: filters.least, id: "least", oninput: move });
  return el("div.slider", {}, el("label", { for: "least" }, `Least ${measure}`), input, shown);
}

function order(head, filters, changed) {
  const names = {
    given: "as read",
    best: `highest ${head.summary.measure ?? "score"}`,
    relations: "most relations",
    errors: head.summary.scores.length ? "most errors" : null,
  };
  const choose = (event) => {
    filters.order = event.target.value;
    changed();
  };
  const option = ([value, name]) => name && el("option", { value, selected: value === filters.order }, name);
  return el("div.order", {}, el("label", { for: "order" }, "Order"), el("select", { id: "order", onchange: choose }, Object.entries(names).map(option)));
}
