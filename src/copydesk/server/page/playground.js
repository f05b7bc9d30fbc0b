// The playground. Whatever comes from an article, a pipeline or an answer is put in as text, never as markup.
"use strict";

const at = (id) => document.getElementById(id);
const PAUSE = 500; // milliseconds after the last key
const LONGEST = 1_000_000; // characters that the page shows; the service itself takes more
const EXAMPLE = `Harbour bridge opens again after nine months

By JANE SMITH and TOM OKORO
Published 9 May 2024, 6:30 am

MARLOW, England (AP) — The old harbour bridge opened again on Monday, nine months after a barge struck one of its piers.

Engineers said the repair had cost £4.2 million. â€œIt is stronger than it was,â€\u009d said the council\u2019s chief engineer, Ruth Adeyemi.

The old bridge at dawn. (Photo: Lena Vogt / Reuters)

Read more: Five bridges that changed the coast

Traffic will be limited to one lane until the end of the month. Residents of the north bank, who have had to drive forty minutes to work, lined up before six.

Sign up for our morning newsletter and never miss a story.

Follow us on Facebook and Twitter

© 2024 The Marlow Courier. All rights reserved. This material may not be published, broadcast, rewritten or redistributed.
`;

const state = { pipelines: new Map(), chosen: "", token: "", told: null, stage: "", asked: 0, timer: 0, mark: null };

// Elements

function element(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

const number = (n) => n.toLocaleString("en");
const counted = (n, thing) => `${number(n)} ${thing}${n === 1 ? "" : "s"}`;

// As in the report of a run: what would act on a page, or could not be seen, is written as its number.
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]/u;

function readable(text) {
  const parts = text.replaceAll("\r\n", "\n").split(new RegExp(`(${UNSEEN.source})`, "u"));
  return parts.map((part, n) => {
    if (n % 2 === 0) return part;
    const code = part.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    return element("i", { class: "sign" }, `U+${code}`);
  });
}

const visible = (words) =>
  words.trim() ? words.replaceAll("\u00a0", "⍽").replaceAll("\t", "→").replaceAll("\n", "↵") : "␣".repeat(words.length);

// The service

async function ask(path, body) {
  const headers = body ? { "content-type": "application/json" } : {};
  if (state.token) headers.authorization = `Bearer ${state.token}`;
  const options = body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers };
  const answer = await fetch(path, options);
  const told = await answer.json();
  at("token-form").hidden = answer.status !== 401;
  return { status: answer.status, told };
}

async function start() {
  const { status, told } = await ask("v1/pipelines");
  if (status !== 200) return say(told.error);
  for (const one of told.pipelines) {
    state.pipelines.set(one.name, one);
    at("pipeline").append(element("option", { value: one.name }, one.name));
  }
  at("pipeline").value = told.default;
  choose();
  if (!at("article").value) at("article").value = EXAMPLE;
  await run();
}

function choose() {
  state.chosen = at("pipeline").value;
  setYaml(state.pipelines.get(state.chosen).yaml);
}

function setYaml(text) {
  at("yaml").value = text;
  edited();
  problems([]);
}

const isEdited = () => at("yaml").value !== state.pipelines.get(state.chosen)?.yaml;

/** Run after a pause, so that each key does not cost a run. */
function soon() {
  clearTimeout(state.timer);
  state.asked += 1; // what is under way is of an earlier text
  at("told").textContent = "…";
  state.timer = setTimeout(run, PAUSE);
}

async function run() {
  clearTimeout(state.timer);
  const asked = ++state.asked;
  const text = at("article").value;
  const body = isEdited() ? { text, yaml: at("yaml").value } : { text, pipeline: state.chosen };
  if (text.length > LONGEST) return say(`This page shows up to ${number(LONGEST)} characters. /v1/clean takes more.`);
  try {
    const { status, told } = await ask("v1/explain", body);
    if (asked !== state.asked) return;
    if (status === 200) problems([]);
    if (status === 200) return show(told);
    if (told.problems) problems(told.problems);
    say(told.problems ? "The result is of the pipeline as it was." : told.error);
  } catch {
    if (asked === state.asked) say("The service does not answer.");
  }
}

/** Why there is no new result; the old one stays, and looks it. */
function say(words) {
  at("told").textContent = words;
  document.querySelector(".sheets").classList.add("stale");
}

// The editor

