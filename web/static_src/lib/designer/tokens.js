// Tokens on a drawing, by the rules of BPMN, without conditions or data: who plays decides which way a choice goes, when an event
// comes and how often a repeated step is done. A called procedure is walked through like a subprocess where it is at hand. Pure: no
// page, no editor; it reads the elements of the models and keeps where tokens are.
const MOST_STEPS = 500; // of a run that needs nobody: a ring of gateways would never end
const DEEPEST = 12; // procedures that call each other: one that calls itself is a step from there on

const is = (node, ...kinds) => kinds.some((kind) => node.$type === `bpmn:${kind}`);
const isScope = (node) => is(node, "SubProcess", "Transaction", "AdHocSubProcess");
const eventOf = (node) => node.eventDefinitions?.[0];
const kindOf = (node) => eventOf(node)?.$type.slice(5).replace("EventDefinition", "") || "";
const repeats = (node) => Boolean(node.loopCharacteristics);
const flowsIn = (scope) => (scope.flowElements || []).filter((one) => !is(one, "SequenceFlow") && !/^bpmn:Data/.test(one.$type));
const out = (node) => (node.outgoing || []).filter((flow) => is(flow, "SequenceFlow"));
const into = (node) => (node.incoming || []).filter((flow) => is(flow, "SequenceFlow"));

export default class Tokens {
  // tell(what, node, flow, count) is called for each thing that happens; `others` are processes that may be called.
  constructor(processes, tell, others = []) {
    const known = new Map([...others, ...processes].map((one) => [one.id, one]));
    Object.assign(this, { processes, tell, known, tokens: [], scopes: [], begun: new Set(), count: 0, chosen: new Map() });
    for (const process of processes) {
      const starts = this.starts(process);
      if (starts.length === 1 && !eventOf(starts[0])) this.start(process, starts[0]);
    }
    this.run();
  }

  starts(scope) {
    const nodes = flowsIn(scope).filter((one) => !is(one, "BoundaryEvent") && !one.triggeredByEvent);
    const events = nodes.filter((one) => is(one, "StartEvent"));
    return events.length ? events : nodes.filter((one) => !into(one).length);
  }

  start(process, node) {
    this.begun.add(process);
    this.put(node, this.open(process, null));
  }

  open(node, host) {
    const scope = { node, host, id: (this.count += 1) };
    this.scopes.push(scope);
    return scope;
  }

  put(node, scope, via = null) {
    this.tokens.push({ node, scope, via });
  }

  // What is walked through inside a step: a subprocess itself, or the procedure it calls.
  inner(token) {
    const { node } = token;
    if (isScope(node)) return node;
    const called = is(node, "CallActivity") ? this.known.get(node.calledElement) : null;
    return called && this.depth(token.scope) < DEEPEST ? called : null;
  }

  depth(scope) {
    return scope.host ? 1 + this.depth(scope.host.scope) : 0;
  }

  // Everything that can be done now: {key, node, flow?, what, act}; `what` is a word of designerwords.
  choices() {
    const found = [];
    const add = (what, node, act, flow) => found.push({ key: `${found.length}`, what, node, flow, act });
    for (const process of this.processes.filter((one) => !this.begun.has(one))) {
      for (const node of this.starts(process)) add("begin", node, () => this.start(process, node));
    }
    const seen = new Set();
    for (const token of this.tokens) {
      const { node, scope } = token;
      const place = `${node.id} ${scope.id}`;
      if (seen.has(place)) continue; // several tokens of one step are taken one after the other
      seen.add(place);
      const ways = out(node);
      if (is(node, "EventBasedGateway")) for (const flow of ways) add("happens", flow.targetRef, () => this.happen(token, flow));
      else if (this.asks(node)) {
        for (const flow of ways) add(!is(node, "InclusiveGateway") ? "take" : this.picked(token).has(flow) ? "unpick" : "pick", node, () => this.pick(token, flow), flow);
        if (this.picked(token).size) add("go", node, () => this.leave(token, [...this.picked(token)]));
      } else if (is(node, "IntermediateCatchEvent", "ReceiveTask")) add("happens", node, () => this.leave(token, ways, "happened"));
      else if (repeats(node) && !token.inside) {
        add(token.done ? "again" : "once", node, () => this.once(token));
        add(token.done ? "enough" : "none", node, () => this.leave(token, ways, token.done ? "finished" : "skipped", token.done));
      } else if (/(Task|CallActivity)$/.test(node.$type) && !token.inside) add("finish", node, () => this.leave(token, ways, "finished"));
      if (/(Task|CallActivity|SubProcess|Transaction)$/.test(node.$type)) for (const event of this.boundaries(node)) {
        if (kindOf(event) !== "Compensate") add("happens", event, () => this.boundary(token, event));
      }
    }
    for (const scope of this.scopes) for (const sub of flowsIn(scope.node).filter((one) => one.triggeredByEvent)) {
      for (const event of this.starts(sub)) add("happens", event, () => this.eventScope(scope, sub, event));
    }
    return found;
  }

