// The condition under which a part of a form is shown, put together from earlier questions and their answers.
import * as fields from "./fields.js";

export const ASKABLE = ["boolean", "choice", "choices", "declaration"];

// {mode: "all" | "any", rows: [{field, negated, values}]}, or null when the condition is of a shape that is only shown.
export function read(condition) {
  if (!condition) return { mode: "all", rows: [] };
  const mode = condition.any ? "any" : "all";
  const parts = condition.all || condition.any || [condition];
  const rows = parts.map(row);
  return rows.some((one) => !one) ? null : { mode, rows };
}

function row(part) {
  const inner = part.not || part;
  if (!inner.field) return null;
  const values = "in" in inner ? inner.in : [inner.equals];
  return { field: inner.field, negated: Boolean(part.not), values: values.map(String) };
}

export function write({ mode, rows }) {
  const made = rows.filter((one) => one.field && one.values.length).map((one) => {
    const plain = one.values.length > 1 ? { field: one.field, in: one.values } : { field: one.field, equals: typed(one.values[0]) };
    return one.negated ? { not: plain } : plain;
  });
  if (!made.length) return undefined;
  return made.length === 1 ? made[0] : { [mode]: made };
}

function typed(value) {
  return value === "true" ? true : value === "false" ? false : value;
}

export default function showIf(said, condition, askable, keep) {
  const box = fields.element("fieldset", { className: "builder" }, fields.element("legend", { textContent: said.showIf }));
  const state = read(condition);
  if (!state) {
    box.append(fields.note(`${said.complex} ${JSON.stringify(condition)}`), fields.button(said.clear, () => keep(undefined)));
    return box;
  }
  const changed = () => keep(write(state));
  if (!state.rows.length) box.append(fields.note(said.always));
  if (state.rows.length > 1) {
    box.append(fields.choice("", state.mode, [{ value: "all", title: said.allOf }, { value: "any", title: said.anyOf }], (mode) => { state.mode = mode; changed(); }, { aria: said.showIf }));
  }
  state.rows.forEach((one, index) => box.append(line(said, one, askable, changed, () => { state.rows.splice(index, 1); changed(); })));
  if (askable.length) {
    box.append(fields.button(said.addCondition, () => {
      const first = askable[0];
      state.rows.push({ field: first.name, negated: false, values: [answers(said, first)[0].value] });
      changed();
    }));
  }
  return box;
}

function answers(said, asked) {
  if (["boolean", "declaration"].includes(asked.type)) return [{ value: "true", title: said.yes }, { value: "false", title: said.no }];
  return (asked.choices || []).map((one) => ({ value: one.value, title: one.label?.zh || one.value }));
}

function line(said, one, askable, changed, remove) {
  const asked = askable.find((field) => field.name === one.field);
  const holder = fields.element("div", { className: "line" },
    fields.choice(said.when, one.field, askable.map((field) => ({ value: field.name, title: field.label?.zh || field.name })), (value) => {
      one.field = value;
      one.values = [answers(said, askable.find((field) => field.name === value))[0].value];
      changed();
    }, { unknown: "?" }),
    fields.choice("", String(one.negated), [{ value: "false", title: said.is }, { value: "true", title: said.isNot }], (value) => { one.negated = value === "true"; changed(); }, { aria: said.is }));
  for (const option of asked ? answers(said, asked) : []) {
    holder.append(fields.tick(option.title, one.values.includes(option.value), (on) => {
      one.values = on ? [...one.values, option.value] : one.values.filter((value) => value !== option.value);
      changed();
    }));
  }
  holder.append(fields.button(said.remove, remove));
  return holder;
}
