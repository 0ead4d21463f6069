// The browser's half of forms/conditions.py: is this show_if condition true? `lookup(name)` gives the answer as a page
// holds it (a string, a list of strings, or undefined when there is none).
export function holds(condition, lookup) {
  if (condition.all) return condition.all.every((part) => holds(part, lookup));
  if (condition.any) return condition.any.some((part) => holds(part, lookup));
  if (condition.not) return !holds(condition.not, lookup);
  const wanted = (condition.in ?? [condition.equals]).map(String);
  const answer = lookup(condition.field);
  const answers = Array.isArray(answer) ? answer : answer === undefined || answer === null || answer === "" ? [] : [answer];
  return answers.some((one) => wanted.includes(String(one)));
}
