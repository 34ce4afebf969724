import { describe, expect, test } from "vitest";
import { DEFAULT_CASES, DRILL_CASES, findCase } from "../../../src/lab/faults.ts";

describe.each(DRILL_CASES.map((each) => [each.name, each] as const))("%s", (_, drillCase) => {
  test("strikes nobody but the active router", () => {
    for (const router of ["alpha", "beta"] as const)
      for (const act of [...drillCase.fault(router), ...drillCase.restore(router)])
        expect(act.router).toBe(router);
  });

  test("repairs every cable and port that it breaks", () => {
    const repaired = drillCase.restore("alpha");
    for (const act of drillCase.fault("alpha")) {
      if (act.type === "cable") expect(repaired).toContainEqual({ ...act, plugged: true });
      if (act.type === "port") expect(repaired).toContainEqual({ ...act, forwarding: true });
    }
  });

  test("has its daemon running again in the end", () => {
    const signals = drillCase.fault("beta").filter((act) => act.type === "signal");
    for (const { signal } of signals)
      expect(drillCase.restore("beta")).toEqual([
        signal === "SIGSTOP"
          ? { type: "signal", router: "beta", signal: "SIGCONT" }
          : { type: "start", router: "beta" },
      ]);
  });
});

test("cutting a router off pulls both cables", () => {
  expect(findCase("cut")?.fault("beta")).toEqual([
    { type: "cable", router: "beta", side: "lan", plugged: false },
    { type: "cable", router: "beta", side: "wan", plugged: false },
  ]);
});

test("without a name everything is drilled but the silent break that VRRP cannot see", () => {
  expect(DEFAULT_CASES).toContain("cut");
  expect(DEFAULT_CASES).not.toContain("cut-lan-silently");
  expect(findCase("cut-lan-silently")).toBeDefined();
  expect(findCase("nonsense")).toBeUndefined();
});
