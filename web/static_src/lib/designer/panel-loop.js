// Multi-instance: a step done once for each item of a list (or a fixed number of times), together or one after the other.
import * as fields from "./fields.js";

export default function loop(panel, bo) {
  const { said, moddle, modeling } = panel;
  const now = bo.loopCharacteristics;
  if (now && now.$type !== "bpmn:MultiInstanceLoopCharacteristics") return;
  const read = (name) => now?.[name]?.body || "";
  const data = (name) => now?.[name]?.id || "";
  const set = (change) => modeling.updateModdleProperties(panel.selected, now, change);
  const expression = (value) => (value ? moddle.create("bpmn:FormalExpression", { body: value }) : undefined);
  const item = (type, value) => (value ? moddle.create(type, { id: value, name: value }) : undefined);
  // A second item of the same name would be dropped when the file is read again: names of one file are unique.
  const setItem = (key, type, value) => {
    const others = panel.modeler.get("elementRegistry").getAll().map((one) => one.businessObject);
    const items = others.flatMap(({ loopCharacteristics: one }) => [one?.inputDataItem, one?.outputDataItem]).filter((one) => one && one !== now[key]);
    if (value && [...others, ...items].some((one) => one?.id === value)) return said.takenId;
    return void set({ [key]: item(type, value) });
  };
  panel.group("loop", (add) => {
    add(fields.choice(said.loopKind, !now ? "" : now.isSequential ? "sequential" : "parallel", said.loopKinds, (value) => {
      const made = value ? moddle.create("bpmn:MultiInstanceLoopCharacteristics", { isSequential: value === "sequential" }) : undefined;
      if (made && now) for (const key of ["loopDataInputRef", "inputDataItem", "loopCardinality", "loopDataOutputRef", "outputDataItem", "completionCondition"]) if (now[key]) made[key] = now[key];
      modeling.updateProperties(panel.selected, { loopCharacteristics: made });
      panel.open.add("loop");
      panel.show(panel.selected);
    }));
    if (!now) return;
    add(fields.text(said.loopInput, now.loopDataInputRef || "", (value) => set({ loopDataInputRef: value || undefined }), { list: "known-places" }));
    add(fields.text(said.loopItem, data("inputDataItem"), (value) => setItem("inputDataItem", "bpmn:DataInput", value)));
    add(fields.text(said.loopCardinality, read("loopCardinality"), (value) => set({ loopCardinality: expression(value) })));
    add(fields.text(said.loopOutput, now.loopDataOutputRef || "", (value) => set({ loopDataOutputRef: value || undefined })));
    add(fields.text(said.loopOutputItem, data("outputDataItem"), (value) => setItem("outputDataItem", "bpmn:DataOutput", value)));
    add(fields.text(said.loopCondition, read("completionCondition"), (value) => set({ completionCondition: expression(value) })));
  });
}
