// The editor of forms: sections, questions, tables, conditions, help, citations, catalogues; beside it the page as the applicant
// sees it, drawn by the server with the same templates and checked by the same rules.
import "./lib/designer/formeditor.css";
import { holds } from "./lib/conditions.js";
import * as fields from "./lib/designer/fields.js";
import Saver from "./lib/designer/saver.js";
import showIf, { ASKABLE } from "./lib/designer/showif.js";

const island = document.querySelector('[data-island="formeditor"]');
const given = JSON.parse(island.querySelector("script").textContent);
const { said } = given;
const zh = document.documentElement.lang.startsWith("zh");
const NUMBERS = ["integer", "decimal", "tons", "percent"];
const PREVIEW_AFTER = 500;
const desk = island.querySelector("[data-fields]");
const preview = island.querySelector("[data-preview]");
const open = new Set(["form", `s:${given.form.sections[0]?.id}`]);
let form = given.form;
let past = [], future = [], timer = 0, fine = true;

const saver = new Saver(given, () => JSON.stringify(form, null, 1), () => {});
const save = saver.save.bind(saver);
saver.save = () => { if (fine) return save(); }; // what the server would refuse stays here until it is mended

// Every change goes through here: it can be undone, is previewed, and saved.
function change(act, redraw = true) {
  past.push(JSON.stringify(form));
  future = [];
  act();
  after(redraw);
}

function after(redraw = true) {
  if (redraw) draw();
  saver.changed();
  clearTimeout(timer);
  timer = setTimeout(look, PREVIEW_AFTER);
}

function travel(from, to) {
  if (!from.length) return;
  to.push(JSON.stringify(form));
  form = JSON.parse(from.pop());
  after();
}

async function post(address) {
  return fetch(address, {
    method: "POST", body: JSON.stringify(form),
    headers: { "Content-Type": "application/json", "X-CSRF-Token": given.csrf, Accept: "application/json" },
  });
}

async function look() {
  const answer = await post(given.preview);
  if (answer.ok) {
    const kept = new Map([...preview.elements].filter((one) => one.name && one.type !== "file").map((one) => [`${one.name}=${one.type === "radio" ? one.value : ""}`, one]));
    const wasWrong = !fine;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    preview.replaceChildren(...fresh.body.childNodes);
    for (const one of preview.elements) {
      const before = kept.get(`${one.name}=${one.type === "radio" ? one.value : ""}`);
      if (!before) continue;
      if (["checkbox", "radio"].includes(one.type)) one.checked = before.checked;
      else if (one.type !== "file" && one.type !== "hidden") one.value = before.value;
    }
    conditions();
    fine = true;
    desk.querySelectorAll(".wrong").forEach((one) => one.classList.remove("wrong"));
    if (wasWrong) saver.changed();
    return;
  }
  fine = false;
  const told = await answer.json().catch(() => ({}));
  saver.tell(`${said.wrong} ${told.detail || told.title || answer.status}${told.pointer ? ` (${told.pointer})` : ""}`, true);
  const place = desk.querySelector(`[data-place="${CSS.escape(holder(told.pointer || ""))}"]`);
  if (place) place.classList.add("wrong");
}

// "sections.0.fields.2.choices" is told at the question it belongs to.
function holder(pointer) {
  return pointer.match(/^sections\.\d+(\.fields\.\d+(\.columns\.\d+)?)?/)?.[0] || "";
}

function conditions() {
  const lookup = (name) => {
    const asked = [...preview.elements].filter((one) => one.name === name && one.type !== "hidden");
    const ticked = asked.filter((one) => one.checked).map((one) => one.value);
    if (asked[0]?.type === "radio") return ticked[0];
    if (asked[0]?.type === "checkbox") return asked.length === 1 && asked[0].value === "true" ? String(ticked.length === 1) : ticked;
    return asked[0]?.value;
  };
  for (const part of preview.querySelectorAll("[data-show-if]")) part.hidden = !holds(JSON.parse(part.dataset.showIf), lookup);
}

// -- the fields of the editor -----------------------------------------------------------------------------------------

function words(title, owner, key, { needed = false, multiline = false } = {}) {
  const box = fields.element("fieldset", { className: "words" }, fields.element("legend", { textContent: title }));
  const now = typeof owner[key] === "string" ? { zh: owner[key], en: owner[key] } : owner[key] || {};
  for (const language of ["zh", "en"]) {
    box.append(fields.text(said[language], now[language] || "", (value) => change(() => {
      const pair = typeof owner[key] === "string" ? { zh: owner[key], en: owner[key] } : { zh: "", en: "", ...owner[key] };
      pair[language] = value;
      if (!pair.zh && !pair.en && !needed) delete owner[key];
      else owner[key] = pair;
    }, key === "label" || key === "title"), { multiline }));
  }
  return box;
}