function edited() {
  at("reset").hidden = !isEdited();
  numberLines([]);
}

function problems(found) {
  const note = at("yaml-note");
  at("yaml").setAttribute("aria-invalid", found.length > 0);
  numberLines(found.map((one) => one.line));
  if (!found.length) return note.replaceChildren(isEdited() ? "Your own version: it is checked and used as you type." : about());
  note.replaceChildren(element("ul", {}, ...found.slice(0, 20).map(problem)));
}

const about = () => state.pipelines.get(state.chosen)?.about ?? "";

function problem({ line, column, message }) {
  const button = element("button", { type: "button" }, element("b", {}, `${line}:${column}`), message);
  button.addEventListener("click", () => goTo(line, column));
  return element("li", {}, button);
}

function goTo(line, column) {
  const yaml = at("yaml");
  const lines = yaml.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const end = start + (lines[line - 1] ?? "").length;
  yaml.focus();
  yaml.setSelectionRange(Math.min(start + column - 1, end), end);
}

function numberLines(wrong) {
  const count = at("yaml").value.split("\n").length;
  const lines = Array.from({ length: count }, (_, n) => {
    const bad = wrong.includes(n + 1);
    return element("div", bad ? { class: "wrong" } : {}, `${n + 1}`);
  });
  at("gutter").replaceChildren(...lines);
  at("gutter").scrollTop = at("yaml").scrollTop;
}

// The result

function show(told) {
  state.told = told;
  document.querySelector(".sheets").classList.remove("stale");
  if (!told.stages.some((stage) => stage.name === state.stage)) state.stage = "";
  showOutcome(told);
  at("stages").replaceChildren(stageOption({ name: "" }, "All stages", ""), ...told.stages.map(stageRow));
  showText(told);
  showKey(told);
  showStage();
}

function showOutcome({ outcome, characters, removed, record, pieces }) {
  const changes = pieces.filter((piece) => piece.stages && !piece.role).length;
  const share = characters ? Math.round((1000 * removed) / characters) / 10 : 0;
  const words = [counted(characters, "character")];
  if (outcome === "clean") words.push(`${share} % removed`, counted(changes, "change"));
  at("told").replaceChildren(element("em", { class: outcome }, outcome), words.join(" · "));
  at("reason").hidden = outcome === "clean";
  at("reason").replaceChildren(element("b", {}, record.stage ?? ""), ...readable(`: ${record.reason ?? ""}`));
}

function showText({ pieces, outcome, record }) {
  const language = /^[a-z]{2,3}$/.test(record.language?.code ?? "") ? record.language.code : "";
  for (const id of ["marked", "clean"]) at(id).lang = language;
  at("marked").replaceChildren(...pieces.flatMap(pieceElements));
  if (!pieces.length) at("marked").append(gone("There is no article yet."));
  at("clean").replaceChildren(...readable(outcome === "clean" ? record.text : ""));
  if (outcome !== "clean") at("clean").append(gone(`There is none: the document was ${outcome}.`));
  else if (!record.text) at("clean").append(gone("Nothing is left."));
  at("record").replaceChildren(...readable(JSON.stringify(record, null, 2)));
}

const gone = (words) => element("p", { class: "gone" }, words);

/** The elements of one piece. Blanks at a removed one's end went with it, but there is nothing to see. */
function pieceElements(piece) {
  if (!piece.stages) return readable(piece.text);
  const words = piece.text.trimEnd();
  return piece.role && words ? [markElement({ ...piece, text: words }), piece.text.slice(words.length)] : [markElement(piece)];
}

function markElement(piece) {
  const marked = piece.role ? removedElement(piece) : changedElement(piece);
  marked.dataset.stages = JSON.stringify(piece.stages);
  marked.dataset.why = piece.role ? `Removed as ${piece.role}` : "Changed";
  marked.dataset.by = [piece.stages.join(" + "), piece.rule].filter(Boolean).join(": ");
  marked.setAttribute("aria-label", `${marked.dataset.why}, by ${marked.dataset.by}: ${piece.text.trim() || "blanks"}`);
  return marked;
}

const removedElement = ({ text, family }) =>
  element("del", { class: family, role: "deletion" }, ...readable(text.trim() ? text : visible(text)));

