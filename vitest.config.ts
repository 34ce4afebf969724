import { defineConfig } from "vitest/config";

/** Fast tests need neither root nor network; the others build namespaces of their own and run one file at a time. */
const fast = ["test/*.test.ts", "test/{unit,property,sim,conformance}/**/*.test.ts"];
/**
 * Outcomes there depend on other programs and on a kernel that other work shares; in CI a test that failed gets one more
 * chance, and the report names it.
 */
const slow = {
  retry: process.env["CI"] === undefined ? 0 : 1,
  testTimeout: 120_000,
  hookTimeout: 120_000,
  fileParallelism: false,
};

const seeded = ["test/support/property-seed.ts"];

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/summary-reporter.ts"],
    projects: [
      // Pure code, but thousands of random cases on a machine that may have other things to do.
      { test: { name: "fast", include: fast, setupFiles: seeded, testTimeout: 60_000 } },
      { test: { name: "netns", include: ["test/netns/**/*.test.ts"], ...slow } },
      { test: { name: "interop", include: ["test/interop/**/*.test.ts"], setupFiles: seeded, ...slow } },
    ],
  },
});
