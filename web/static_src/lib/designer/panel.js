// The panel beside the drawing: what a step means here. It writes standard BPMN and the spiffworkflow extension only,
// through the editor's own commands, so everything can be undone. What can be chosen is never typed.
import * as fields from "./fields.js";
import events from "./panel-events.js";
import loop from "./panel-loop.js";
import operator from "./panel-operator.js";
import condition from "./panel-condition.js";

const TASKS = ["bpmn:UserTask", "bpmn:ManualTask", "bpmn:Task"];
const WAITS = ["bpmn:IntermediateCatchEvent", "bpmn:BoundaryEvent", "bpmn:ReceiveTask"];
const ACTIVITIES = [...TASKS, "bpmn:ServiceTask", "bpmn:SendTask", "bpmn:ReceiveTask", "bpmn:BusinessRuleTask", "bpmn:CallActivity", "bpmn:SubProcess"];
// group -> property -> on which elements
const GROUPS = {
  work: { form: ["bpmn:UserTask", "bpmn:Task"], role: TASKS, body: ["bpmn:UserTask"], matter: ["bpmn:UserTask"], notBy: ["bpmn:UserTask"],
    signed: ["bpmn:UserTask"], sections: ["bpmn:UserTask"], resume: ["bpmn:UserTask"], result: ["bpmn:UserTask"] },
  limit: { limitRule: [...TASKS, ...WAITS], onDue: ["bpmn:UserTask", ...WAITS], legalBasis: [...ACTIVITIES, ...WAITS] },
  milestone: { milestone: [...ACTIVITIES, ...WAITS, "bpmn:EndEvent"], letter: [...TASKS, ...WAITS], notice: [...TASKS, ...WAITS] },
};
// property -> the list it is chosen from; one with "+" may also be written as an expression
const CHOSEN = { form: "forms", role: "roles", limitRule: "limits", matter: "matters", notBy: "tasks", letter: "letters", notice: "notices", body: "parts+" };
const SUGGESTED = { legalBasis: "laws", milestone: "milestones", sections: "places" };
const APPENDED = ["bpmn:UserTask", "bpmn:ServiceTask", "bpmn:BusinessRuleTask", "bpmn:CallActivity", "bpmn:ExclusiveGateway", "bpmn:ParallelGateway", "bpmn:EndEvent"];

export default class Panel {
  constructor(modeler, holder, choices, said) {
    Object.assign(this, { modeler, holder, choices, said, found: [], open: new Set(["general", "work", "limit", "operator", "decision", "flow", "event", "found"]) });
    this.modeling = modeler.get("modeling");
    this.moddle = modeler.get("moddle");
    this.selected = null;
    fields.datalist("known-laws", choices.laws);
    fields.datalist("known-milestones", choices.milestones);
    fields.datalist("known-places", choices.places);
    modeler.on("selection.changed", ({ newSelection }) => this.show(newSelection.length === 1 ? newSelection[0] : null));
    modeler.on("elements.changed", ({ elements }) => {
      if (!elements.includes(this.selected)) return;
      // When somebody goes from one field to the next, the focus is on its way: only what happened elsewhere is drawn anew.
      setTimeout(() => { if (!this.holder.contains(document.activeElement) && this.selected) this.show(this.selected); });
    });
    modeler.on("commandStack.changed", () => this._refill());
    modeler.on("linting.completed", ({ issues }) => { this.issues = issues; this._issues(); });
    this.show(null);
  }

  show(element) {
    this.selected = element && (element.labelTarget || element);
    this.holder.replaceChildren();
    this._finder();
    if (!this.selected) return void this.holder.append(fields.note(this.said.nothing));
    const bo = this.selected.businessObject;
    const kind = bo.$type;
    this.group("found", (add) => { this.issueList = add(fields.element("ul", { className: "findings" })); });
    this.group("general", (add) => {
      add(fields.text(this.said.name, bo.name || "", (value) => this.modeling.updateProperties(this.selected, { name: value })));
      add(fields.text(this.said.id, bo.id, (value) => this._rename(bo, value)));
      if (bo.$parent && APPENDED.length && this.selected.type !== "bpmn:SequenceFlow") this._append(add);
    });
    if (kind === "bpmn:SequenceFlow") condition(this, bo);
    for (const group of ["work", "limit"]) this._properties(group, kind);
    if (kind === "bpmn:ServiceTask" || kind === "bpmn:SendTask") operator(this, bo);
    if (kind === "bpmn:BusinessRuleTask") this._decision();
    if (kind === "bpmn:CallActivity") this.group("operator", (add) => add(fields.choice(this.said.called, bo.calledElement, this.choices.processes,
      (value) => this.modeling.updateProperties(this.selected, { calledElement: value || undefined }), this._none())));
    events(this, bo);
    if (ACTIVITIES.includes(kind)) loop(this, bo);
    this._properties("milestone", kind);
    this._documentation(bo);
    this._issues();
  }

