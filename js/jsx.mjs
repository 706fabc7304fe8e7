/** What esbuild makes of JSX calls these; the bundle has them in scope everywhere. */
export { Fragment, h } from "preact";
