// The editor of decision tables: cells, hit policy, and at the rows what the server finds (overlaps, gaps). A test row is answered
// by the engine itself, so what it says here is what a case would be told.
import EditingManager from "dmn-js-shared/lib/base/EditingManager";
import Table from "dmn-js-decision-table/lib/Editor";
import "dmn-js/dist/assets/diagram-js.css";
import "dmn-js/dist/assets/dmn-js-shared.css";
import "dmn-js/dist/assets/dmn-js-decision-table.css";
import "dmn-js/dist/assets/dmn-js-decision-table-controls.css";
import "dmn-js/dist/assets/dmn-font/css/dmn-embedded.css";
import "./lib/designer/decision.css";
import Saver, { download } from "./lib/designer/saver.js";
import * as fields from "./lib/designer/fields.js";
import words from "./lib/designer/tablewords.js";

const island = document.querySelector('[data-island="decision"]');
const given = JSON.parse(island.querySelector("script").textContent);
const { said } = given;
const zh = document.documentElement.lang.startsWith("zh");
const SFEEL = { options: [{ value: "s-feel", label: "S-FEEL" }], defaults: { editor: "s-feel", inputCell: "s-feel", outputCell: "s-feel", inputHeadCell: "s-feel" } };

// Only tables are drawn; whatever else a file holds is kept as it is.
class Tables extends EditingManager {
  _getViewProviders() {
    return [{ id: "decisionTable", constructor: Table, opens: (element) => element.decisionLogic?.$type === "dmn:DecisionTable" }];
  }
}

const editor = new Tables({
  container: island.querySelector("[data-sheet]"),
  common: { expressionLanguages: SFEEL },
  decisionTable: { additionalModules: [words(zh ? "zh" : "en")] },
});
const current = async () => (await editor.saveXML({ format: true })).xml;
const saver = given.editable && new Saver(given, current, () => check());
let told = null, timer = 0;

function decision() {
  return told?.decisions.find((one) => one.id === editor.getActiveView()?.element.id);
}

async function ask(more = {}) {
  const answer = await fetch(given.check, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": given.csrf },
    body: JSON.stringify({ content: await current(), ...more }),
  });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.detail || found.title);
  return found;
}

async function check() {
  clearTimeout(timer);
  const list = document.querySelector("[data-findings]");
  try {
    told = await ask();
  } catch (error) {
    return list.replaceChildren(fields.element("li", { className: "error", textContent: error.message }));
  }
  const lines = told.findings.filter((one) => !["dmn.overlap", "dmn.gap"].includes(one.code)).map((one) => line(one.severity, `${zh ? one.zh : one.en} ${zh ? one.fix_zh : one.fix_en}`, [one.element]));
  for (const table of told.decisions) lines.push(...overlaps(table), ...gaps(table));
  list.replaceChildren(...lines);
  mark();
  missing();
  test();
}

function overlaps(table) {
  const single = table.hit_policy === "UNIQUE";
  return table.overlaps.filter(() => single || table.hit_policy === "ANY").map((one) => line(single ? "error" : "warning",
    `${said.overlap.replace("{a}", one.first).replace("{b}", one.second)} ${one.example}${single ? "" : said.overlapFine.replace("{p}", table.hit_policy)}`, one.ids, [one.second, one.first].map((other) => said.overlapsRow.replace("{n}", other))));
}

function gaps(table) {
  if (!table.gaps_decided) return table.inputs.length ? [line("", said.undecided)] : [];
  if (!table.gaps.length) return [line("", said.noGaps)];
  return table.gaps.map((example) => line("warning", `${said.gap} ${example}`));
}

function line(className, text, rows = [], short = []) {
  const item = fields.element("li", { className, textContent: text });
  if (rows.length) item.dataset.rows = rows.join(" ");
  if (short.length) item.dataset.short = short.join("|");
  item.addEventListener("click", () => cells(rows[0])[0]?.scrollIntoView({ block: "center" }));
  return item;
}

function cells(row) {
  return [...island.querySelectorAll(`[data-row-id="${CSS.escape(row)}"]`)];
}

// Below the last row: the rows that are missing, each with what it would hold for; one is added with a click.
function missing() {
  const table = decision();
  const box = island.querySelector("[data-missing]");
  const gaps = table?.gaps_decided ? table.gaps : [];
  box.hidden = !gaps.length;
  box.replaceChildren(...gaps.map((example, index) => {
    const row = fields.element("li", {}, `${said.gap} ${example} `);
    if (saver) row.append(fields.button(said.addMissing, () => addRule(table.missing[index])));
    return row;
  }));
}

function addRule(cells) {
  viewer().get("editorActions").trigger("addRule");
  const rules = editor.getActiveView().element.decisionLogic.rule;
  const made = rules[rules.length - 1];
  cells.forEach((text, place) => viewer().get("modeling").editCell(made.inputEntry[place], text));
  cells.length && island.querySelector(`[data-row-id="${CSS.escape(made.id)}"][data-col-id]`)?.scrollIntoView({ block: "center" });
}

