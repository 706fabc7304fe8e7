import { defineConfig } from "vitest/config";

export default defineConfig({
  // As in build.mjs: the tests draw with what the bundle draws with.
  esbuild: {
    jsx: "transform",
    jsxFactory: "h",
    jsxFragment: "Fragment",
    jsxInject: 'import { h, Fragment } from "preact"',
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}", "tests/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    setupFiles: "tests/setup.ts",
    testTimeout: 60_000,
  },
});
