import { expect, test } from "vitest";
import { makeApp } from "../../../src/control/app.ts";
import { apiPage, ENDPOINTS } from "../../support/reference/api-page.ts";
import { cliPage } from "../../support/reference/cli-page.ts";
import { eventsPage } from "../../support/reference/events-page.ts";
import { manPage } from "../../support/reference/man-page.ts";
import { referenceProgram, verbs } from "../../support/reference/program.ts";
import { fakeSource, recordingLogger } from "../control/fixtures.ts";

// `npx vitest run -u --project fast test/unit/cli/reference.test.ts` writes the pages.
const ROOT = "../../..";

test("docs/reference/cli.md describes the command line as it is", async () => {
  await expect(cliPage(referenceProgram())).toMatchFileSnapshot(`${ROOT}/docs/reference/cli.md`);
});

test("packaging/man/duet.8 describes the command line as it is", async () => {
  await expect(manPage(referenceProgram())).toMatchFileSnapshot(`${ROOT}/packaging/man/duet.8`);
});

test("docs/reference/events.md describes the events as they are", async () => {
  await expect(eventsPage()).toMatchFileSnapshot(`${ROOT}/docs/reference/events.md`);
});

test("docs/reference/api.md describes the control socket as it is", async () => {
  await expect(apiPage()).toMatchFileSnapshot(`${ROOT}/docs/reference/api.md`);
});

test("the reference of the control socket has every route that is served, and no other", () => {
  const { routes } = makeApp({ source: fakeSource(), logger: recordingLogger().logger });
  const served = routes.filter(({ method }) => method !== "ALL");
  expect(served.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
    ENDPOINTS.map(({ method, path }) => `${method} ${path}`).toSorted(),
  );
});

test.each(verbs(referenceProgram()).map((verb) => [verb.name, verb] as const))(
  "duet %s explains itself with an example that names it",
  (name, verb) => {
    expect(verb.description).toMatch(/\.$/);
    expect(verb.examples[0]?.command).toContain(`duet ${name}`);
  },
);
