// Small form fields for the panels of the editors. Each calls keep(value) on change; keep may answer with what is wrong.
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

let made = 0;

function entry(title, field) {
  if (!title) return element("div", { className: "entry" }, field);
  field.id = `entry-${(made += 1)}`;
  return element("div", { className: "entry" }, element("label", { htmlFor: field.id, textContent: title }), field);
}

export function text(title, value, keep, { list, multiline, placeholder = "" } = {}) {
  const field = element(multiline ? "textarea" : "input", { value: value ?? "", placeholder });
  if (!multiline) field.type = "text";
  if (list) {
    field.setAttribute("list", list);
    field.autocomplete = "off";
  }
  field.addEventListener("change", () => {
    const wrong = keep(field.value.trim()) || "";
    field.setCustomValidity(wrong);
    if (wrong) field.reportValidity();
  });
  return entry(title, field);
}

export function choice(title, value, options, keep, { none, unknown = "", aria } = {}) {
  const field = element("select");
  if (aria) field.setAttribute("aria-label", aria);
  if (none !== undefined) field.append(new Option(none, ""));
  const groups = new Map();
  for (const option of options) {
    const made = new Option(option.title, option.value);
    if (!option.group) { field.append(made); continue; }
    if (!groups.has(option.group)) {
      groups.set(option.group, element("optgroup", { label: option.group }));
      field.append(groups.get(option.group));
    }
    groups.get(option.group).append(made);
  }
  if (value && !options.some((option) => option.value === value)) field.append(new Option(`${value} (${unknown})`, value));
  field.value = value ?? "";
  field.addEventListener("change", () => keep(field.value));
  return entry(title, field);
}

export function tick(title, value, keep) {
  const field = element("input", { type: "checkbox", checked: Boolean(value) });
  field.addEventListener("change", () => keep(field.checked));
  return element("label", { className: "pick" }, field, title);
}

export function button(title, act, className = "link") {
  const pressed = element("button", { type: "button", className, textContent: title });
  pressed.addEventListener("click", act);
  return pressed;
}

export function note(said, className = "help") {
  return element("p", { className, textContent: said });
}

export function datalist(id, options) {
  document.getElementById(id)?.remove();
  document.body.append(element("datalist", { id }, ...options.map((one) =>
    element("option", typeof one === "string" ? { value: one } : { value: one.value, label: one.title }))));
}
