import { existsSync } from "node:fs";
import { build, context } from "esbuild";

const release = !process.argv.includes("--watch");
const out = "../seedream_widgets/static";

/** One self-contained module and one stylesheet: no CDN, nothing to load later. */
const options = {
  entryPoints: [
    { in: "src/index.tsx", out: "studio" },
    {
      in: existsSync("src/styles/index.css") ? "src/styles/index.css" : "src/studio.css",
      out: "studio",
    },
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
} else {
  await (await context(options)).watch();
}
