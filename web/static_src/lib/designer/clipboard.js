// Copy in one model, paste in another (or in another window): what was copied is also kept in the browser's storage.
const KEY = "onewindow.bpmn-clipboard";

export default function shareClipboard(modeler) {
  const clipboard = modeler.get("clipboard");
  const moddle = modeler.get("moddle");
  modeler.on("copyPaste.elementsCopied", ({ tree }) => {
    try { localStorage.setItem(KEY, JSON.stringify(tree)); } catch { /* full or switched off: copying within the page works */ }
  });
  const fetchShared = () => {
    const kept = (() => { try { return localStorage.getItem(KEY); } catch { return null; } })();
    if (kept) clipboard.set(JSON.parse(kept, reviver(moddle)));
  };
  addEventListener("focus", fetchShared);
  if (clipboard.isEmpty()) fetchShared();
}

// Elements of the model come back as such; a reference to one that has come back already is that one.
function reviver(moddle) {
  const known = {};
  return (key, object) => {
    if (typeof object !== "object" || object === null || typeof object.$type !== "string") return object;
    if (object.id && known[object.id]) return known[object.id];
    const { $type, ...attributes } = object;
    const made = moddle.create($type, attributes);
    if (made.id) known[made.id] = made;
    return made;
  };
}