// Rows that overlap (or are wrong) are marked in the table itself: at the number of the row stands what is wrong.
function mark(fired = []) {
  for (const cell of island.querySelectorAll("[data-row-id]")) {
    cell.classList.remove("row-error", "row-warning", "row-fired");
    cell.removeAttribute("title");
    delete cell.dataset.said;
  }
  for (const item of document.querySelectorAll("[data-findings] li[data-rows]")) {
    for (const row of item.dataset.rows.split(" ")) {
      for (const cell of cells(row)) {
        cell.classList.add(item.className === "error" ? "row-error" : "row-warning");
        cell.title = item.textContent;
      }
      const number = island.querySelector(`.rule-index[data-row-id="${CSS.escape(row)}"]`);
      const told = item.dataset.short?.split("|")[item.dataset.rows.split(" ").indexOf(row)] || "!";
      if (number) number.dataset.said = [number.dataset.said, told].filter(Boolean).join(" ");
    }
  }
  for (const row of fired) for (const cell of cells(row)) cell.classList.add("row-fired");
}

// -- the test row ---------------------------------------------------------------------------------------------------

function test() {
  const form = document.querySelector("[data-test]");
  const table = decision();
  const before = [...form.querySelectorAll("input")].map((field) => field.value);
  form.replaceChildren();
  if (!table) return;
  table.inputs.forEach((input, index) => {
    const place = given.places.find((one) => one.value === input.expression);
    const field = fields.element("input", { value: before[index] ?? "", size: 14 });
    if (place?.choices.length) {
      fields.datalist(`choices-${index}`, place.choices);
      field.setAttribute("list", `choices-${index}`);
    }
    form.append(fields.element("label", {}, input.label || input.expression, " ", field));
  });
  form.append(fields.element("button", { className: "button quiet", textContent: said.test }));
}

document.querySelector("[data-test]").addEventListener("submit", async (event) => {
  event.preventDefault();
  const box = document.querySelector("[data-answer]");
  try {
    const values = [...event.target.querySelectorAll("input")].map((field) => field.value);
    const found = (await ask({ decision: decision().id, values })).test;
    if (found.error) return box.replaceChildren(fields.note(zh ? found.error.zh : found.error.en, "error"));
    mark(found.fired.map((one) => one.id));
    const rows = found.fired.map((one) => fields.element("li", { textContent: `${said.fires.replace("{n}", one.index)} ${one.description}` }));
    box.replaceChildren(rows.length ? fields.element("ul", {}, ...rows) : fields.note(said.nothing));
    box.append(fields.note(`${said.outputs}: ${JSON.stringify(found.outputs)}`, "answer"));
  } catch (error) {
    box.replaceChildren(fields.note(error.message, "error"));
  }
});

// -- tools ------------------------------------------------------------------------------------------------------------

function viewer() {
  return editor.getActiveViewer();
}

function addInput() {
  const chosen = island.querySelector("[data-place]");
  const place = given.places.find((one) => one.value === chosen.value);
  viewer().get("editorActions").trigger("addInput");
  const inputs = editor.getActiveView().element.decisionLogic.input;
  const made = inputs[inputs.length - 1];
  if (!place) return;
  const modeling = viewer().get("modeling");
  modeling.editInputExpression(made.inputExpression, { text: place.value });
  modeling.updateProperties(made, { label: place.title.split(" · ").pop() });
}

function views() {
  const tabs = island.querySelector("[data-views]");
  const all = editor.getViews();
  tabs.hidden = all.length < 2;
  tabs.replaceChildren(...all.map((view) => {
    const tab = fields.button(view.element.name || view.element.id, () => editor.open(view));
    if (view.element === editor.getActiveView()?.element) tab.setAttribute("aria-current", "page");
    return tab;
  }));
}

function changed() {
  saver.changed();
  clearTimeout(timer);
  timer = setTimeout(check, 1200);
}

editor.on("views.changed", views);
editor.on("views.changed", () => { if (told) { mark(); test(); } });
await editor.importXML(given.xml);
views();
if (saver) {
  const watched = new WeakSet();
  const watch = () => {
    const now = viewer();
    if (!now || watched.has(now)) return;
    watched.add(now);
    now.on("commandStack.changed", changed);
  };
  watch();
  editor.on("views.changed", watch);
  for (const place of given.places) island.querySelector("[data-place]").append(new Option(`${place.title} (${place.value})`, place.value));
  island.querySelector("[data-add-input]").addEventListener("click", addInput);
  island.querySelector("[data-add-output]").addEventListener("click", () => viewer().get("editorActions").trigger("addOutput"));
  island.querySelector("[data-add-rule]").addEventListener("click", () => viewer().get("editorActions").trigger("addRule"));
  for (const action of ["undo", "redo"]) document.querySelector(`[data-${action}]`).addEventListener("click", () => viewer().get("commandStack")[action]());
  document.querySelector("[data-download]").addEventListener("click", async () => download(given.name, await current(), "application/xml"));
  saver.tell(said.ready);
}
await check();
island.dataset.ready = "true";
