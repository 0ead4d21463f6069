// The panel beside the drawing: what a step means here. It writes standard BPMN and the spiffworkflow extension only,
// through the editor's own commands, so everything can be undone. What can be chosen is never typed.
const PROPERTY_OF = {
  "bpmn:UserTask": ["form", "role", "limitRule", "legalBasis", "matter", "onDue", "result", "notBy", "body", "milestone"],
  "bpmn:ManualTask": ["role", "limitRule", "legalBasis", "milestone"],
  "bpmn:Task": ["form", "role", "limitRule", "legalBasis", "milestone"],
  "bpmn:ServiceTask": ["legalBasis", "milestone"],
  "bpmn:SendTask": ["legalBasis"],
  "bpmn:BusinessRuleTask": ["result", "legalBasis"],
  "bpmn:IntermediateCatchEvent": ["limitRule", "legalBasis", "onDue", "milestone"],
  "bpmn:BoundaryEvent": ["limitRule", "legalBasis", "onDue"],
};
const CHOSEN = { form: "forms", role: "roles", limitRule: "limits" };

export default class Panel {
  constructor(modeler, holder, choices, said) {
    Object.assign(this, { modeler, holder, choices, said });
    this.modeling = modeler.get("modeling");
    this.moddle = modeler.get("moddle");
    this.selected = null;
    modeler.on("selection.changed", ({ newSelection }) => this.show(newSelection.length === 1 ? newSelection[0] : null));
    modeler.on("elements.changed", ({ elements }) => {
      if (this.selected && elements.includes(this.selected) && !this.holder.contains(document.activeElement)) this.show(this.selected);
    });
    this.show(null);
  }

  show(element) {
    this.selected = element && (element.labelTarget || element);
    this.holder.replaceChildren();
    if (!this.selected) return void this.holder.append(this._note(this.said.nothing));
    const bo = this.selected.businessObject;
    this._text(this.said.name, bo.name || "", (value) => this.modeling.updateProperties(this.selected, { name: value }));
    this._text(this.said.id, bo.id, (value) => this._rename(bo, value));
    const kind = bo.$type;
    for (const name of PROPERTY_OF[kind] || []) this._property(name);
    if (kind === "bpmn:ServiceTask" || kind === "bpmn:SendTask") this._operator();
    if (kind === "bpmn:BusinessRuleTask") this._decision();
    if (kind === "bpmn:CallActivity") {
      this._select(this.said.called, bo.calledElement, this.choices.processes, (value) =>
        this.modeling.updateProperties(this.selected, { calledElement: value || undefined }));
    }
    if (kind === "bpmn:SequenceFlow") this._flow(bo);
  }

  _rename(bo, value) {
    if (!/^[A-Za-z_][\w.-]*$/.test(value)) return this.said.badId;
    if (value !== bo.id && this.modeler.get("elementRegistry").get(value)) return this.said.takenId;
    this.modeling.updateProperties(this.selected, { id: value });
    return "";
  }

  _flow(bo) {
    const source = bo.sourceRef;
    const branching = source && /Gateway$/.test(source.$type) && source.outgoing.length > 1;
    const condition = bo.conditionExpression ? bo.conditionExpression.body : "";
    this._text(this.said.condition, condition, (value) =>
      this.modeling.updateProperties(this.selected, {
        conditionExpression: value ? this.moddle.create("bpmn:FormalExpression", { body: value }) : undefined,
      }));
    if (!branching) return;
    const field = this._field(this.said.defaultFlow, "checkbox");
    field.checked = source.default === bo;
    field.addEventListener("change", () =>
      this.modeling.updateProperties(this.modeler.get("elementRegistry").get(source.id), { default: field.checked ? bo : undefined }));
  }

