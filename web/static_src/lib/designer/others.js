// The processes of a version's other models, for walking into what a drawing calls: fetched and read once, when first asked for.

// Files need not say at each step which flows come and go; the editor adds it for the model it draws, here it is added for the others.
function join(process) {
  for (const one of process.flowElements || []) {
    if (one.flowElements) join(one);
    if (one.$type !== "bpmn:SequenceFlow") continue;
    for (const [end, list] of [["sourceRef", "outgoing"], ["targetRef", "incoming"]]) {
      const held = one[end]?.get(list);
      if (held && !held.includes(one)) held.push(one);
    }
  }
}

// What cannot be read is played as one step.
async function read(xml, moddle) {
  try {
    const { rootElement } = await moddle.fromXML(xml);
    const processes = rootElement.rootElements.filter((one) => one.$type === "bpmn:Process");
    processes.forEach(join);
    return processes;
  } catch {
    return [];
  }
}

async function readAll({ version, name }, moddle) {
  const answer = await fetch(version).catch(() => null);
  const { files } = answer?.ok ? await answer.json() : { files: {} };
  const others = Object.keys(files).filter((file) => file.endsWith(".bpmn") && file !== name);
  return (await Promise.all(others.map((file) => read(files[file], moddle)))).flat();
}

// given: {version: address of the version with its files, name of the model that is drawn}.
export default function processesOf(given, moddle) {
  let known;
  return () => (known ??= readAll(given, moddle));
}