function changedElement({ text, now }) {
  const mark = element("span", { class: "changed", role: "group" });
  if (text) mark.append(element("s", { class: text.trim() ? "was" : "blank" }, ...readable(visible(text))));
  if (now) mark.append(element("ins", {}, ...readable(visible(now))));
  return mark;
}

function stageRow(stage) {
  const words = [];
  if (stage.removed) words.push(`${number(stage.removed)} out`);
  if (stage.changed) words.push(`${number(stage.changed)} changed`);
  if (stage.facts.length) words.push(counted(stage.facts.length, "fact"));
  return stageOption(stage, stage.name, words.join(" · "));
}

function stageOption({ name }, title, words) {
  const input = element("input", { type: "radio", name: "stage", value: name });
  input.checked = name === state.stage;
  input.addEventListener("change", () => { state.stage = name; showStage(); });
  const small = element("small", {}, words);
  return element("label", name && !words ? { class: "idle" } : {}, input, element("span", {}, title), small);
}

/** What the chosen stage did stands out; without one, what all did. */
function showStage() {
  for (const mark of at("marked").querySelectorAll("[data-stages]")) {
    const own = !state.stage || JSON.parse(mark.dataset.stages).includes(state.stage);
    mark.classList.toggle("dim", !own);
    mark.setAttribute("tabindex", "-1");
  }
  at("marked").querySelector("[data-stages]:not(.dim)")?.setAttribute("tabindex", "0");
  showFacts();
}

const OURS = ["id", "text", "flags", "ledger", "segments", "encoding", "facts", "outcome", "stage", "reason"];

function showFacts() {
  const { record, stages } = state.told;
  const own = stages.find((stage) => stage.name === state.stage);
  const all = own ? own.facts.map(({ kind, value }) => [kind, value]) : recordFacts(record);
  const rows = all.map(([name, value]) => element("div", {}, element("dt", {}, name), ...[value].flat().map(factElement)));
  at("facts").replaceChildren(...(rows.length ? rows : [gone(own ? "This stage found none." : "None were found.")]));
}

function recordFacts(record) {
  const listed = [...Object.entries(record).filter(([name]) => !OURS.includes(name)), ...Object.entries(record.facts ?? {})];
  if (record.flags?.length) listed.push(["flags", record.flags]);
  return listed.filter(([, value]) => value !== null && value !== "" && !(Array.isArray(value) && !value.length));
}

/** A value in words: what names it first, the rest of its fields below. */
function factElement(value) {
  if (value === null || typeof value !== "object") return element("dd", {}, ...readable(String(value)));
  const filled = Object.entries(value).filter(([, part]) => part !== null && part !== "" && !(Array.isArray(part) && !part.length));
  const [first, ...rest] = filled.sort(([a], [b]) => rank(a) - rank(b));
  const more = rest.map(([key, part]) => `${key} ${[part].flat().map(plain).join(", ")}`).join(" · ");
  const small = more ? [element("small", {}, ...readable(more))] : [];
  return element("dd", {}, ...readable(first ? [first[1]].flat().map(plain).join(", ") : ""), ...small);
}

const FIRST = ["name", "text", "notice", "holder", "code"];
const rank = (key) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);
const plain = (part) => (part !== null && typeof part === "object" ? JSON.stringify(part) : String(part));

const KEY = {
  title: "headline, dek, kicker", author: "byline, dateline, agency, time", picture: "caption, credit",
  rights: "notice, copyright, licence", promo: "promo, newsletter, related, advert", furniture: "the page’s furniture",
};

function showKey({ pieces }) {
  const families = new Set(pieces.map((piece) => piece.family));
  const items = Object.keys(KEY).filter((family) => families.has(family));
  const listed = items.map((family) => element("li", { class: family }, KEY[family]));
  if (pieces.some((piece) => piece.stages && !piece.role)) listed.push(element("li", { class: "now" }, "changed text"));
  at("key").replaceChildren(...listed);
}

// The tip at a mark: on hover, on focus, and away with Escape

function showTip(mark) {
  state.mark = mark;
  const tip = at("tip");
  tip.replaceChildren(element("b", {}, mark.dataset.why), mark.dataset.by);
  tip.hidden = false;
  const box = mark.getBoundingClientRect();
  const left = Math.min(box.left, window.innerWidth - tip.offsetWidth - 16);
  const below = box.bottom + 8 + tip.offsetHeight < window.innerHeight;
  tip.style.left = `${Math.max(16, left)}px`;
  tip.style.top = `${below ? box.bottom + 8 : Math.max(8, box.top - tip.offsetHeight - 8)}px`;
}

