// Events: timers by kind and duration, messages, signals, errors and escalations by name, and whether a boundary event interrupts.
import * as fields from "./fields.js";

const ROOTS = {
  "bpmn:MessageEventDefinition": ["messageRef", "bpmn:Message"],
  "bpmn:SignalEventDefinition": ["signalRef", "bpmn:Signal"],
  "bpmn:ErrorEventDefinition": ["errorRef", "bpmn:Error", "errorCode"],
  "bpmn:EscalationEventDefinition": ["escalationRef", "bpmn:Escalation", "escalationCode"],
};

export default function events(panel, bo) {
  const { said, modeling } = panel;
  const definition = bo.eventDefinitions?.[0];
  if (!definition && bo.$type !== "bpmn:BoundaryEvent") return;
  panel.group("event", (add) => {
    if (bo.$type === "bpmn:BoundaryEvent") {
      add(fields.tick(said.interrupting, bo.cancelActivity !== false, (on) => modeling.updateProperties(panel.selected, { cancelActivity: on })));
    }
    if (definition?.$type === "bpmn:TimerEventDefinition") timer(panel, add, definition);
    if (definition?.$type === "bpmn:ConditionalEventDefinition") {
      add(fields.text(said.condition, definition.condition?.body || "", (value) => modeling.updateModdleProperties(panel.selected, definition, {
        condition: value ? panel.moddle.create("bpmn:FormalExpression", { body: value }) : undefined,
      }), { list: "known-places" }));
    }
    if (definition && ROOTS[definition.$type]) named(panel, add, definition, ...ROOTS[definition.$type]);
  });
}

function timer(panel, add, definition) {
  const { said, modeling, moddle } = panel;
  const kinds = ["timeDuration", "timeDate", "timeCycle"];
  const now = kinds.find((kind) => definition[kind]) || "timeDuration";
  const set = (kind, value) => modeling.updateModdleProperties(panel.selected, definition, {
    ...Object.fromEntries(kinds.map((one) => [one, undefined])),
    ...(value ? { [kind]: moddle.create("bpmn:FormalExpression", { body: value }) } : {}),
  });
  add(fields.choice(said.timerKind, now, said.timerKinds, (kind) => { set(kind, definition[now]?.body); panel.show(panel.selected); }));
  add(fields.text(said.timerText, definition[now]?.body || "", (value) => set(now, value), { placeholder: "P3D" }));
}

// What is thrown and caught is one thing of the file, found by its name or made.
function named(panel, add, definition, property, type, code) {
  const { said, modeling, moddle, modeler } = panel;
  const roots = modeler.getDefinitions().rootElements;
  const known = roots.filter((one) => one.$type === type);
  fields.datalist("known-names", known.map((one) => one.name || one.id));
  add(fields.text(said.reference, definition[property]?.name || definition[property]?.[code] || "", (value) => {
    let found = value ? known.find((one) => (one.name || one.id) === value) : undefined;
    if (value && !found) {
      found = moddle.create(type, { id: moddle.ids.nextPrefixed(`${type.slice(5)}_`), name: value, ...(code ? { [code]: value } : {}) });
      found.$parent = modeler.getDefinitions();
      roots.push(found);
    }
    modeling.updateModdleProperties(panel.selected, definition, { [property]: found });
  }, { list: "known-names" }));
}
