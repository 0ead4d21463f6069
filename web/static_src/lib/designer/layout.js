// Lays out a model that came without a drawing. The layouter follows the incoming and outgoing marks of each node, which
// the standard leaves optional; so those that are missing are written first.
import { layoutProcess } from "bpmn-auto-layout";

const BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL";

export default function layOut(xml) {
  const file = new DOMParser().parseFromString(xml, "application/xml");
  const byId = new Map([...file.getElementsByTagNameNS(BPMN, "*")].map((node) => [node.getAttribute("id"), node]));
  for (const flow of file.getElementsByTagNameNS(BPMN, "sequenceFlow")) {
    mark(byId.get(flow.getAttribute("targetRef")), "incoming", flow);
    mark(byId.get(flow.getAttribute("sourceRef")), "outgoing", flow);
  }
  return layoutProcess(new XMLSerializer().serializeToString(file));
}

function mark(node, kind, flow) {
  const id = flow.getAttribute("id");
  if (!node || [...node.children].some((child) => child.localName === kind && child.textContent.trim() === id)) return;
  const made = node.ownerDocument.createElementNS(BPMN, flow.prefix ? `${flow.prefix}:${kind}` : kind);
  made.textContent = id;
  const before = ["documentation", "extensionElements", "incoming", ...(kind === "outgoing" ? ["outgoing"] : [])];
  const after = [...node.children].filter((child) => child.namespaceURI === BPMN && before.includes(child.localName)).pop();
  node.insertBefore(made, after ? after.nextSibling : node.firstChild);
}