const hideTip = () => { at("tip").hidden = true; state.mark = null; };
const markOf = (event) => event.target.closest?.("[data-stages]");

/** The mouse has moved, or the page under it: away from a mark, the one that has the focus counts. */
function pointAt(mark) {
  const pointed = mark ?? document.activeElement.closest("[data-stages]");
  if (pointed) showTip(pointed);
  else hideTip();
}

/** Tab enters the marks once; the arrows go from one to the next. */
function walk(event) {
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const mark = markOf(event);
  if (!mark || !steps[event.key]) return;
  const marks = [...at("marked").querySelectorAll("[data-stages]:not(.dim)")];
  const next = marks[marks.indexOf(mark) + steps[event.key]];
  event.preventDefault();
  if (!next) return;
  mark.setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
}

// Tabs

const TABS = ["marked", "clean", "record"];

function openTab(name) {
  for (const one of TABS) {
    at(one).hidden = one !== name;
    at(`tab-${one}`).setAttribute("aria-selected", one === name);
    at(`tab-${one}`).setAttribute("tabindex", one === name ? "0" : "-1");
  }
}

function turnTab(event) {
  const step = { ArrowRight: 1, ArrowLeft: TABS.length - 1 }[event.key];
  if (!step) return;
  const name = TABS[(TABS.indexOf(event.target.id.slice(4)) + step) % TABS.length];
  openTab(name);
  at(`tab-${name}`).focus();
}

// Files

async function take(file) {
  if (!file) return;
  if (file.size > LONGEST) return (at("article-note").textContent = "That file is longer than this page shows.");
  const data = await file.arrayBuffer();
  let encoding = "utf-8";
  try {
    at("article").value = new TextDecoder(encoding, { fatal: true }).decode(data);
  } catch {
    encoding = "windows-1252";
    at("article").value = new TextDecoder(encoding).decode(data);
  }
  at("article-note").textContent = `${file.name}, read as ${encoding}`;
  run();
}

function setArticle(text) {
  at("article").value = text;
  at("article-note").textContent = "";
  at("article").focus();
  run();
}

async function copy() {
  const open = TABS.find((name) => !at(name).hidden);
  const { record, pieces } = state.told ?? { record: { text: "" }, pieces: [] };
  const texts = { marked: pieces.map((piece) => piece.text).join(""), clean: record.text, record: JSON.stringify(record, null, 2) };
  await navigator.clipboard.writeText(texts[open]);
  at("copy").textContent = "Copied";
  setTimeout(() => { at("copy").textContent = "Copy"; }, 1500);
}

// Who listens to what

at("article").addEventListener("input", () => { at("article-note").textContent = ""; soon(); });
at("yaml").addEventListener("input", () => { edited(); soon(); });
at("yaml").addEventListener("scroll", () => { at("gutter").scrollTop = at("yaml").scrollTop; });
at("pipeline").addEventListener("change", () => { choose(); run(); });
at("reset").addEventListener("click", () => { choose(); run(); at("yaml").focus(); });
at("example").addEventListener("click", () => setArticle(EXAMPLE));
at("clear").addEventListener("click", () => setArticle(""));
at("file").addEventListener("change", (event) => { take(event.target.files[0]); event.target.value = ""; });
at("copy").addEventListener("click", copy);
at("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  state.token = at("token").value;
  state.pipelines.size ? run() : start();
});
for (const name of TABS) {
  at(`tab-${name}`).addEventListener("click", () => openTab(name));
  at(`tab-${name}`).addEventListener("keydown", turnTab);
}
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    at("article").classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") take(event.dataTransfer.files[0]);
  });
}
at("marked").addEventListener("mouseover", (event) => pointAt(markOf(event)));
at("marked").addEventListener("mouseleave", () => pointAt(null));
at("marked").addEventListener("focusin", (event) => markOf(event) && showTip(markOf(event)));
at("marked").addEventListener("focusout", hideTip);
at("marked").addEventListener("keydown", walk);
document.addEventListener("keydown", (event) => event.key === "Escape" && hideTip());
document.addEventListener("scroll", () => state.mark && showTip(state.mark), true);
start().catch(() => say("The service does not answer."));