  _operator() {
    const operator = this._extension("spiffworkflow:ServiceTaskOperator");
    const known = this.choices.operators;
    this._select(this.said.operator, operator ? operator.id : "", known, (value) => {
      const about = known.find((item) => item.value === value);
      const parameters = about ? about.required.map((id) => this.moddle.create("spiffworkflow:Parameter", { id, type: "any", value: "" })) : [];
      this._setExtension("spiffworkflow:ServiceTaskOperator", value && { id: value, parameterList: this._list(parameters) });
      this.show(this.selected);
    });
    if (!operator) return;
    const about = known.find((item) => item.value === operator.id) || { inputs: [], required: [] };
    for (const line of [about.about, about.basis]) if (line) this.holder.append(this._note(line));
    const given = (operator.parameterList && operator.parameterList.parameters) || [];
    for (const name of about.inputs) {
      const title = about.required.includes(name) ? `${name} *` : name;
      this._text(title, given.find((item) => item.id === name)?.value || "", (value) => this._parameter(operator, name, value));
    }
    this._text(this.said.result, operator.resultVariable || "", (value) =>
      this.modeling.updateModdleProperties(this.selected, operator, { resultVariable: value || undefined }));
  }

  _parameter(operator, name, value) {
    const given = ((operator.parameterList && operator.parameterList.parameters) || []).filter((item) => item.id !== name);
    if (value) given.push(this.moddle.create("spiffworkflow:Parameter", { id: name, type: "any", value }));
    this.modeling.updateModdleProperties(this.selected, operator, { parameterList: this._list(given) });
  }

  _list(parameters) {
    return this.moddle.create("spiffworkflow:Parameters", { parameters });
  }

  _decision() {
    const decision = this._extension("spiffworkflow:CalledDecisionId");
    this._select(this.said.decision, decision ? decision.body : "", this.choices.decisions, (value) =>
      this._setExtension("spiffworkflow:CalledDecisionId", value && { body: value }));
  }

  _property(name) {
    const properties = this._extension("spiffworkflow:Properties");
    const rows = properties ? properties.properties || [] : [];
    const value = rows.find((row) => row.name === name)?.value || "";
    const keep = (wanted) => {
      const others = rows.filter((row) => row.name !== name);
      if (wanted) others.push(this.moddle.create("spiffworkflow:Property", { name, value: wanted }));
      this._setExtension("spiffworkflow:Properties", others.length && { properties: others });
      this.show(this.selected);
    };
    const options = name === "onDue" ? this.said.onDue : this.choices[CHOSEN[name]];
    if (options) this._select(this.said.properties[name], value, options, keep);
    else this._text(this.said.properties[name], value, keep);
  }

  _extension(type) {
    const holder = this.selected.businessObject.extensionElements;
    return holder && (holder.values || []).find((item) => item.$type === type);
  }

  _setExtension(type, properties) {
    const bo = this.selected.businessObject;
    const others = ((bo.extensionElements && bo.extensionElements.values) || []).filter((item) => item.$type !== type);
    const values = properties ? [...others, this.moddle.create(type, properties)] : others;
    const extensionElements = values.length ? this.moddle.create("bpmn:ExtensionElements", { values }) : undefined;
    this.modeling.updateProperties(this.selected, { extensionElements });
  }

  // -- fields ---------------------------------------------------------------------------------------------------

  _field(title, kind) {
    const label = document.createElement("label");
    const field = document.createElement(kind === "select" ? "select" : "input");
    if (kind !== "select") field.type = kind;
    label.append(title, field);
    this.holder.append(label);
    return field;
  }

  _text(title, value, keep) {
    const field = this._field(title, "text");
    field.value = value;
    field.addEventListener("change", () => {
      const wrong = keep(field.value.trim()) || "";
      field.setCustomValidity(wrong);
      if (wrong) field.reportValidity();
    });
  }

  _select(title, value, options, keep) {
    const field = this._field(title, "select");
    field.append(new Option(this.said.none, ""));
    for (const option of options) field.append(new Option(option.title, option.value));
    if (value && !options.some((option) => option.value === value)) field.append(new Option(`${value} (${this.said.unknown})`, value));
    field.value = value || "";
    field.addEventListener("change", () => keep(field.value));
  }

  _note(text) {
    const note = document.createElement("p");
    note.className = "help";
    note.textContent = text;
    return note;
  }
}