  // A folding group; what is open stays open from one element to the next.
  group(name, fill) {
    const holder = fields.element("details", { className: "group", open: this.open.has(name) }, fields.element("summary", { textContent: this.said.groups[name] }));
    holder.addEventListener("toggle", () => this.open[holder.open ? "add" : "delete"](name));
    fill((part) => { holder.append(part); return part; });
    if (holder.children.length > 1) this.holder.append(holder);
    return holder;
  }

  _finder() {
    const box = fields.choice(this.said.find, this.selected?.id, this._steps(), (id) => {
      const element = this.modeler.get("elementRegistry").get(id);
      if (!element) return;
      this.modeler.get("selection").select(element);
      this.modeler.get("canvas").scrollToElement(element);
      this.holder.querySelector("select")?.focus();
    }, this._none());
    this.finder = box.querySelector("select");
    this.holder.append(box);
  }

  // The steps, and the flows that choose between them: their conditions are within reach of the keyboard too.
  _steps() {
    const called = (bo) => bo.name || bo.id;
    const choosing = ({ sourceRef }) => /(Exclusive|Inclusive)Gateway$/.test(sourceRef?.$type) && sourceRef.outgoing.length > 1;
    return this.modeler.get("elementRegistry").filter((one) => one.parent && !one.labelTarget && one.type !== "label").flatMap((one) => {
      const bo = one.businessObject;
      if (!one.waypoints) return [{ value: one.id, title: called(bo) }];
      return bo.$type === "bpmn:SequenceFlow" && choosing(bo) ? [{ value: one.id, title: `${called(bo.sourceRef)} → ${bo.name || called(bo.targetRef)}` }] : [];
    });
  }

  // New names and new steps are in the list of steps at once, without drawing the rest of the panel anew.
  _refill() {
    const options = [new Option(this.said.none, ""), ...this._steps().map((one) => new Option(one.title, one.value))];
    this.finder.replaceChildren(...options);
    this.finder.value = this.selected?.id ?? "";
  }

  // A step behind this one, by keyboard as well as with the mouse.
  _append(add) {
    if (["bpmn:EndEvent", "bpmn:Participant", "bpmn:Lane", "bpmn:TextAnnotation"].includes(this.selected.type)) return;
    const options = APPENDED.map((value) => ({ value, title: this.said.kinds[value] }));
    add(fields.choice(this.said.append, "", options, (type) => {
      if (!type) return;
      const shape = insertBehind(this.modeler, this.selected, type);
      this.modeler.get("selection").select(shape);
    }, this._none()));
  }

  _rename(bo, value) {
    if (!/^[A-Za-z_][\w.-]*$/.test(value)) return this.said.badId;
    if (value !== bo.id && this.modeler.get("elementRegistry").get(value)) return this.said.takenId;
    this.modeling.updateProperties(this.selected, { id: value });
    return "";
  }

  _properties(group, kind) {
    const names = Object.entries(GROUPS[group]).filter(([, kinds]) => kinds.includes(kind)).map(([name]) => name);
    if (names.length) this.group(group, (add) => { for (const name of names) this._property(add, name); });
  }

  _property(add, name) {
    const value = this.property(name);
    const keep = (wanted) => { this.setProperty(name, wanted); if (CHOSEN[name]) this.show(this.selected); };
    const title = this.said.properties[name];
    const options = this.said[name] && Array.isArray(this.said[name]) ? this.said[name] : this.choices[(CHOSEN[name] || "").replace("+", "")];
    if (name === "body") this.expression(add, title, value, options, keep);
    else if (name === "notBy") this._several(add, title, value, options, keep);
    else if (options) add(fields.choice(title, value, options, keep, this._none()));
    else add(fields.text(title, value, keep, { list: SUGGESTED[name] && `known-${SUGGESTED[name]}` }));
    if (name === "limitRule") this._limitLink(add, value);
  }

  // To the limit of the step (or to a new one) and back to this step; what is drawn is saved before.
  _limitLink(add, code) {
    const to = (title, query) => fields.element("a", { textContent: title, href: `${this.choices.limitPage}?${new URLSearchParams({ ...query, back: `${location.pathname}?${new URLSearchParams({ file: this.choices.file, step: this.selected.id })}` })}` });
    const links = [to(this.said.newLimit, { new: "1" })];
    if (code) links.unshift(to(this.said.openLimit, { code }), " · ");
    add(fields.element("p", { className: "help" }, ...links));
  }

