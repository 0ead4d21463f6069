// Builds the browser islands: every file directly under web/static_src/ with the ending .js is one entry.
// Flask finds the hashed names in web/static/dist/.vite/manifest.json. Nothing inline, so the strict
// Content-Security-Policy (script-src 'self') holds.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vite";

const sources = join(import.meta.dirname, "web/static_src");
const entries = readdirSync(sources).filter((name) => name.endsWith(".js")).sort();

export default defineConfig({
  base: "/static/dist/",
  publicDir: false,
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
