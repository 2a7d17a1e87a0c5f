// What the tests need of a page, whichever library drives it; every step has a bound.

import { within } from "../interop/node/gateway.mjs";

const STEP_MS = 20_000;

/** `step`, or an error that names `what`. */
export function bounded(what, step) {
  return within(STEP_MS, what, step);
}

/** A page with the errors that it has shown. */
export function pageOf(page, errors, close) {
  return {
    errors,
    evaluate: (expression) => bounded(`evaluating ${expression}`, page.evaluate(expression)),
    leave: () => bounded("leaving the page", page.goto("about:blank")),
    close: () => bounded("closing the page", close()),
  };
}