function value(title, owner, key, { number = false } = {}) {
  return fields.text(title, owner[key] === undefined ? "" : String(owner[key]), (text) => {
    if (number && text && !/^-?\d+(\.\d+)?$/.test(text)) return said.wrong;
    change(() => {
      if (!text) delete owner[key];
      else owner[key] = number ? Number(text) : text;
    }, false);
    return "";
  });
}

function truth(title, owner, key) {
  return fields.tick(title, owner[key], (on) => change(() => { if (on) owner[key] = true; else delete owner[key]; }, false));
}

function folding(id, title, place) {
  const box = fields.element("details", { open: open.has(id) }, fields.element("summary", { textContent: title }));
  box.addEventListener("toggle", () => open[box.open ? "add" : "delete"](id));
  if (place) box.dataset.place = place;
  return box;
}

function tools(list, index, again) {
  const move = (by) => change(() => { list.splice(index + by, 0, ...list.splice(index, 1)); });
  const bar = fields.element("p", { className: "row-actions" });
  if (index > 0) bar.append(fields.button(said.up, () => move(-1)));
  if (index < list.length - 1) bar.append(fields.button(said.down, () => move(1)));
  if (again) bar.append(fields.button(said.copy, () => change(() => list.splice(index + 1, 0, again(list[index])))));
  if (list.length > 1) bar.append(fields.button(said.remove, () => change(() => list.splice(index, 1))));
  return bar;
}

function allNames(list) {
  return new Set(list.flatMap((one) => one.fields || [one]).map((one) => one.name));
}

function freshName(taken, stem) {
  for (let number = 1; ; number += 1) if (!taken.has(`${stem}${number}`)) return `${stem}${number}`;
}

function renamed(part, before, now) {
  if (!part || typeof part !== "object") return;
  if (part.field === before) part.field = now;
  for (const inner of Object.values(part)) renamed(inner, before, now);
}

function question(list, index, place, scope, inTable) {
  const one = list[index];
  const id = `f:${place}`;
  const box = folding(id, `${one.label?.[zh ? "zh" : "en"] || one.name}${one.required ? " *" : ""}`, place);
  box.className = "question";
  const types = given.types.filter((type) => !inTable || type.value !== "table");
  box.append(
    words(said.label, one, "label", { needed: true }),
    fields.choice(said.type, one.type, types, (type) => change(() => retype(one, type))),
    truth(said.required, one, "required"),
    words(said.help, one, "help"), words(said.citation, one, "citation"));
  box.append(...kinds(one, place));
  const askable = scope.filter((other) => other !== one && ASKABLE.includes(other.type));
  box.append(showIf(said, one.show_if, askable, (condition) => change(() => { if (condition) one.show_if = condition; else delete one.show_if; })));
  const more = folding(`${id}:more`, said.more);
  more.append(fields.text(said.name, one.name, (text) => {
    if (!/^[a-z][a-z0-9_]{0,59}$/.test(text)) return said.name;
    change(() => { const before = one.name; one.name = text; for (const section of form.sections) { renamed(section.show_if, before, text); section.fields.forEach((other) => { renamed(other.show_if, before, text); (other.columns || []).forEach((column) => renamed(column.show_if, before, text)); }); } });
    return "";
  }), value(said.prefill, one, "prefill"), truth(said.readonly, one, "readonly"));
  box.append(more, tools(list, index, (old) => ({ ...structuredClone(old), name: freshName(allNames(inTable ? list : form.sections), `${old.name}_`) })));
  return box;
}

function kinds(one, place) {
  if (["choice", "choices"].includes(one.type)) return [choices(one)];
  if (one.type === "catalogue") return [fields.choice(said.catalogue, one.catalogue, given.catalogues, (name) => change(() => { one.catalogue = name; }), { none: said.none })];
  if (one.type === "table") return [columns(one, place), value(said.minRows, one, "min_rows", { number: true }), value(said.maxRows, one, "max_rows", { number: true })];
  if (one.type === "file") {
    const accept = fields.text(said.accept, (one.accept || []).join(", "), (text) => { change(() => { const list = text.split(/[,，\s]+/).filter(Boolean); if (list.length) one.accept = list; else delete one.accept; }, false); return ""; });
    return [accept, truth(said.multiple, one, "multiple")];
  }
  if (NUMBERS.includes(one.type)) {
    const rows = [words(said.unit, one, "unit"), value(said.min, one, "min", { number: true }), value(said.max, one, "max", { number: true })];
    return one.type === "decimal" ? [...rows, value(said.places, one, "places", { number: true })] : rows;
  }
  if (one.type === "date") return [value(said.min, one, "min"), value(said.max, one, "max")];
  if (["text", "textarea"].includes(one.type)) return [value(said.maxLength, one, "max_length", { number: true }), value(said.pattern, one, "pattern"), words(said.patternHint, one, "pattern_hint")];
  return [];
}

