// Builds the browser islands: every file directly under web/static_src/ with the ending .js is one entry.
// Flask finds the hashed names in web/static/dist/.vite/manifest.json. Nothing inline, so the strict
// Content-Security-Policy (script-src 'self') holds.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vite";

const sources = join(import.meta.dirname, "web/static_src");
const entries = readdirSync(sources).filter((name) => name.endsWith(".js")).sort();

const plainDom = {
  name: "dmn-js-without-style-attributes",
  enforce: "pre",
  resolveId: (source, importer) =>
    source === "min-dom" && importer?.includes("/node_modules/dmn-js") ? join(sources, "lib/plaindom.js") : null,
};

export default defineConfig({
  plugins: [plainDom],
  base: "/static/dist/",
  publicDir: false,
  // Cells of decision tables are plain fields here; the FEEL editors that dmn-js brings along are never opened.
  resolve: { alias: { "@bpmn-io/feel-editor": join(sources, "lib/feelless.js") } },
  build: {
    outDir: "web/static/dist",
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 1500,
    rollupOptions: { input: entries.map((name) => join(sources, name)) },
  },
});
