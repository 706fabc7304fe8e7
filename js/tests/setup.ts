import { configure } from "@testing-library/preact";

// Its own second is not enough on a busy machine; only what never comes is waited for so long.
configure({ asyncUtilTimeout: 50_000 });
