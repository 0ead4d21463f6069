// A flow: its condition, put together from a value an earlier step left behind, a comparison and an answer, or written freely.
import * as fields from "./fields.js";

export default function condition(panel, bo) {
  const { said, moddle, modeling } = panel;
  const source = bo.sourceRef;
  const branching = source && /Gateway$/.test(source.$type) && source.outgoing.length > 1;
  const keep = (value) => modeling.updateProperties(panel.selected, {
    conditionExpression: value ? moddle.create("bpmn:FormalExpression", { body: value }) : undefined,
  });
  panel.group("flow", (add) => {
    add(fields.text(said.condition, bo.conditionExpression?.body || "", keep, { list: "known-places" }));
    builder(panel, add, (value) => { keep(value); panel.show(panel.selected); });
    if (!branching) return;
    add(fields.tick(said.defaultFlow, source.default === bo, (on) =>
      modeling.updateProperties(panel.modeler.get("elementRegistry").get(source.id), { default: on ? bo : undefined })));
  });
}

function builder(panel, add, keep) {
  const { said, choices } = panel;
  const box = fields.element("fieldset", { className: "builder" }, fields.element("legend", { textContent: said.build }));
  let place = null, comparison = "==", answer = "";
  const draw = () => {
    box.replaceChildren(box.firstChild);
    box.append(fields.choice(said.takes, place?.value, choices.places, (value) => {
      place = choices.places.find((one) => one.value === value) || null;
      answer = "";
      draw();
    }, { none: said.none }));
    if (!place) return;
    box.append(fields.choice("", comparison, Object.entries(said.compare).map(([value, title]) => ({ value, title })), (value) => { comparison = value; }, { aria: said.build }));
    const options = place.type === "boolean" || place.type === "declaration"
      ? [{ value: "true", title: said.yes }, { value: "false", title: said.no }] : place.choices;
    box.append(options.length
      ? fields.choice(said.value, answer, options, (value) => { answer = value; }, { none: said.none })
      : fields.text(said.value, answer, (value) => { answer = value; }));
    box.append(fields.button(said.use, () => answer !== "" && keep(`${place.value} ${comparison} ${written(place, answer)}`), "button quiet"));
  };
  draw();
  add(box);
}

function written(place, answer) {
  if (["boolean", "declaration"].includes(place.type)) return answer;
  if (["integer", "decimal", "tons", "percent"].includes(place.type) || (!place.type && /^-?\d+(\.\d+)?$/.test(answer))) return answer;
  const quoted = JSON.stringify(answer);
  return place.type === "date" ? `date(${quoted})` : quoted;
}