// Another type drops what belonged to the old one, and gets what it cannot be without.
function retype(one, type) {
  for (const key of ["choices", "columns", "catalogue", "accept", "multiple", "unit", "places", "min", "max", "min_rows", "max_rows", "max_length", "pattern", "pattern_hint"]) {
    const shared = ["choice", "choices"].includes(type) && key === "choices" || NUMBERS.includes(type) && NUMBERS.includes(one.type) && ["unit", "min", "max"].includes(key);
    if (!shared) delete one[key];
  }
  one.type = type;
  if (["choice", "choices"].includes(type) && !one.choices) one.choices = [{ value: "a", label: { zh: said.option, en: "Option one" } }];
  if (type === "table") one.columns = [{ name: "c1", type: "text", label: { zh: said.newField, en: "New question" } }];
  if (type === "catalogue") one.catalogue = given.catalogues[0]?.value;
}

function choices(one) {
  const box = fields.element("fieldset", { className: "words" }, fields.element("legend", { textContent: said.choices }));
  (one.choices ||= []).forEach((option, index) => {
    box.append(fields.element("div", { className: "line" },
      fields.text(said.zh, option.label?.zh || "", (text) => change(() => { option.label = { en: text, ...option.label, zh: text }; }, false)),
      fields.text(said.en, option.label?.en || "", (text) => change(() => { option.label = { zh: text, ...option.label, en: text }; }, false)),
      fields.text(said.value, option.value, (text) => change(() => { option.value = text; }, false)),
      ...(one.choices.length > 1 ? [fields.button(said.remove, () => change(() => one.choices.splice(index, 1)))] : [])));
  });
  box.append(fields.button(said.addChoice, () => change(() => one.choices.push({ value: freshName(new Set(one.choices.map((option) => option.value)), "option_"), label: { zh: said.option, en: "Option" } }))));
  return box;
}

function columns(one, place) {
  const box = fields.element("fieldset", { className: "columns" }, fields.element("legend", { textContent: said.columns }));
  const scope = [...form.sections.flatMap((section) => section.fields), ...one.columns];
  one.columns.forEach((_, index) => box.append(question(one.columns, index, `${place}.columns.${index}`, scope, true)));
  box.append(fields.button(said.addColumn, () => change(() => {
    const name = freshName(new Set(one.columns.map((column) => column.name)), "c");
    one.columns.push({ name, type: "text", label: { zh: said.newField, en: "New question" } });
    open.add(`f:${place}.columns.${one.columns.length - 1}`);
  }), "button quiet"));
  return box;
}

function section(index) {
  const one = form.sections[index];
  const place = `sections.${index}`;
  const box = folding(`s:${one.id}`, `${said.section} ${index + 1} · ${one.title?.[zh ? "zh" : "en"] || one.id}`, place);
  box.className = "panel part";
  const asked = form.sections.flatMap((other) => other.fields);
  const askable = asked.filter((other) => ASKABLE.includes(other.type) && !one.fields.includes(other));
  box.append(words(said.sectionTitle, one, "title", { needed: true }), words(said.help, one, "help"),
    showIf(said, one.show_if, askable, (condition) => change(() => { if (condition) one.show_if = condition; else delete one.show_if; })));
  one.fields.forEach((_, at) => box.append(question(one.fields, at, `${place}.fields.${at}`, asked, false)));
  box.append(fields.button(said.addField, () => change(() => {
    one.fields.push({ name: freshName(allNames(form.sections), "q"), type: "text", label: { zh: said.newField, en: "New question" } });
    open.add(`f:${place}.fields.${one.fields.length - 1}`);
  }), "button quiet"), tools(form.sections, index));
  return box;
}

function draw() {
  const focus = [...desk.querySelectorAll("input, select, textarea, button, summary")].indexOf(document.activeElement);
  const top = desk.scrollTop;
  const head = folding("form", said.title);
  head.className = "panel part";
  head.append(words(said.title, form, "title", { needed: true }), words(said.help, form, "help"));
  const add = fields.button(said.addSection, () => change(() => {
    const id = freshName(new Set(form.sections.map((one) => one.id)), "part");
    const name = freshName(allNames(form.sections), "q");
    form.sections.push({ id, title: { zh: said.newSection, en: "New part" }, fields: [{ name, type: "text", label: { zh: said.newField, en: "New question" } }] });
    open.add(`s:${id}`);
  }), "button quiet");
  desk.replaceChildren(head, ...form.sections.map((_, index) => section(index)), add);
  desk.scrollTop = top;
  desk.querySelectorAll("input, select, textarea, button, summary")[focus]?.focus();
}

document.querySelector("[data-undo]").addEventListener("click", () => travel(past, future));
document.querySelector("[data-redo]").addEventListener("click", () => travel(future, past));
document.querySelector("[data-touched]").addEventListener("click", async () => {
  const box = document.querySelector("[data-touched-here]");
  const answer = await post(given.touched);
  box.hidden = false;
  if (!answer.ok) return void (box.textContent = (await answer.json().catch(() => ({}))).detail || said.failed);
  box.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
});
preview.addEventListener("submit", (event) => event.preventDefault());
preview.addEventListener("change", conditions);
draw();
conditions();
saver.tell(said.ready);
island.dataset.ready = "true";
