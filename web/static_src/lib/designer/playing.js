// Plays tokens on the drawing as it stands, saved or not: what can be done now as buttons (and by clicking the step), what has
// happened as a list in words. Leaves the model alone; a change of the drawing begins the play anew.
import * as fields from "./fields.js";
import Tokens from "./tokens.js";

const MARKS = ["has-token", "can-go", "was-passed"];

export default class Playing {
  // holder takes the place of the panel while one plays.
  // `called` gives the processes of the version's other models, once they are asked for.
  constructor(modeler, holder, panel, said, called) {
    Object.assign(this, { modeler, holder, panel, said, called, read: [], on: false });
    this.canvas = modeler.get("canvas");
    this.elements = modeler.get("elementRegistry");
    // An answer of false takes the click from everybody else, so there is none while nobody plays.
    modeler.on("element.click", 1500, ({ element }) => (this.on ? this.clicked(element) : undefined));
    modeler.on("commandStack.changed", () => { if (this.on) this.restart(this.said.changed); });
  }

  toggle(button) {
    this.on = !this.on;
    this.holder.hidden = !this.on;
    this.panel.hidden = this.on;
    button.setAttribute("aria-pressed", String(this.on));
    if (!this.on) return this.mark([], []);
    this.restart();
    this.fetch();
  }

  // What this drawing calls is walked through as soon as it is there; a play that has begun goes on as it began.
  async fetch() {
    this.read = await this.called();
    if (this.on && !this.taken.length) this.restart();
  }

  restart(first) {
    this.taken = [];
    this.others = this.read;
    this.replay(first);
  }

  // Where it stands after the choices taken so far; going one step back is playing all but the last of them.
  replay(first) {
    this.told = first ? [first] : [];
    this.passed = new Set();
    const processes = this.modeler.getDefinitions().rootElements.filter((one) => one.$type === "bpmn:Process" && one.flowElements?.length);
    this.tokens = new Tokens(processes, (...told) => this.note(...told), this.others);
    for (const key of this.taken) this.tokens.take(this.tokens.choices()[key]);
    this.draw();
  }

  take(choice) {
    this.taken.push(Number(choice.key));
    this.tokens.take(choice);
    this.draw();
    (this.holder.querySelector("[data-choice]") || this.holder.querySelector("[data-again]"))?.focus();
  }

  clicked(element) {
    const bo = (element.labelTarget || element).businessObject;
    const found = this.choices.filter((one) => one.flow === bo || (one.node === bo && !one.flow));
    if (found.length === 1) this.take(found[0]);
    return false;
  }

  note(what, node, flow, count) {
    if (node) this.passed.add(node.id);
    if (flow) this.passed.add(flow.id);
    const said = this.said.happens[what === "finished" && count ? "times" : what];
    if (said) this.told.push(said.replace("{a}", this.name(node)).replace("{b}", flow ? this.name(flow.targetRef) : "").replace("{n}", count || ""));
  }

  name(node) {
    const own = (node?.name || "").replace(/\s+/g, " ").trim();
    return own || this.said.kinds[node?.$type] || node?.id || "";
  }

  title(choice) {
    const { what, node, flow } = choice;
    const way = flow && (flow.name || flow.conditionExpression?.body || this.name(flow.targetRef));
    const usual = flow && node.default === flow ? ` (${this.said.usual})` : "";
    return this.said.choices[what].replace("{a}", this.name(node)).replace("{b}", way ? `${way}${usual}` : "");
  }

  draw() {
    this.choices = this.tokens.choices();
    const waiting = [...new Set(this.tokens.tokens.map((one) => one.node))];
    const stuck = waiting.length > 0 && !this.choices.length;
    const list = fields.element("ul", { className: "choices" }, ...this.choices.map((choice) => {
      const button = fields.button(this.title(choice), () => this.take(choice), "button quiet");
      button.dataset.choice = choice.node.id;
      return fields.element("li", {}, button);
    }));
    const state = stuck ? this.said.stuck.replace("{a}", waiting.map((one) => this.name(one)).join(this.said.comma))
      : waiting.length ? this.said.at.replace("{a}", waiting.map((one) => this.name(one)).join(this.said.comma)) : this.choices.length ? "" : this.said.over;
    const again = fields.button(this.said.again, () => this.restart());
    again.dataset.again = "";
    const back = fields.button(this.said.back, () => { this.taken.pop(); this.replay(); this.holder.querySelector("[data-choice]")?.focus(); });
    back.disabled = !this.taken.length;
    const log = fields.element("ol", { className: "told", tabIndex: 0 }, ...this.told.map((one) => fields.element("li", { textContent: one })));
    log.setAttribute("aria-label", this.said.log);
    const status = fields.note(state, stuck ? "error" : "now");
    status.setAttribute("role", "status");
    this.holder.replaceChildren(fields.element("h2", { textContent: this.said.title }), fields.note(this.said.about), status, list,
      fields.element("p", { className: "row-actions" }, back, " ", again), log);
    log.scrollTop = log.scrollHeight;
    this.live();
    this.mark(waiting, this.choices);
  }

  // What came new is read out: the list is drawn anew, so the news stands in a region that stays.
  live() {
    this.heard ??= this.holder.parentElement.querySelector("[data-play-live]");
    const news = this.told.slice(this.spoken && this.spoken <= this.told.length ? this.spoken : 0);
    this.spoken = this.told.length;
    this.heard.textContent = news.join(" ");
  }

  mark(waiting, choices) {
    for (const element of this.elements.getAll()) for (const mark of MARKS) this.canvas.removeMarker(element, mark);
    const put = (id, mark) => this.elements.get(id) && this.canvas.addMarker(id, mark);
    if (!this.on) return;
    for (const id of this.passed) put(id, "was-passed");
    for (const choice of choices) put((choice.flow || choice.node).id, "can-go");
    for (const node of waiting) put(node.id, "has-token");
  }
}
