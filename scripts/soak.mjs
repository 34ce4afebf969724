// Runs the simulator of the VRRP core for many seeds, or replays one.
//   node scripts/soak.mjs [--seeds COUNT] [--from SEED]
//   node scripts/soak.mjs --seed SEED [--short]      --short prints transitions only
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "2000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    short: { type: "boolean", default: false },
  },
});
const one = values.seed !== undefined;
const env = {
  ...process.env,
  DUET_SIM_SEEDS: one ? "1" : values.seeds,
  DUET_SIM_FROM: one ? values.seed : values.from,
  ...(one ? { DUET_SIM_LOG: values.short ? "short" : "all" } : {}),
};
const vitest = ["vitest", "run", "--project", "fast", "--disable-console-intercept=true"];
const { status } = spawnSync("npx", [...vitest, "test/sim/simulation.test.ts"], {
  env,
  stdio: "inherit",
});
process.exitCode = status ?? 1;
