// Draws a model read-only, with the route taken, open tasks and counts as markers.
// <div data-island="viewer"><script type="application/json">{"xml": "...", "markers": {"task_accept": "open"},
//  "badges": {"task_accept": "3"}}</script></div>
// A wide drawing starts at a readable size on the step that is open; buttons make it larger, smaller, whole.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";

const READABLE = 0.62;

function focus(canvas, element) {
  canvas.zoom("fit-viewport", "auto");
  if (canvas.zoom() >= READABLE || !element) return;
  canvas.zoom(READABLE);
  const view = canvas.viewbox();
  const left = element === "start" ? view.inner.x : element.x + element.width / 2 - view.width / 2;
  const top = element === "start" ? view.inner.y + view.height / 2 - 20 : element.y + element.height / 2;
  canvas.viewbox({ x: Math.max(left, view.inner.x - 20), y: top - view.height / 2, width: view.width, height: view.height });
}

function toolbar(island, canvas) {
  const bar = document.createElement("p");
  bar.className = "diagram-tools";
  const tools = [
    [island.dataset.larger, () => canvas.zoom(canvas.zoom() * 1.3)],
    [island.dataset.smaller, () => canvas.zoom(canvas.zoom() / 1.3)],
    [island.dataset.whole, () => canvas.zoom("fit-viewport", "auto")],
  ];
  for (const [title, action] of tools) {
    if (!title) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.textContent = title;
    button.addEventListener("click", action);
    bar.append(button);
  }
  island.before(bar);
}

async function show(island) {
  const { xml, markers = {}, badges = {} } = JSON.parse(island.querySelector("script").textContent);
  const viewer = new NavigatedViewer({ container: island, zoomScroll: { enabled: false } });
  try {
    await viewer.importXML(xml);
  } catch {
    // A model from elsewhere may come without a drawing.
    viewer.destroy();
    island.textContent = island.dataset.none ?? "";
    island.classList.remove("diagram");
    island.dataset.ready = "true";
    return;
  }
  const canvas = viewer.get("canvas");
  const elements = viewer.get("elementRegistry");
  const overlays = viewer.get("overlays");
  let first = "start";
  for (const [id, marker] of Object.entries(markers)) {
    const element = elements.get(id);
    if (!element) continue;
    canvas.addMarker(id, `mark-${marker}`);
    if (marker === "open" && first === "start") first = element;
  }
  for (const [id, text] of Object.entries(badges)) {
    if (!elements.get(id)) continue;
    const badge = document.createElement("span");
    badge.className = "badge";
    badge.textContent = text;
    overlays.add(id, { position: { top: -10, right: 10 }, html: badge });
  }
  focus(canvas, first);
  toolbar(island, canvas);
  island.dataset.ready = "true";
}

// A diagram inside closed details has no size yet: it is drawn when somebody opens it.
for (const island of document.querySelectorAll('[data-island="viewer"]')) {
  const holder = island.closest("details");
  if (!holder || holder.open) show(island);
  else holder.addEventListener("toggle", () => show(island), { once: true });
}
