// What the drawing library would drop without a word when a file goes through it: comments and processing instructions (they
// are put back where they stood) and parts it cannot read (they are named, so that nobody loses them unseen).
// Lists that repeated steps go through are declared as data of the process, as the standard wants it: other editors
// would otherwise take the reference for a mistake and drop it.
const REMARKS = new Set([Node.COMMENT_NODE, Node.PROCESSING_INSTRUCTION_NODE]);
const MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL";
const NAME = /^[A-Za-z_][\w.-]*$/;

function read(xml) {
  return new DOMParser().parseFromString(xml, "application/xml");
}

function* walk(node) {
  for (const child of node.childNodes) {
    yield child;
    yield* walk(child);
  }
}

const isElement = (node) => node?.nodeType === Node.ELEMENT_NODE;
const named = (node) => isElement(node) && node.getAttribute("id");

function beside(node, step) {
  let other = node[step];
  while (other && !isElement(other)) other = other[step];
  return other;
}

// Comments and processing instructions with the place where each stands: beside which element, or inside which.
export function remarksOf(xml) {
  return [...walk(read(xml))].filter((node) => REMARKS.has(node.nodeType)).map((node) => {
    const path = [];
    let owner = node.parentNode;
    for (; isElement(owner) && !named(owner); owner = owner.parentNode) path.unshift(owner.nodeName);
    const [next, previous] = [beside(node, "nextSibling"), beside(node, "previousSibling")];
    const at = (other) => other && (named(other) || `<${other.nodeName}`);
    return { kind: node.nodeType, name: node.nodeName, text: node.data, owner: isElement(owner) ? named(owner) : "", path, next: at(next), previous: at(previous), top: node.parentNode.nodeType === Node.DOCUMENT_NODE };
  });
}

// The file with the remarks in it again; one whose place is gone stands at what is left of it.
export function putBack(xml, remarks) {
  if (!remarks.length) return xml;
  const file = read(xml);
  const byId = new Map([...walk(file)].filter(named).map((node) => [named(node), node]));
  for (const remark of remarks) {
    const made = remark.kind === Node.COMMENT_NODE ? file.createComment(remark.text) : file.createProcessingInstruction(remark.name, remark.text);
    const home = homeOf(file, byId, remark);
    const find = (at) => at && (byId.get(at) || [...home.children].find((child) => `<${child.nodeName}` === at));
    const [next, previous] = [find(remark.next), find(remark.previous)];
    if (next) next.before(made);
    else if (previous && !remark.top) follow(previous).after(made);
    else if (remark.top) file.append(made);
    else home.append(made);
    // On a line of its own, as deep as what stands beside it.
    const space = next?.previousSibling === made && made.previousSibling?.nodeType === Node.TEXT_NODE ? made.previousSibling.data : "\n";
    if (made.parentNode !== file) made.after(file.createTextNode(space));
  }
  // Beside the root no text can stand, so the breaks of lines are put into what is written.
  const written = new XMLSerializer().serializeToString(file).replace(/^(<\?xml[^>]*\?>)(?=<)/, "$1\n").replace(/(-->|\?>)(?=<[\w.-]*:?definitions[\s>])/, "$1\n");
  return written.startsWith("<?xml") ? written : `<?xml version="1.0" encoding="UTF-8"?>\n${written}`;
}

// Behind an element and the remarks that follow it already: several keep their order.
function follow(element) {
  let last = element;
  while (last.nextSibling && (REMARKS.has(last.nextSibling.nodeType) || (last.nextSibling.nodeType === Node.TEXT_NODE && !last.nextSibling.data.trim() && REMARKS.has(last.nextSibling.nextSibling?.nodeType)))) last = last.nextSibling;
  return last;
}

function homeOf(file, byId, { owner, path, top }) {
  if (top) return file;
  let home = byId.get(owner) || file.documentElement;
  for (const name of path) {
    const inner = [...home.children].find((child) => child.nodeName === name);
    if (!inner) break;
    home = inner;
  }
  return home;
}

// Elements, and attributes of other products, that are in one file and not in another, each with the step it belongs to.
export function lost(before, after) {
  const rest = partsOf(after);
  const gone = [];
  for (const [part, times] of partsOf(before)) {
    if ((rest.get(part) || 0) < times) gone.push(part);
  }
  return gone;
}

function partsOf(xml) {
  const found = new Map();
  const count = (part) => found.set(part, (found.get(part) || 0) + 1);
  for (const node of walk(read(xml))) {
    if (!isElement(node)) continue;
    let owner = node;
    while (owner && !named(owner)) owner = owner.parentElement;
    const at = owner ? ` (${named(owner)})` : "";
    // How often a step names its flows is derived from the flows; where it was drawn comes out in other numbers.
    if (!(node.namespaceURI === MODEL && /^(incoming|outgoing)$/.test(node.localName))) count(`${node.localName}${at}`);
    if (node.namespaceURI !== MODEL && !node.children.length && node.textContent.trim()) count(`${node.localName} “${node.textContent.trim().slice(0, 60)}”${at}`);
    for (const attribute of node.attributes) {
      if (attribute.namespaceURI && !attribute.namespaceURI.startsWith("http://www.w3.org/")) count(`${attribute.localName}="${attribute.value.slice(0, 60)}"${at}`);
    }
  }
  return found;
}

// Declare the lists of repeated steps in each process; what was declared here and is used no more goes again.
const declared = new WeakSet();

export function declareLists(definitions, moddle) {
  for (const process of definitions.rootElements.filter((one) => one.$type === "bpmn:Process")) {
    const nodes = [...inside(process)];
    const wanted = new Set(nodes.flatMap(({ loopCharacteristics: loop }) => [loop?.loopDataInputRef, loop?.loopDataOutputRef]).filter((name) => typeof name === "string" && NAME.test(name)));
    const kept = (process.get("properties") || []).filter((one) => !declared.has(one) || wanted.has(one.id));
    const known = new Set([...nodes, ...kept].map((one) => one.id));
    for (const id of [...wanted].filter((name) => !known.has(name)).sort()) {
      const made = moddle.create("bpmn:Property", { id, name: id });
      made.$parent = process;
      declared.add(made);
      kept.push(made);
    }
    if (kept.length || process.properties?.length) process.set("properties", kept);
  }
}

function* inside(scope) {
  for (const node of scope.flowElements || []) {
    yield node;
    yield* inside(node);
  }
}
