// The editor of models: draws, keeps what is chosen for each step, checks while one draws, saves the draft by itself and shows
// what the server finds, at the elements. What is drawn is never lost silently: a save that fails says so and is tried again.
import Modeler from "bpmn-js/lib/Modeler";
import minimap from "diagram-js-minimap";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn-embedded.css";
import "diagram-js-minimap/assets/diagram-js-minimap.css";
import "./lib/designer/designer.css";
import shareClipboard from "./lib/designer/clipboard.js";
import { element, note } from "./lib/designer/fields.js";
import { declareLists, lost, putBack, remarksOf } from "./lib/designer/keeping.js";
import layOut from "./lib/designer/layout.js";
import linting, { join } from "./lib/designer/linting.js";
import moddle, { keepExpressions } from "./lib/designer/moddle.js";
import processesOf from "./lib/designer/others.js";
import Panel from "./lib/designer/panel.js";
import Playing from "./lib/designer/playing.js";
import Saver, { download } from "./lib/designer/saver.js";
import words from "./lib/designer/words.js";

const island = document.querySelector('[data-island="designer"]');
const given = JSON.parse(island.querySelector("script").textContent);
const { said } = given;
const zh = document.documentElement.lang.startsWith("zh");
const list = document.querySelector("[data-findings]");
const PALETTE = 130; // px the palette takes at the left
const lint = linting(given.lint, given.choices.operators);

const modeler = new Modeler({
  container: island.querySelector(".canvas"),
  moddleExtensions: { spiffworkflow: moddle },
  linting: lint.config,
  additionalModules: [minimap, lint.module, words(zh ? "zh" : "en")],
});
keepExpressions(modeler.get("moddle"));
const atElements = join(modeler, zh);
let remarks = [];

async function current() {
  declareLists(modeler.getDefinitions(), modeler.get("moddle"));
  return putBack((await modeler.saveXML({ format: true })).xml, remarks);
}

const saver = new Saver(given, current, (told) => show(told.findings));

async function open(xml) {
  const drawn = /<[\w]*:?BPMNDiagram[\s>]/.test(xml) ? xml : await layOut(xml);
  const { warnings } = await modeler.importXML(drawn);
  remarks = remarksOf(xml);
  whole();
  return { laidOut: drawn !== xml, gone: [...warnings.map((one) => one.message.split("\n")[0]), ...lost(xml, await current())] };
}

// The whole drawing, beside the palette and not under it, at no more than its own size.
function whole() {
  const canvas = modeler.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  const { inner, outer } = canvas.viewbox();
  if (!inner.width || outer.width < 2 * PALETTE) return;
  const scale = Math.min((outer.width - PALETTE - 30) / inner.width, (outer.height - 40) / inner.height, 1);
  const [width, height] = [outer.width / scale, outer.height / scale];
  canvas.viewbox({ x: inner.x - PALETTE / scale, y: inner.y + (inner.height - height) / 2, width, height });
}

function show(findings) {
  atElements(findings);
  const canvas = modeler.get("canvas");
  const elements = modeler.get("elementRegistry");
  for (const element of elements.getAll()) for (const mark of ["found-error", "found-warning"]) canvas.removeMarker(element, mark);
  list.replaceChildren();
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

async function take(file) {
  const before = await current();
  try {
    const { gone } = await open(await file.text());
    if (await agreed(gone)) saver.changed();
    else await open(before);
  } catch (error) {
    await open(before);
    saver.tell(`${said.notModel} ${error.message}`, true);
  }
}

// What the editor cannot keep is named before anything is saved over it; nothing is saved until somebody has agreed.
function agreed(gone) {
  const box = document.querySelector("[data-losses]");
  box.hidden = !gone.length;
  if (!gone.length) return true;
  saver.hold(true);
  return new Promise((decide) => {
    const answer = (title, value, className) => {
      const button = element("button", { type: "button", className, textContent: title });
      button.addEventListener("click", () => {
        box.hidden = true;
        saver.hold(false);
        decide(value);
      });
      return button;
    };
    box.replaceChildren(element("h2", { textContent: said.losses }), note(said.lossesAbout),
      element("ul", {}, ...gone.map((one) => element("li", { textContent: one }))),
      element("p", { className: "row-actions" }, answer(said.lossesGoOn, true, "button"), " ", answer(said.lossesBack, false, "button quiet")));
    box.focus();
  });
}

document.querySelector("[data-download]").addEventListener("click", async () => download(given.name, await current(), "application/xml"));
document.querySelector("[data-take]").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  target.value = ""; // so that the same file can be chosen once more
  if (file) take(file);
});
for (const action of ["undo", "redo"]) {
  document.querySelector(`[data-${action}]`).addEventListener("click", () => modeler.get("commandStack")[action]());
}
for (const action of ["copy", "paste"]) {
  document.querySelector(`[data-${action}]`)?.addEventListener("click", () => modeler.get("editorActions").trigger(action));
}
document.querySelector("[data-zoom]")?.addEventListener("click", whole);

const { laidOut, gone } = await open(given.xml);
new Panel(modeler, island.querySelector("[data-panel]"), given.choices, said);
shareClipboard(modeler);
modeler.on("commandStack.changed", () => saver.changed());
// Whoever comes back from another page is at the step again; whoever goes there leaves nothing unsaved.
const asked = modeler.get("elementRegistry").get(new URLSearchParams(location.search).get("step") || "");
if (asked) modeler.get("selection").select(asked);
island.querySelector("[data-panel]").addEventListener("click", async (event) => {
  const link = event.target.closest("a[href]");
  if (!link || !saver.dirty) return;
  event.preventDefault();
  await saver.save();
  if (!saver.dirty) location.assign(link.href);
});
show(given.findings);
const called = processesOf(given, modeler.get("moddle"));
const playing = new Playing(modeler, island.querySelector("[data-playing]"), island.querySelector("[data-panel]"), said.play, called);
document.querySelector("[data-play]").addEventListener("click", ({ currentTarget }) => {
  modeler.get("selection").select(null);
  playing.toggle(currentTarget);
});
saver.tell(laidOut ? said.laidOut : said.ready);
if (laidOut) saver.changed();
Promise.resolve(agreed(gone)).then((going) => { if (!going) location.assign(given.away); });
island.dataset.ready = "true";
