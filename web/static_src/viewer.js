// Draws a model read-only, with the route taken, open tasks and counts as markers.
// <div data-island="viewer"><script type="application/json">{"xml": "...", "markers": {"task_accept": "open"},
//  "badges": {"task_accept": "3"}}</script></div>
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";

async function show(island) {
  const { xml, markers = {}, badges = {} } = JSON.parse(island.querySelector("script").textContent);
  const viewer = new NavigatedViewer({ container: island });
  await viewer.importXML(xml);
  const canvas = viewer.get("canvas");
  const elements = viewer.get("elementRegistry");
  const overlays = viewer.get("overlays");
  canvas.zoom("fit-viewport", "auto");
  for (const [id, marker] of Object.entries(markers)) {
    if (elements.get(id)) canvas.addMarker(id, `mark-${marker}`);
  }
  for (const [id, text] of Object.entries(badges)) {
    if (!elements.get(id)) continue;
    const badge = document.createElement("span");
    badge.className = "badge";
    badge.textContent = text;
    overlays.add(id, { position: { top: -10, right: 10 }, html: badge });
  }
  island.dataset.ready = "true";
}

// A diagram inside closed details has no size yet: it is drawn when somebody opens it.
for (const island of document.querySelectorAll('[data-island="viewer"]')) {
  const holder = island.closest("details");
  if (!holder || holder.open) show(island);
  else holder.addEventListener("toggle", () => show(island), { once: true });
}