  // Takes a choice, and then every step that needs nobody.
  take(choice) {
    choice.act();
    this.run();
  }

  run() {
    for (let steps = 0; steps < MOST_STEPS; steps += 1) {
      const token = this.tokens.find((one) => this.passes(one)) || null;
      if (!token && !this.close()) return;
      if (token) this.pass(token);
    }
    this.tell("endless", this.tokens[0]?.node);
  }

  boundaries(node) {
    return flowsIn(node.$parent).filter((one) => is(one, "BoundaryEvent") && one.attachedToRef === node);
  }

  asks(node) {
    return out(node).length > 1 && is(node, "ExclusiveGateway", "InclusiveGateway", "ComplexGateway");
  }

  // One more time of a step that is repeated: a subprocess is entered, a task is done.
  once(token) {
    if (this.inner(token)) return this.enter(token);
    token.done = (token.done || 0) + 1;
    this.tell("done", token.node, null, token.done);
  }

  enter(token) {
    const inner = this.inner(token);
    token.inside = this.open(inner, token);
    this.tell("entered", token.node);
    this.starts(inner).filter((one) => !is(one, "StartEvent") || !eventOf(one)).forEach((one) => this.put(one, token.inside));
  }

  picked(token) {
    if (!this.chosen.has(token)) this.chosen.set(token, new Set());
    return this.chosen.get(token);
  }

  pick(token, flow) {
    if (!is(token.node, "InclusiveGateway")) return this.leave(token, [flow]);
    const picked = this.picked(token);
    picked[picked.has(flow) ? "delete" : "add"](flow);
  }

  // Does this token go on without anybody?
  passes(token) {
    const { node } = token;
    if (is(node, "StartEvent", "EndEvent", "IntermediateThrowEvent")) return true;
    if (is(node, "ParallelGateway")) return this.joined(token);
    if (is(node, "InclusiveGateway") && into(node).length > 1 && !token.together) return this.nobodyElse(token);
    if (/Gateway$/.test(node.$type)) return !this.asks(node) && !is(node, "EventBasedGateway");
    if (is(node, "IntermediateCatchEvent")) return kindOf(node) === "Link";
    return Boolean(this.inner(token)) && !token.inside && !repeats(node);
  }

  here(token) {
    return this.tokens.filter((one) => one.node === token.node && one.scope === token.scope);
  }

  joined(token) {
    const ways = new Set(this.here(token).map((one) => one.via));
    return into(token.node).every((flow) => ways.has(flow));
  }

  // An inclusive gateway waits as long as another token of the same scope can still come to it.
  nobodyElse(token) {
    const reached = new Set();
    const queue = this.tokens.filter((one) => one.scope === token.scope && one.node !== token.node).map((one) => one.node);
    while (queue.length) {
      const node = queue.pop();
      if (reached.has(node) || node === token.node) { if (node === token.node) return false; continue; }
      reached.add(node);
      for (const from of [node, ...this.boundaries(node)]) for (const flow of out(from)) queue.push(flow.targetRef);
    }
    return true;
  }

  pass(token) {
    const { node, scope } = token;
    if (is(node, "ParallelGateway")) {
      const taken = into(node).map((flow) => this.here(token).find((one) => one.via === flow));
      if (taken.length > 1) this.tell("joined", node);
      this.remove(...taken.filter((one) => one !== token));
      return this.leave(token, out(node));
    }
    if (is(node, "InclusiveGateway") && into(node).length > 1 && !token.together) {
      const others = this.here(token).filter((one) => one !== token && !one.together);
      if (others.length) this.tell("joined", node);
      this.remove(...others);
      token.together = true;
      return this.asks(node) ? undefined : this.leave(token, out(node));
    }
    if (this.inner(token)) return this.enter(token);
    if (is(node, "EndEvent")) return this.end(token);
    if (is(node, "IntermediateThrowEvent") && kindOf(node) === "Link") return this.jump(token);
    if (is(node, "IntermediateThrowEvent") && ["Signal", "Escalation"].includes(kindOf(node))) this.thrown(node, scope);
    return this.leave(token, out(node), is(node, "IntermediateThrowEvent") ? "thrown" : "");
  }

