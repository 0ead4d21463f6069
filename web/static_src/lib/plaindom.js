// min-dom for dmn-js: the same, but markup with style attributes is built so that the Content-Security-Policy has nothing to
// refuse. The parser of another document reads it, and styles are set as properties.
import { domify as original } from "min-dom";

export * from "min-dom";

export function domify(markup) {
  if (!/\sstyle\s*=/.test(markup)) return original(markup);
  const read = new DOMParser().parseFromString(markup.trim().replace(/\sstyle\s*=/g, " data-style="), "text/html").body.firstElementChild;
  const node = document.adoptNode(read);
  for (const part of [node, ...node.querySelectorAll("[data-style]")]) {
    if (!part.dataset.style) continue;
    part.style.cssText = part.dataset.style;
    delete part.dataset.style;
  }
  return node;
}
