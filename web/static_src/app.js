// On every page: conveniences over forms that work without script. Conditions show and hide questions, tables
// grow and shrink in place, rows are pasted from a spreadsheet, drafts save themselves while one types.
import "./app.css";
import * as copies from "./lib/copies.js";
import { keepUploads } from "./lib/uploads.js";

const DRAFT_AFTER = 1500; // ms after the last keystroke; at most DRAFT_AT_LEAST between two saves while typing goes on
const DRAFT_AT_LEAST = 4000;
const DRAFT_PATIENCE = 8000; // ms an answer may take; then the same is sent again

function valueOf(form, name) {
  const fields = [...form.elements].filter((field) => field.name === name && field.type !== "hidden");
  if (!fields.length) return null;
  if (fields[0].type === "radio") return fields.find((field) => field.checked)?.value ?? null;
  if (fields[0].type === "checkbox") {
    const ticked = fields.filter((field) => field.checked).map((field) => field.value);
    return fields.length === 1 && fields[0].value === "true" ? String(ticked.length === 1) : ticked;
  }
  return fields[0].value === "" ? null : fields[0].value;
}

function same(answer, wanted) {
  return Array.isArray(answer) ? answer.includes(String(wanted)) : answer !== null && answer === String(wanted);
}

function holds(rule, ask) {
  if (rule.all) return rule.all.every((part) => holds(part, ask));
  if (rule.any) return rule.any.some((part) => holds(part, ask));
  if (rule.not) return !holds(rule.not, ask);
  const answer = ask(rule.field);
  if ("in" in rule) return rule.in.some((wanted) => same(answer, wanted));
  return same(answer, rule.equals);
}

function applyConditions(form) {
  for (const part of form.querySelectorAll("[data-show-if]")) {
    const rule = JSON.parse(part.dataset.showIf);
    const row = part.closest("tr");
    const prefix = row?.querySelector("[data-field]")?.dataset.field.split(".").slice(0, 2).join(".");
    const ask = (name) => {
      if (prefix && form.querySelector(`[data-field="${prefix}.${name}"]`)) return valueOf(form, `${prefix}.${name}`);
      const asked = form.querySelector(`[data-field="${name}"]`);
      if (asked?.dataset.value !== undefined) return asked.dataset.value || null; // an answer that cannot be changed now
      return asked?.closest("[hidden]") ? null : valueOf(form, name);
    };
    const show = holds(rule, ask);
    part.hidden = !show;
    for (const field of part.querySelectorAll("input, select, textarea")) {
      if (show && field.dataset.byCondition) { field.disabled = false; delete field.dataset.byCondition; }
      if (!show && !field.disabled) { field.disabled = true; field.dataset.byCondition = "1"; }
    }
  }
}

function renumber(table) {
  [...table.tBodies[0].rows].forEach((row, index) => {
    row.cells[0].querySelector("span").textContent = String(index + 1);
    for (const part of row.querySelectorAll("[name], [id], [data-field], [for], [aria-describedby]")) {
      for (const key of ["name", "id", "data-field", "for", "aria-describedby", "value"]) {
        const text = part.getAttribute(key);
        if (!text || (key === "value" && !part.dataset.drop && part.name !== "do")) continue;
        const mark = key === "id" || key === "for" || key === "aria-describedby" ? "-" : ".";
        const name = table.dataset.rows;
        part.setAttribute(key, text.replace(new RegExp(`(${name})[${mark}]\\d+`), `$1${mark}${index}`));
      }
    }
  });
}

function addRow(table) {
  const rows = table.tBodies[0].rows;
  if (rows.length >= Number(table.dataset.max)) return null;
  const row = rows[rows.length - 1].cloneNode(true);
  for (const field of row.querySelectorAll("input, select, textarea")) {
    if (field.type === "checkbox" || field.type === "radio") field.checked = false;
    else if (field.type !== "hidden") field.value = "";
    field.removeAttribute("aria-invalid");
  }
  for (const part of row.querySelectorAll(".error, .files li")) part.remove();
  for (const part of row.querySelectorAll(".wrong")) part.classList.remove("wrong");
  table.tBodies[0].append(row);
  renumber(table);
  return row;
}

function editable(row) {
  return [...row.querySelectorAll("input:not([type=hidden]):not([type=file]), select, textarea")];
}

// What a cell says as a field takes it: the code of a choice, a number without its thousands; null when it is no choice.
function fitting(field, cell) {
  const wanted = cell.trim();
  if (field.options) {
    if (!wanted) return "";
    return [...field.options].find((one) => one.value === wanted || one.text.trim() === wanted)?.value ?? null;
  }
  return field.inputMode === "decimal" ? wanted.replace(/(\d)[,，](?=\d{3})/g, "$1") : wanted;
}

