/** Bundle every page here, and lay it beside its HTML with what it loads by itself. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../../../build/hosts-web");
const pages = readdirSync(here).filter((name) => name.endsWith(".html"));

mkdirSync(out, { recursive: true });
await build({
  entryPoints: pages.map((name) => join(here, name.replace(/html$/, "ts"))),
  outdir: out,
  bundle: true,
  format: "esm",
  target: "es2022",
  define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
  loader: { ".css": "text", ".svg": "text" },
  logLevel: "warning",
});
for (const name of pages) copyFileSync(join(here, name), join(out, name));
copyFileSync(join(here, "node_modules/requirejs/require.js"), join(out, "require.js"));

/** Where a CDN has it, by the version that its Python half asks for. */
const anywidget = join(here, "node_modules/anywidget");
const { version } = JSON.parse(readFileSync(join(anywidget, "package.json"), "utf8"));
const cdn = join(out, `npm/anywidget@~${version.replace(/\.\d+$/, ".*")}/dist`);
mkdirSync(cdn, { recursive: true });
copyFileSync(join(anywidget, "dist/index.js"), join(cdn, "index.js"));
