// The spiffworkflow extension: properties, service operators and decisions, which models use here, and the names of all
// its other parts, so that a file from elsewhere keeps them (the server says which of them do nothing here).
const KEPT = [
  "PreScript", "PostScript", "VariableName", "MessageVariable", "MessagePayload", "PayloadExpression", "Category", "Retry", "UnitTests", "UnitTest",
  "InputJson", "ExpectedOutputJson", "InstructionsForEndUser", "AllowGuest", "GuestConfirmation", "SignalButtonLabel", "TaskMetadataValues",
  "TaskMetadataValue", "ProcessVariableCorrelation", "ProcessVariableCorrelations", "PropertyId", "Expression", "ScriptsOnInstances", "IsOutputSynced",
];
const body = { name: "body", isBody: true, type: "String" };
const text = (name) => ({ name, isAttr: true, type: "String" });

export default {
  name: "spiffworkflow",
  uri: "http://spiffworkflow.org/bpmn/schema/1.0/core",
  prefix: "spiffworkflow",
  xml: { tagAlias: "lowerCase" },
  types: [
    { name: "Properties", superClass: ["Element"], properties: [{ name: "properties", type: "Property", isMany: true }] },
    { name: "Property", superClass: ["Element"], properties: [text("name"), text("value")] },
    {
      name: "ServiceTaskOperator",
      superClass: ["Element"],
      properties: [text("id"), text("resultVariable"), { name: "parameterList", type: "Parameters" }],
    },
    { name: "Parameters", superClass: ["Element"], properties: [{ name: "parameters", type: "Parameter", isMany: true }] },
    { name: "Parameter", superClass: ["Element"], properties: [text("id"), text("type"), text("value")] },
    { name: "CalledDecisionId", superClass: ["Element"], properties: [body] },
    ...KEPT.map((name) => ({ name, superClass: ["Element"], properties: [body, { name: "parts", type: "Element", isMany: true }] })),
  ],
};

// In the standard these are references to declared data; the engine reads the expression that stands there. Read as
// references, an undeclared one would be lost when the file is saved.
export function keepExpressions(moddle) {
  for (const property of moddle.registry.typeMap["bpmn:MultiInstanceLoopCharacteristics"].properties) {
    if (!/loopData(In|Out)putRef$/.test(property.name)) continue;
    property.type = "String";
    delete property.isReference;
  }
}
