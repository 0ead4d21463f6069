// Checks while one draws: the rules of bpmnlint and our own run in the browser at every change; what the server found at the
// last save stands at the same elements. Every finding says what to do.
import LintModule from "bpmn-js-bpmnlint";
import "bpmn-js-bpmnlint/dist/assets/css/bpmn-js-bpmnlint.css";

const STOCK = import.meta.glob([
  "/node_modules/bpmnlint/rules/conditional-flows.js", "/node_modules/bpmnlint/rules/end-event-required.js",
  "/node_modules/bpmnlint/rules/event-sub-process-typed-start-event.js", "/node_modules/bpmnlint/rules/fake-join.js",
  "/node_modules/bpmnlint/rules/label-required.js", "/node_modules/bpmnlint/rules/link-event.js",
  "/node_modules/bpmnlint/rules/no-complex-gateway.js", "/node_modules/bpmnlint/rules/no-disconnected.js",
  "/node_modules/bpmnlint/rules/no-duplicate-sequence-flows.js", "/node_modules/bpmnlint/rules/no-gateway-join-fork.js",
  "/node_modules/bpmnlint/rules/no-implicit-end.js", "/node_modules/bpmnlint/rules/no-implicit-split.js",
  "/node_modules/bpmnlint/rules/no-implicit-start.js", "/node_modules/bpmnlint/rules/no-overlapping-elements.js",
  "/node_modules/bpmnlint/rules/single-blank-start-event.js", "/node_modules/bpmnlint/rules/single-event-definition.js",
  "/node_modules/bpmnlint/rules/start-event-required.js", "/node_modules/bpmnlint/rules/sub-process-blank-start-event.js",
  "/node_modules/bpmnlint/rules/superfluous-gateway.js", "/node_modules/bpmnlint/rules/superfluous-termination.js",
], { eager: true, import: "default" });
const NOTICES = new Set(["label-required", "fake-join", "superfluous-gateway", "no-overlapping-elements", "superfluous-termination"]);

function extension(node, type) {
  return node.extensionElements?.values?.find((item) => item.$type === type);
}

function properties(node) {
  return Object.fromEntries((extension(node, "spiffworkflow:Properties")?.properties || []).map((row) => [row.name, row.value]));
}

function inLane(node) {
  for (let scope = node.$parent; scope; scope = scope.$parent) {
    const named = (lanes) => (lanes || []).some((lane) => lane.flowNodeRef?.includes(node) || named(lane.childLaneSet?.lanes));
    if ((scope.laneSets || []).some((set) => named(set.lanes))) return true;
  }
  return false;
}

const OWN = {
  "own-operator": (node, tell) => node.$type === "bpmn:ServiceTask" && !extension(node, "spiffworkflow:ServiceTaskOperator") && tell(node.id),
  "own-decision": (node, tell) => node.$type === "bpmn:BusinessRuleTask" && !extension(node, "spiffworkflow:CalledDecisionId") && tell(node.id),
  "own-called": (node, tell) => node.$type === "bpmn:CallActivity" && !node.calledElement && tell(node.id),
  "own-type": (node, tell) => node.$type === "bpmn:Task" && tell(node.id),
  "own-role": (node, tell) => node.$type === "bpmn:UserTask" && !properties(node).role && !inLane(node) && tell(node.id),
};

function own(operators) {
  const needed = Object.fromEntries(operators.map((one) => [one.value, one.inputs.filter((input) => input.required)]));
  return {
    ...OWN,
    "own-input": (node, tell) => {
      const operator = extension(node, "spiffworkflow:ServiceTaskOperator");
      const given = new Set((operator?.parameterList?.parameters || []).filter((one) => one.value).map((one) => one.id));
      const missing = (needed[operator?.id] || []).filter((input) => !given.has(input.name));
      if (missing.length) tell(node.id, missing.map((input) => input.title).join(", "));
    },
  };
}

// A rule whose words are ours: it keeps what the stock rule finds and says it in the reader's language, with what to do.
function worded(name, factory, words) {
  const stop = document.documentElement.lang.startsWith("zh") ? "。" : ". ";
  const speak = (check) => (node, reporter) => check(node, {
    report: (id, said) => {
      const what = name.startsWith("own-") && said ? ` (${said})` : "";
      return reporter.report(id, words ? `${words.said}${what}${stop}${words.fix}` : said);
    },
  });
  return (config) => {
    const { check } = factory(config);
    return { check: typeof check === "function" ? speak(check)
      : Object.fromEntries(Object.entries(check).map(([when, act]) => [when, speak(act)])) };
  };
}

export default function linting(words, operators) {
  const factories = {};
  for (const [path, factory] of Object.entries(STOCK)) factories[path.split("/").pop().replace(".js", "")] = factory;
  for (const [name, find] of Object.entries(own(operators))) {
    factories[name] = () => ({
      // An answer of false would end the walk through the model.
      check: (node, reporter) => void find(node, (id, what) => reporter.report(id, what || "")),
    });
  }
  const rules = Object.fromEntries(Object.keys(factories).map((name) => [name, NOTICES.has(name) ? "warn" : "error"]));
  const resolver = { resolveRule: (_, name) => worded(name, factories[name], words[name]) };
  return { module: LintModule, config: { active: true, bpmnlint: { config: { rules }, resolver } } };
}

// What the server found joins what the browser finds: one list for each element.
export function join(modeler, zh) {
  const lint = modeler.get("linting");
  const inBrowser = lint.lint.bind(lint);
  let found = [];
  lint.lint = async () => {
    const reports = await inBrowser();
    for (const finding of found) {
      const said = `${zh ? finding.zh : finding.en} ${zh ? finding.fix_zh : finding.fix_en}`.trim();
      const rule = finding.code || "server";
      if (finding.element) (reports[rule] ??= []).push({ id: finding.element, message: said, category: finding.severity === "error" ? "error" : "warn" });
    }
    return reports;
  };
  return (findings) => { found = findings; lint.update(); };
}