  // Several steps, separated by spaces in the model, as ticks.
  _several(add, title, value, options, keep) {
    const chosen = new Set(value.split(" ").filter(Boolean));
    const box = fields.element("fieldset", {}, fields.element("legend", { textContent: title }));
    for (const option of options.filter((one) => one.value !== this.selected.id)) {
      box.append(fields.tick(option.title, chosen.has(option.value), (on) => {
        chosen[on ? "add" : "delete"](option.value);
        keep([...chosen].join(" "));
      }));
    }
    if (box.children.length > 1) add(box);
  }

  // A value that is chosen from a list and written as a quoted text, or any expression.
  expression(add, title, value, options, keep, { kind = "" } = {}) {
    const quoted = /^"([^"\\]*)"$/.exec(value) || /^'([^'\\]*)'$/.exec(value);
    const plain = kind === "boolean" && ["true", "false"].includes(value);
    if (!options || (value && !quoted && !plain)) return add(fields.text(title, value, keep, { list: "known-places" }));
    const known = [...options, { value: "\u0000", title: this.said.expression }];
    const now = plain ? value : quoted ? quoted[1] : "";
    const field = fields.choice(title, now, known, (wanted) => {
      if (wanted !== "\u0000") return keep(!wanted ? "" : kind === "boolean" ? wanted : `"${wanted}"`);
      field.replaceWith(fields.text(title, value, keep, { list: "known-places" }));
    }, this._none());
    return add(field);
  }

  _decision() {
    this.group("decision", (add) => {
      const decision = this.extension("spiffworkflow:CalledDecisionId");
      add(fields.choice(this.said.decision, decision ? decision.body : "", this.choices.decisions, (value) =>
        this.setExtension("spiffworkflow:CalledDecisionId", value && { body: value }), this._none()));
      add(fields.text(this.said.result, this.property("result"), (value) => this.setProperty("result", value)));
    });
  }

  _documentation(bo) {
    this.group("documentation", (add) => add(fields.text(this.said.documentation, bo.documentation?.[0]?.text || "", (value) =>
      this.modeling.updateProperties(this.selected, { documentation: value ? [this.moddle.create("bpmn:Documentation", { text: value })] : [] }), { multiline: true })));
  }

  _issues() {
    if (!this.issueList) return;
    const issues = (this.selected && this.issues?.[this.selected.id]) || [];
    this.issueList.replaceChildren(...issues.map((one) => fields.element("li", { className: one.category === "error" ? "error" : "warning", textContent: one.message })));
    if (this.issueList.parentElement) this.issueList.parentElement.hidden = !issues.length;
  }

  // -- the model behind the fields ------------------------------------------------------------------------------

  property(name) {
    const properties = this.extension("spiffworkflow:Properties");
    return (properties?.properties || []).find((row) => row.name === name)?.value || "";
  }

  setProperty(name, wanted) {
    const others = (this.extension("spiffworkflow:Properties")?.properties || []).filter((row) => row.name !== name);
    if (wanted) others.push(this.moddle.create("spiffworkflow:Property", { name, value: wanted }));
    this.setExtension("spiffworkflow:Properties", others.length && { properties: others });
  }

  extension(type) {
    const holder = this.selected.businessObject.extensionElements;
    return holder && (holder.values || []).find((item) => item.$type === type);
  }

  setExtension(type, properties) {
    const bo = this.selected.businessObject;
    const others = ((bo.extensionElements && bo.extensionElements.values) || []).filter((item) => item.$type !== type);
    const values = properties ? [...others, this.moddle.create(type, properties)] : others;
    const extensionElements = values.length ? this.moddle.create("bpmn:ExtensionElements", { values }) : undefined;
    this.modeling.updateProperties(this.selected, { extensionElements });
  }

  _none() {
    return { none: this.said.none, unknown: this.said.unknown };
  }
}

// A new step behind another. Where the path goes on in one flow, the step is put into it and what follows makes room.
function insertBehind(modeler, source, type) {
  const modeling = modeler.get("modeling");
  const shape = modeler.get("elementFactory").createShape({ type });
  const onward = source.outgoing.filter((flow) => flow.type === "bpmn:SequenceFlow");
  if (onward.length !== 1 || /Gateway$/.test(source.type) || type === "bpmn:EndEvent") {
    modeler.get("autoPlace").append(source, shape);
    return shape;
  }
  const room = shape.width + 60;
  const edge = source.x + source.width;
  const shapes = modeler.get("elementRegistry").filter((one) => one.parent && !one.waypoints);
  const space = modeler.get("spaceTool").calculateAdjustments(shapes, "x", room, edge);
  modeling.createSpace(space.movingShapes, space.resizingShapes, { x: room, y: 0 }, "e", edge);
  const middle = { x: edge + 50 + shape.width / 2, y: source.y + source.height / 2 };
  const made = modeling.appendShape(source, shape, middle, source.parent);
  modeling.reconnectStart(onward[0], made, { x: made.x + made.width / 2, y: made.y + made.height / 2 });
  return made;
}
