// The page: sends what is pasted, and shows what comes back.

import { counted, el } from "/assets/view/dom.js";
import { Result } from "./result.js";

const PUBTATOR = /^[^\s|]+\|[ta]\|/m;
const THEMES = { auto: "◐ auto", light: "☀ light", dark: "☾ dark" };
const EXAMPLE = `Haloperidol-induced catalepsy in rats

Haloperidol caused catalepsy in all rats. Morphine given for pain after surgery led to nausea in two of them, \
whereas aspirin did not.`;

const byId = (id) => document.getElementById(id);

/** The answer to a request; when it is an error, throws its one line. */
async function ask(path, body) {
  const how = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(path, how);
  } catch {
    throw new Error("The server does not answer; is `bran serve` still running?");
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error.message);
  return answer;
}

/** What is pasted, as the API takes it: a block of PubTator is told by its rows. */
export function request(text, threshold) {
  const found = { documents: [PUBTATOR.test(text) ? { pubtator: text } : { text }] };
  if (!threshold) return found;
  return { ...found, threshold: Number.isNaN(Number(threshold)) ? threshold : Number(threshold) };
}

async function find(event) {
  event.preventDefault();
  if (byId("find").ariaDisabled === "true") return; // an answer is under way
  const begin = performance.now();
  busy(true);
  try {
    const answer = await ask("/api/extract", request(byId("input").value, byId("threshold").value.trim()));
    show(answer);
    byId("state").textContent = `${counted(answer.documents.length, "document")}, ${Math.round(performance.now() - begin)} ms`;
  } catch (error) {
    fail(error);
  }
  busy(false);
}

function show({ documents, types, notes }) {
  byId("error").hidden = true;
  byId("notes").hidden = !notes.length;
  byId("notes").replaceChildren(...notes.map((note) => el("li", { dir: "auto" }, note)));
  byId("found").replaceChildren(...documents.map((data) => new Result(data, types).element));
}

function fail(error) {
  byId("state").textContent = "";
  byId("notes").hidden = true;
  byId("error").textContent = error.message;
  byId("error").hidden = false;
}

function busy(is) {
  byId("find").ariaDisabled = String(is); // not disabled: it would lose the focus
  byId("found").setAttribute("aria-busy", String(is));
  if (is) byId("state").textContent = "reading …";
}

function describe(model) {
  byId("model").textContent = `${model.name} · ${model.relation_types.join(", ")} · ${model.entity_types.map(({ name }) => name).join(", ")}`;
  byId("threshold").placeholder = String(Number(model.threshold.toFixed(4)));
  const options = Object.entries(model.thresholds).map(([name, { precision, recall }]) =>
    el("option", { value: name }, `precision ${precision.toFixed(2)}, recall ${recall.toFixed(2)}`),
  );
  byId("thresholds").replaceChildren(...options);
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = THEMES[theme];
}

function nextTheme() {
  const names = Object.keys(THEMES);
  setTheme(names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length]);
}

function listen() {
  byId("form").addEventListener("submit", find);
  byId("theme").addEventListener("click", nextTheme);
  byId("example").addEventListener("click", () => {
    byId("input").value = EXAMPLE;
    byId("form").requestSubmit();
  });
  byId("input").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("form").requestSubmit();
  });
}

async function start() {
  setTheme("auto");
  listen();
  try {
    describe(await ask("/api/model"));
  } catch (error) {
    fail(error);
  }
  document.documentElement.dataset.ready = "true";
}

start();