function pasteRows(event, form) {
  const table = event.target.closest("table[data-rows]");
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!table || !/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  const start = [...table.tBodies[0].rows].indexOf(event.target.closest("tr"));
  const column = editable(event.target.closest("tr")).indexOf(event.target);
  const lines = text.replace(/\r/g, "").replace(/\n+$/, "").split("\n");
  let unfit = 0, taken = 0;
  for (const [offset, line] of lines.entries()) {
    const row = table.tBodies[0].rows[start + offset] ?? addRow(table);
    if (!row) break;
    taken += 1;
    const fields = editable(row);
    line.split("\t").forEach((cell, place) => {
      const field = fields[column + place];
      if (!field) return;
      const value = fitting(field, cell);
      field.value = value ?? "";
      field.title = value === null ? cell.trim() : "";
      field.toggleAttribute("aria-invalid", value === null);
      field.closest(".field")?.classList.toggle("wrong", value === null);
      unfit += value === null;
    });
  }
  applyConditions(form);
  form.dispatchEvent(new Event("input", { bubbles: true }));
  const status = form.querySelector(".saved");
  const told = [];
  if (unfit) told.push(status.dataset.unfit.replace("{n}", taken).replace("{m}", unfit));
  if (taken < lines.length) told.push(status.dataset.full.replace("{n}", table.dataset.max));
  if (told.length) status.textContent = told.join("；");
}

// Each open page has a name of its own, so that the server knows a page whose answer was lost from somebody else's.
// A page that is left hands its name to the next one of the same tab; a copied tab inherits nothing.
function nameOfPage() {
  const LEFT = "draft-left";
  let left = "";
  try { left = sessionStorage.getItem(LEFT) ?? ""; sessionStorage.removeItem(LEFT); } catch { /* switched off */ }
  const own = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  addEventListener("pagehide", () => { try { sessionStorage.setItem(LEFT, own); } catch { /* switched off */ } });
  return { own, left };
}

// What is typed while the server is out of reach survives the tab and the browser as well. It is the person's own: under the
// account, for half a day at most, gone when one signs out or somebody else signs in here.
const COPY_LIVES = 12 * 3600e3; // ms
const account = document.body.dataset.account;
const tidied = copies.forget((copy) => (account && copy.account !== account) || !(Date.now() - copy.at < COPY_LIVES));

document.querySelector("form[data-sign-out]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  copies.forget(() => true).then(() => form.submit());
});

function keepCopy(form, page) {
  const key = `${account}:${form.dataset.draft}`;
  const copy = () => new URLSearchParams([...new FormData(form)].filter(([name, value]) =>
    typeof value === "string" && !["csrf", "idempotency_key", "do"].includes(name))).toString();
  return {
    save() { copies.put({ key, account, page: page.own, at: Date.now(), text: copy() }); },
    drop() { copies.forget((one) => one.key === key && one.page === page.own); }, // not that of another tab
    async restore() {
      await tidied;
      const found = await copies.get(key);
      const kept = new URLSearchParams(found?.text ?? "");
      const { value: revision, dataset: { page: savedBy } } = form.elements.revision;
      if (!kept.has("revision") || (kept.get("revision") !== revision && savedBy !== found.page)) return false;
      if (kept.toString() === copy()) return false;
      for (const table of form.querySelectorAll("table[data-rows]")) {
        const wanted = [...kept.keys()].map((name) => name.split(".")).filter(([name]) => name === table.dataset.rows);
        const last = Math.max(-1, ...wanted.map(([, index]) => Number(index)));
        while (table.tBodies[0].rows.length <= last && addRow(table));
      }
      for (const field of form.elements) {
        if (!field.name || ["hidden", "file", "submit"].includes(field.type)) continue;
        if (field.type === "checkbox" || field.type === "radio") field.checked = kept.getAll(field.name).includes(field.value);
        else if (kept.has(field.name)) field.value = kept.get(field.name);
      }
      return true;
    },
  };
}

// The states of the parts and what was saved when, as the server says it.
function tell(kept, status) {
  status.textContent = kept.said ?? status.dataset.saved.replace("{t}", new Date(kept.saved_at).toLocaleTimeString());
  for (const part of kept.parts ?? []) {
    const line = document.querySelector(`.task-list [data-part="${part.id}"] .state`);
    if (!line) continue;
    line.className = `state ${part.state}`;
    line.querySelector("[data-word]").textContent = part.word;
    line.querySelector("[data-more]").textContent = part.more;
  }
}

// Somebody saved a newer draft elsewhere: nothing is overwritten unasked, and what is on the page stays.
function choose(form, status, again) {
  const button = (text, act) => {
    const made = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: text });
    made.addEventListener("click", act);
    return made;
  };
  const mine = button(status.dataset.mine, () => { form.elements.revision.value = ""; again(); });
  const theirs = button(status.dataset.theirs, () => location.reload());
  status.replaceChildren(status.dataset.newer, " ", mine, " ", theirs);
}

