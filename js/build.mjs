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
  target: ["es2022", "chrome120", "firefox121", "safari17.2"],
  // A classic `h` call is shorter than the automatic runtime's that TypeScript checks against.
  tsconfigRaw: {
    compilerOptions: { jsx: "react", jsxFactory: "h", jsxFragmentFactory: "Fragment" },
  },
  inject: ["preact"],
  minify: release,
  sourcemap: release ? false : "inline",
  legalComments: "none",
  charset: "utf8",
  logLevel: "info",
};

/** The bundle travels with every widget: what esbuild leaves is worth a second pass. */
async function shrink() {
  const [script, style] = [`${out}/studio.js`, `${out}/studio.css`];
  const { code } = await minify(readFileSync(script, "utf8"), {
    module: true,
    ecma: 2022,
    compress: { passes: 3, unsafe_arrows: true },
  });
  // Our own variables get short names; esbuild keeps the blanks in their values.
  const names = new Map();
  const short = (name) =>
    names.get(name) ?? names.set(name, `--sd${names.size.toString(36)}`).get(name);
  const rename = (text) => text.replace(/--sd-[\w-]+/g, short);
  writeFileSync(style, rename(readFileSync(style, "utf8")).replace(/([(,:])\s+|\s+(?=\))/g, "$1"));
  writeFileSync(script, rename(code));
}

if (release) {
  await build(options);
  await shrink();
} else {
  await (await context(options)).watch();
}
