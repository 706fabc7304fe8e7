/** Who may import whom, types included: downwards between rooms, and never in a circle. */
import { expect, it } from "vitest";

/** Lowest first; index.tsx stands on all of them. */
const ROOMS = [
  "kernel",
  "controls",
  "pictures",
  "files",
  "form",
  "viewer",
  "sheet",
  "results",
  "gallery",
  "shell",
];

const sources = import.meta.glob<string>("../src/**/*.{ts,tsx}", {
  eager: true,
  import: "default",
  query: "?raw",
});
const files = new Map(
  Object.entries(sources).map(([path, text]) => [path.replace("../src/", ""), text]),
);

/** The file that `from` means by `name`. */
function resolve(from: string, name: string): string {
  const { pathname } = new URL(name, `file:///${from}`);
  const bare = pathname.slice(1);
  const found = [bare, `${bare}.ts`, `${bare}.tsx`].find((path) => files.has(path));
  if (!found) throw new Error(`${from} imports ${name}, which is no file of js/src`);
  return found;
}

/** `import … from`, `export … from`, `import "…"` and `import("…")`, of files and of types. */
const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']*)["']/g;

const imports = new Map(
  [...files].map(([path, text]) => [
    path,
    [...text.matchAll(IMPORT)].map(([, name = ""]) => resolve(path, name)),
  ]),
);

const levelOf = (path: string): number => {
  const [room = "", ...inside] = path.split("/");
  return inside.length > 0 ? ROOMS.indexOf(room) : ROOMS.length;
};

/** The first circle below `path`, as the files on the way round. */
function circle(path: string, way: string[] = [], done = new Set<string>()): string[] | null {
  if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
  if (done.has(path)) return null;
  for (const next of imports.get(path) ?? []) {
    const found = circle(next, [...way, path], done);
    if (found) return found;
  }
  done.add(path);
  return null;
}

it("reads every import of the front end", () => {
  expect(files.size).toBeGreaterThan(50);
  expect(imports.get("index.tsx")).toContain("shell/session.ts");
  expect(imports.get("form/form.ts")).toContain("form/facts.ts"); // A type alone.
});

it("has index.tsx alone outside of the rooms", () => {
  expect(Object.keys(import.meta.glob("../src/*"))).toEqual(["../src/index.tsx"]);
  expect([...files.keys()].filter((path) => levelOf(path) === -1)).toEqual([]);
});

it.each([...files.keys()])("%s imports downwards", (path) => {
  const upwards = imports.get(path)?.filter((other) => levelOf(other) > levelOf(path));
  expect(upwards).toEqual([]);
});

it("has no circle", () => {
  const found = [...files.keys()].map((path) => circle(path)?.join(" -> "));
  expect(found.find(Boolean)).toBeUndefined();
});

it("has no two files in a folder that a disk without upper case takes for one", () => {
  const names = [...files.keys()].map((path) => path.replace(/\.tsx?$/, "").toLowerCase());
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
