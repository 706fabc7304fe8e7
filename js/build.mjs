import { build, context } from "esbuild";

const release = !process.argv.includes("--watch");

/** One self-contained module and one stylesheet: no CDN, nothing to load later. */
const options = {
  entryPoints: [
    { in: "src/index.tsx", out: "studio" },
    { in: "src/styles/index.css", out: "studio" },
  ],
  outdir: "../seedream_widgets/static",
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome120", "firefox121", "safari17.2"],
  // h(tag, props, ...children) is shorter than jsx(tag, { children }), some 350 times.
  jsx: "transform",
  jsxFactory: "h",
  jsxFragment: "Fragment",
  inject: ["jsx.mjs"],
  minify: release,
  sourcemap: release ? false : "inline",
  legalComments: "none",
  charset: "utf8",
  logLevel: "info",
};

if (release) await build(options);
else await (await context(options)).watch();
