// A service step: which rule or case service, its inputs by name, where its answer goes.
import * as fields from "./fields.js";

export default function operator(panel) {
  const { said, choices, moddle } = panel;
  const given = panel.extension("spiffworkflow:ServiceTaskOperator");
  panel.group("operator", (add) => {
    add(fields.choice(said.operator, given ? given.id : "", choices.operators, (value) => {
      const about = choices.operators.find((item) => item.value === value);
      const rows = about ? about.inputs.filter((input) => input.required).map(({ name }) => moddle.create("spiffworkflow:Parameter", { id: name, type: "any", value: "" })) : [];
      panel.setExtension("spiffworkflow:ServiceTaskOperator", value && { id: value, parameterList: list(panel, rows) });
      panel.show(panel.selected);
    }, { none: said.none, unknown: said.unknown }));
    if (!given) return;
    const about = choices.operators.find((item) => item.value === given.id) || { inputs: [], outputs: [] };
    if (about.about) add(fields.note(about.about));
    if (about.basis) add(fields.note(`${said.basis}: ${about.basis}`, "cite"));
    for (const input of about.inputs) one(panel, add, given, input);
    add(fields.text(said.result, given.resultVariable || "", (value) =>
      panel.modeling.updateModdleProperties(panel.selected, given, { resultVariable: value || undefined })));
    if (about.outputs?.length) add(fields.note(`${said.outputs}: ${about.outputs.join(", ")}`));
  });
}

function one(panel, add, given, input) {
  const value = parameters(given).find((item) => item.id === input.name)?.value || "";
  const truth = [{ value: "true", title: panel.said.yes }, { value: "false", title: panel.said.no }];
  const options = input.kind === "boolean" ? truth : input.list && panel.choices[input.list];
  const title = `${input.title}${input.required ? " *" : ""}`;
  const field = panel.expression(add, title, value, options, (wanted) => {
    const others = parameters(given).filter((item) => item.id !== input.name);
    if (wanted) others.push(panel.moddle.create("spiffworkflow:Parameter", { id: input.name, type: "any", value: wanted }));
    panel.modeling.updateModdleProperties(panel.selected, given, { parameterList: list(panel, others) });
  }, { kind: input.kind });
  const box = field.querySelector("input, select");
  box.dataset.input = input.name;
  if (input.kind) box.title = `${input.name}: ${input.kind}`;
}

function parameters(given) {
  return given.parameterList?.parameters || [];
}

function list(panel, rows) {
  return panel.moddle.create("spiffworkflow:Parameters", { parameters: rows });
}