function keepDraft(form) {
  const status = form.querySelector(".saved");
  const page = nameOfPage();
  const local = keepCopy(form, page);
  let timer = 0, turn = 0, lastSaved = Date.now(), busy = false, dirty = false, sent = false, asked = false;
  function body() {
    const data = new FormData(form);
    for (const key of [...data.keys()]) if (/^(upload|sheet):/.test(key)) data.delete(key);
    for (const [name, value] of [["page", page.own], ["turn", ++turn], ["left", page.left]]) data.set(`draft-${name}`, value);
    return new URLSearchParams(data);
  }
  async function save() {
    if (busy || !dirty || sent || asked) return;
    busy = true; dirty = false;
    try {
      const answer = await fetch(form.dataset.draft, {
        method: "POST", body: body(), headers: { Accept: "application/json" }, signal: AbortSignal.timeout(DRAFT_PATIENCE),
      });
      if (answer.redirected) throw Object.assign(new Error("signed out"), { title: status.dataset.out, status: 401 });
      if (!answer.ok) throw Object.assign(new Error("refused"), await answer.json().catch(() => ({})));
      const kept = await answer.json();
      form.elements.revision.value = kept.revision;
      tell(kept, status);
      lastSaved = Date.now();
      if (!dirty) local.drop();
    } catch (problem) {
      dirty = true;
      if (problem.code === "draft_newer") {
        asked = true;
        local.save();
        return choose(form, status, () => { asked = false; save(); });
      }
      const since = new Date(lastSaved).toLocaleTimeString();
      status.textContent = problem.title && problem.status < 500 ? problem.title : status.dataset.failed.replace("{t}", since);
      clearTimeout(timer);
      timer = setTimeout(save, DRAFT_AFTER);
    } finally {
      busy = false;
      if (dirty && !asked && !sent) { clearTimeout(timer); timer = setTimeout(save, DRAFT_AFTER); }
    }
  }
  function changed() {
    dirty = true;
    local.save();
    clearTimeout(timer);
    const since = Date.now() - lastSaved;
    timer = setTimeout(save, since > DRAFT_AT_LEAST ? 0 : Math.min(DRAFT_AFTER, DRAFT_AT_LEAST - since));
  }
  form.addEventListener("input", changed);
  addEventListener("online", save);
  addEventListener("pagehide", () => { if (dirty && !sent) navigator.sendBeacon(form.dataset.draft, body()); });
  form.addEventListener("submit", (event) => {
    if (sent) return event.preventDefault(); // the second half of a double click
    sent = true;
    clearTimeout(timer);
    local.drop();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) sent = false; });
  return local.restore().then((restored) => {
    if (!restored) return;
    applyConditions(form);
    changed();
    status.textContent = status.dataset.restored;
  });
}

const restored = [];

for (const form of document.querySelectorAll("form.task-form")) {
  applyConditions(form);
  form.addEventListener("change", () => applyConditions(form));
  form.addEventListener("paste", (event) => pasteRows(event, form));
  form.addEventListener("click", (event) => {
    const add = event.target.closest("[data-add]");
    const drop = event.target.closest("[data-drop]");
    if (add) {
      event.preventDefault();
      const row = addRow(form.querySelector(`table[data-rows="${add.dataset.add}"]`));
      if (row) editable(row)[0]?.focus();
    } else if (drop) {
      event.preventDefault();
      const table = drop.closest("table");
      if (table.tBodies[0].rows.length > 1) drop.closest("tr").remove();
      else addRow(table) && drop.closest("tr").remove();
      renumber(table);
    } else return;
    applyConditions(form);
    form.dispatchEvent(new Event("input", { bubbles: true }));
  });
  if (!form.dataset.draft) continue; // a form that is only tried out keeps nothing
  keepUploads(form);
  restored.push(keepDraft(form));
}

// A button pressed twice sends once; the server would answer a repetition with the first answer anyway.
for (const form of document.querySelectorAll("form[method=post]:not(.task-form)")) {
  let sent = false;
  form.addEventListener("submit", (event) => { if (sent) event.preventDefault(); sent = true; });
  addEventListener("pageshow", () => { sent = false; });
}

// What scrolls sideways can be scrolled with the keyboard.
function reachable() {
  for (const box of document.querySelectorAll(".scroll:not([tabindex])")) if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
}
reachable();
addEventListener("resize", reachable);

// A link to a field of a folded part opens it first; the field gets the focus, not only the place on the page.
function reach(hash) {
  const target = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
  if (!target) return;
  for (let part = target.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  target.scrollIntoView({ block: target.matches("input, select, textarea") ? "center" : "start" });
  if (target.matches("input, select, textarea")) target.focus({ preventScroll: true });
}
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  if (link && !event.defaultPrevented) setTimeout(() => reach(link.hash));
});
if (location.hash) reach(location.hash);

document.querySelector(".error-summary[tabindex]")?.focus();
Promise.allSettled(restored).then(() => { document.documentElement.dataset.ready = "true"; });
