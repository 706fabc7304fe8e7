/** What JSX becomes in the bundle and in the tests. */
export { Fragment, h } from "preact";
