// The frame of the report: its views, its theme, its help and its address.

import { STATUSES, el, statusChip } from "./dom.js";

const KEYS = [
  ["j  k", "next and previous document"],
  ["n  p", "next and previous relation"],
  ["/", "search"],
  ["o  d", "overview, documents"],
  ["t", "light, dark, or as the system has it"],
  ["Esc", "let go of what is marked, then of what is filtered and looked for"],
  ["?", "this help"],
];
const THEMES = ["auto", "light", "dark"];

/** An element of `report.html`. */
export function byId(id) {
  return document.getElementById(id);
}

/** Show the overview or the documents. */
export function show(view) {
  for (const name of ["overview", "documents"]) {
    byId(name).hidden = name !== view;
    byId(`show-${name}`).setAttribute("aria-pressed", String(name === view));
  }
  if (view === "overview") remember("overview");
}

export function remember(place) {
  history.replaceState(null, "", `#${place}`);
}

/** The theme that was chosen before, where the browser remembers it for this file. */
export function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = { auto: "◐ auto", light: "☀ light", dark: "☾ dark" }[theme];
  try {
    localStorage.setItem("bran-theme", theme);
  } catch {
    // a browser that keeps nothing for files
  }
}

export function storedTheme() {
  try {
    return localStorage.getItem("bran-theme");
  } catch {
    return null;
  }
}

export function nextTheme() {
  const place = THEMES.indexOf(document.documentElement.dataset.theme);
  setTheme(THEMES[(place + 1) % THEMES.length]);
}

export function drawHelp(judged) {
  const close = el("button", { type: "button", onclick: () => byId("help").close() }, "Close");
  const signs = STATUSES.map((status) => el("div", {}, el("dt", {}, statusChip(status)), el("dd", {}, statusChip(status).title)));
  byId("help").replaceChildren(
    el("h2", { id: "help-title" }, "Keys and signs"),
    el("dl.facts", {}, KEYS.map(([key, meaning]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, meaning)))),
    el("p", {}, "Point at a mention to mark all mentions of its entities; click it to keep them marked. Click a relation to mark the mention pairs that together carry nine tenths of it, and their sentences; click a number of its table to mark one pair."),
    judged ? el("dl.facts", {}, signs) : "",
    close,
  );
}
