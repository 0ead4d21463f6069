// On every page: conveniences over forms that work without script. Conditions show and hide questions, tables
// grow and shrink in place, rows are pasted from a spreadsheet, drafts save themselves while one types.
import "./app.css";

const DRAFT_AFTER = 3000; // ms after the last keystroke; at most DRAFT_AT_LEAST between two saves while typing goes on
const DRAFT_AT_LEAST = 10000;

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

function pasteRows(event, form) {
  const table = event.target.closest("table[data-rows]");
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!table || !/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  const start = [...table.tBodies[0].rows].indexOf(event.target.closest("tr"));
  const column = editable(event.target.closest("tr")).indexOf(event.target);
  text.replace(/\r/g, "").replace(/\n+$/, "").split("\n").forEach((line, offset) => {
    const row = table.tBodies[0].rows[start + offset] ?? addRow(table);
    if (!row) return;
    const fields = editable(row);
    line.split("\t").forEach((cell, place) => {
      const field = fields[column + place];
      if (!field) return;
      const wanted = cell.trim();
      const option = field.options && [...field.options].find((one) => one.value === wanted || one.text.trim() === wanted);
      field.value = option ? option.value : wanted;
    });
  });
  applyConditions(form);
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

// What is typed while the connection is down survives a reload of the tab (sessionStorage, gone with the tab).
function keepCopy(form) {
  const key = `draft:${form.dataset.draft}`;
  const copy = () => new URLSearchParams([...new FormData(form)].filter(([name, value]) =>
    typeof value === "string" && !["csrf", "idempotency_key", "do"].includes(name))).toString();
  return {
    save() { try { sessionStorage.setItem(key, copy()); } catch { /* full or switched off: the server keeps drafts */ } },
    drop() { try { sessionStorage.removeItem(key); } catch { /* as above */ } },
    restore() {
      const kept = new URLSearchParams((() => { try { return sessionStorage.getItem(key) ?? ""; } catch { return ""; } })());
      if (!kept.has("revision") || kept.get("revision") !== form.elements.revision.value) return false;
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

function keepDraft(form) {
  const status = form.querySelector(".saved");
  const local = keepCopy(form);
  let timer = 0, lastSaved = Date.now(), busy = false, dirty = false, sent = false;
  async function save() {
    if (busy || !dirty || sent) return;
    busy = true; dirty = false;
    const data = new FormData(form);
    for (const key of [...data.keys()]) if (key.startsWith("upload:")) data.delete(key);
    try {
      const answer = await fetch(form.dataset.draft, {
        method: "POST", body: new URLSearchParams(data), headers: { Accept: "application/json" }, signal: AbortSignal.timeout(20000),
      });
      if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).title ?? "");
      const kept = await answer.json();
      form.elements.revision.value = kept.revision;
      status.textContent = status.dataset.saved.replace("{t}", new Date(kept.saved_at).toLocaleTimeString());
      lastSaved = Date.now();
      if (!dirty) local.drop();
    } catch (problem) {
      dirty = true;
      status.textContent = problem.message && problem.name === "Error" ? problem.message : status.dataset.failed;
      timer = setTimeout(save, DRAFT_AFTER);
    } finally {
      busy = false;
    }
  }
  function changed() {
    dirty = true;
    local.save();
    clearTimeout(timer);
    timer = setTimeout(save, Date.now() - lastSaved > DRAFT_AT_LEAST ? 0 : DRAFT_AFTER);
  }
  form.addEventListener("input", changed);
  addEventListener("online", save);
  addEventListener("pagehide", () => {
    if (dirty && !sent) navigator.sendBeacon(form.dataset.draft, new URLSearchParams(new FormData(form)));
  });
  form.addEventListener("submit", (event) => {
    if (sent) return event.preventDefault(); // the second half of a double click
    sent = true;
    clearTimeout(timer);
    local.drop();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) sent = false; });
  if (local.restore()) {
    applyConditions(form);
    changed();
    status.textContent = status.dataset.restored;
  }
}

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
  keepDraft(form);
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
document.documentElement.dataset.ready = "true";
