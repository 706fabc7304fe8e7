import { readFileSync, writeFileSync } from "node:fs";
import { build, context } from "esbuild";
import { minify } from "terser";

const release = !process.argv.includes("--watch");
const out = "../seedream_widgets/static";

/** One self-contained module and one stylesheet: no CDN, nothing to load later. */
const options = {
  entryPoints: [
    { in: "src/index.tsx", out: "studio" },
    { in: "src/styles/index.css", out: "studio" },
  ],
  outdir: out,
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox114", "safari16.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: release,
  sourcemap: release ? false : "inline",
  legalComments: "none",
  charset: "utf8",
  loader: { ".svg": "text" },
  logLevel: "info",
};

if (release) {
  await build(options);
  // The bundle travels with every widget, and terser finds 2 % that esbuild leaves.
  const path = `${out}/studio.js`;
  const { code } = await minify(readFileSync(path, "utf8"), {
    module: true,
    ecma: 2022,
    compress: { passes: 3 },
  });
  writeFileSync(path, code);
} else {
  await (await context(options)).watch();
}
