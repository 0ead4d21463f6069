// The editor of models: draws, keeps what is chosen for each step, saves the draft by itself and shows what the server's
// check finds, at the elements. What is drawn is never lost silently: a save that fails says so and is tried again.
import Modeler from "bpmn-js/lib/Modeler";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn-embedded.css";
import "./lib/designer/designer.css";
import layOut from "./lib/designer/layout.js";
import moddle from "./lib/designer/moddle.js";
import Panel from "./lib/designer/panel.js";
import words from "./lib/designer/words.js";

const AUTOSAVE = 4000; // ms after the last change

const island = document.querySelector('[data-island="designer"]');
const given = JSON.parse(island.querySelector("script").textContent);
const { said } = given;
const state = { sha: given.sha, dirty: false, saving: false, timer: 0 };
const status = document.querySelector("[data-save-state]");
const list = document.querySelector("[data-findings]");

const modeler = new Modeler({
  container: island.querySelector(".canvas"),
  moddleExtensions: { spiffworkflow: moddle },
  additionalModules: [words(document.documentElement.lang.slice(0, 2))],
});

async function open(xml) {
  const drawn = /<[\w]*:?BPMNDiagram[\s>]/.test(xml) ? xml : await layOut(xml);
  const { warnings } = await modeler.importXML(drawn);
  modeler.get("canvas").zoom("fit-viewport", "auto");
  return { laidOut: drawn !== xml, warnings };
}

function tell(text, bad = false) {
  status.textContent = text;
  status.classList.toggle("error", bad);
}

function changed() {
  state.dirty = true;
  tell(said.unsaved);
  clearTimeout(state.timer);
  state.timer = setTimeout(save, AUTOSAVE);
}

async function save() {
  clearTimeout(state.timer);
  if (!state.dirty || state.saving) return;
  state.saving = true;
  state.dirty = false;
  tell(said.saving);
  try {
    const { xml } = await modeler.saveXML({ format: true });
    const answer = await fetch(given.save, {
      method: "PUT",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": given.csrf, "Idempotency-Key": crypto.randomUUID() },
      body: JSON.stringify({ name: given.name, content: xml, expected: state.sha }),
    });
    const told = await answer.json();
    if (!answer.ok) {
      state.dirty = true;
      tell(told.detail || told.title || said.failed, true);
      return;
    }
    state.sha = told.sha256;
    tell(`${said.saved} ${new Date().toLocaleTimeString()}`);
    show(told.findings);
  } catch {
    state.dirty = true;
    tell(said.failed, true);
    state.timer = setTimeout(save, AUTOSAVE * 2);
  } finally {
    state.saving = false;
    if (state.dirty && !status.classList.contains("error")) changed();
  }
}

function show(findings) {
  const canvas = modeler.get("canvas");
  const elements = modeler.get("elementRegistry");
  for (const element of elements.getAll()) for (const mark of ["found-error", "found-warning"]) canvas.removeMarker(element, mark);
  list.replaceChildren();
  const zh = document.documentElement.lang.startsWith("zh");
  for (const finding of findings) {
    const element = finding.element && elements.get(finding.element);
    const item = document.createElement("li");
    item.className = finding.severity;
    const text = `${zh ? finding.zh : finding.en} ${zh ? finding.fix_zh : finding.fix_en}`;
    const where = [finding.file, finding.element].filter(Boolean).join(" · ");
    if (element) {
      canvas.addMarker(element, `found-${finding.severity === "error" ? "error" : "warning"}`);
      const button = document.createElement("button");
      button.type = "button";
      button.className = "link";
      button.textContent = where;
      button.addEventListener("click", () => {
        modeler.get("selection").select(element);
        canvas.scrollToElement(element);
      });
      item.append(button, " ", text);
    } else {
      item.append(where ? `${where} ` : "", text);
    }
    list.append(item);
  }
  if (!findings.length) {
    const fine = document.createElement("li");
    fine.textContent = said.fine;
    list.append(fine);
  }
}

async function download() {
  const { xml } = await modeler.saveXML({ format: true });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([xml], { type: "application/xml" }));
  link.download = given.name;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function take(file) {
  const before = (await modeler.saveXML({ format: true })).xml;
  try {
    const { warnings } = await open(await file.text());
    if (warnings.length) tell(`${said.importWarnings} ${warnings.map((item) => item.message).join("; ")}`, true);
    changed();
  } catch (error) {
    await open(before);
    tell(`${said.notModel} ${error.message}`, true);
  }
}

document.querySelector("[data-save]").addEventListener("click", () => { state.dirty = true; save(); });
document.querySelector("[data-download]").addEventListener("click", download);
document.querySelector("[data-take]").addEventListener("change", (event) => event.target.files[0] && take(event.target.files[0]));
for (const action of ["undo", "redo"]) {
  document.querySelector(`[data-${action}]`).addEventListener("click", () => modeler.get("commandStack")[action]());
}
addEventListener("beforeunload", (event) => { if (state.dirty) event.preventDefault(); });

const { laidOut } = await open(given.xml);
new Panel(modeler, island.querySelector("[data-panel]"), given.choices, said);
modeler.on("commandStack.changed", changed);
show(given.findings);
tell(laidOut ? said.laidOut : said.ready);
if (laidOut) changed();
island.dataset.ready = "true";
