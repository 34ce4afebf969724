import { expect, test } from "vitest";
import { loadAtBoot } from "../../../src/daemon/boot-wait.ts";
import type { LoadedConfiguration } from "../../../src/daemon/configuration.ts";

const NOBODY = "this router has no address of alpha or beta";
const loaded = (awaitsAddress?: string): LoadedConfiguration => ({
  model: undefined,
  replication: undefined,
  diagnostics: [],
  files: [],
  ...(awaitsAddress !== undefined && { awaitsAddress }),
});

/** Loads what comes next, half a second apart, beginning `uptime` seconds after the boot. */
async function boot(results: readonly LoadedConfiguration[], uptime: number) {
  const told: string[] = [];
  let seconds = uptime;
  let loads = 0;
  const result = await loadAtBoot(() => results[Math.min(loads++, results.length - 1)]!, {
    uptime: () => seconds,
    pause: async (milliseconds) => {
      seconds += milliseconds / 1_000;
    },
    tell: (reason) => told.push(reason),
  });
  return { result, told, loads, seconds };
}

test("an address that comes after the daemon is waited for, which is told once", async () => {
  const there = loaded();
  const { result, told, loads } = await boot([loaded(NOBODY), loaded(NOBODY), there], 20);
  expect(result).toBe(there);
  expect(told).toEqual([NOBODY]);
  expect(loads).toBe(3);
});

test("two minutes after the boot nothing is waited for any more", async () => {
  const late = await boot([loaded(NOBODY)], 120);
  expect(late).toMatchObject({ told: [], loads: 1 });
  const early = await boot([loaded(NOBODY)], 110);
  expect(early).toMatchObject({ told: [NOBODY], seconds: 120 });
  expect(early.result.awaitsAddress).toBe(NOBODY);
});

test("what is wrong with the file is told at once", async () => {
  expect(await boot([loaded()], 5)).toMatchObject({ told: [], loads: 1 });
});