  jump(token) {
    const name = eventOf(token.node).name;
    const target = flowsIn(token.scope.node).find((one) => is(one, "IntermediateCatchEvent") && kindOf(one) === "Link" && eventOf(one).name === name);
    this.remove(token);
    this.tell(target ? "thrown" : "stops", token.node);
    if (target) for (const flow of out(target)) this.put(flow.targetRef, token.scope, flow);
  }

  leave(token, ways, said = "", count = 0) {
    this.remove(token);
    this.chosen.delete(token);
    if (said) this.tell(said, token.node, null, count);
    if (!ways.length && !is(token.node, "EndEvent")) this.tell("stops", token.node);
    for (const flow of ways) {
      this.tell("along", token.node, flow);
      this.put(flow.targetRef, token.scope, flow);
    }
  }

  // One of the events behind an event gateway comes first.
  happen(token, flow) {
    this.remove(token);
    this.tell("happened", flow.targetRef);
    for (const way of out(flow.targetRef)) this.put(way.targetRef, token.scope, way);
  }

  boundary(token, event) {
    this.tell("happened", event);
    if (event.cancelActivity !== false) {
      this.tell("interrupted", token.node);
      this.remove(token);
    }
    for (const flow of out(event)) this.put(flow.targetRef, token.scope, flow);
  }

  eventScope(scope, sub, event) {
    this.tell("happened", event);
    if (event.isInterrupting !== false) {
      this.tell("interrupted", scope.node);
      this.remove(...this.tokens.filter((one) => one.scope === scope));
    }
    const held = { node: sub, scope, via: null };
    held.inside = this.open(sub, held);
    this.tokens.push(held);
    for (const flow of out(event)) this.put(flow.targetRef, held.inside, flow);
  }

  end(token) {
    const kind = kindOf(token.node);
    this.remove(token);
    this.tell("ended", token.node);
    if (kind === "Terminate") this.remove(...this.tokens.filter((one) => one.scope === token.scope));
    if (["Error", "Escalation", "Cancel", "Signal"].includes(kind)) this.thrown(token.node, token.scope);
  }

  // An error, escalation or cancellation goes outwards to the first that catches it; a signal goes to all that wait for it.
  thrown(node, from) {
    const kind = kindOf(node);
    const ref = (event) => eventOf(event)?.[`${kind.toLowerCase()}Ref`];
    const catches = (event) => kindOf(event) === kind && (!ref(event) || ref(event) === ref(node));
    if (kind === "Signal") {
      for (const token of [...this.tokens].filter((one) => is(one.node, "IntermediateCatchEvent") && catches(one.node))) this.leave(token, out(token.node), "happened");
      for (const token of [...this.tokens]) for (const event of this.boundaries(token.node).filter(catches)) this.boundary(token, event);
      return;
    }
    for (let scope = from; scope; scope = scope.host?.scope) {
      const inner = flowsIn(scope.node).filter((one) => one.triggeredByEvent).flatMap((sub) => this.starts(sub).filter(catches).map((event) => [sub, event]))[0];
      if (inner) return void this.eventScope(scope, ...inner);
      const event = scope.host && this.boundaries(scope.host.node).find(catches);
      if (event) return void this.boundary(scope.host, event);
    }
  }

  // A scope without tokens is over, and so is the step it belongs to. Answers whether anything was closed.
  close() {
    const over = this.scopes.find((scope) => !this.tokens.some((one) => one.scope === scope));
    if (!over) return false;
    this.scopes.splice(this.scopes.indexOf(over), 1);
    if (!over.host) this.tell("over", over.node);
    else if (this.tokens.includes(over.host)) {
      if (over.node.triggeredByEvent) this.remove(over.host);
      else if (repeats(over.host.node)) {
        Object.assign(over.host, { inside: null, done: (over.host.done || 0) + 1 });
        this.tell("done", over.host.node, null, over.host.done);
      } else this.leave(over.host, out(over.host.node), "finished");
    }
    return true;
  }

  // Tokens go, and with them everything inside the steps they stood for.
  remove(...gone) {
    for (const token of gone) {
      const at = this.tokens.indexOf(token);
      if (at < 0) continue;
      this.tokens.splice(at, 1);
      if (!token.inside) continue;
      this.remove(...this.tokens.filter((one) => one.scope === token.inside));
      this.scopes = this.scopes.filter((scope) => scope !== token.inside);
    }
  }
}
