// Runs the simulator of the VRRP core for many seeds, or replays one; or tries the property tests with other random cases.
//   node scripts/soak.mjs [--seeds COUNT] [--from SEED]
//   node scripts/soak.mjs --seed SEED [--short]                    --short prints transitions only
//   node scripts/soak.mjs --properties [--seeds COUNT] [--from SEED]    20 unless told, from 2; 1 is what every test run has
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    from: { type: "string" },
    seed: { type: "string" },
    short: { type: "boolean", default: false },
    properties: { type: "boolean", default: false },
  },
});
process.exitCode = values.properties ? tryProperties() : simulate();

function simulate() {
  const one = values.seed !== undefined;
  return vitest(["test/sim/simulation.test.ts"], {
    DUET_SIM_SEEDS: one ? "1" : (values.seeds ?? "2000"),
    DUET_SIM_FROM: one ? values.seed : (values.from ?? "1"),
    ...(one ? { DUET_SIM_LOG: values.short ? "short" : "all" } : {}),
  });
}

/** All of them for each seed, up to the first that fails, which prints the case and its own seed. */
function tryProperties() {
  const one = values.seed !== undefined;
  const from = Number(values.seed ?? values.from ?? "2");
  const count = one ? 1 : Number(values.seeds ?? "20");
  for (let seed = from; seed < from + count; seed += 1) {
    process.stdout.write(`seed ${seed}\n`);
    const status = vitest(["test/property"], { DUET_PROPERTY_SEED: String(seed) });
    if (status !== 0) return status;
  }
  return 0;
}

function vitest(files, settings) {
  const options = ["vitest", "run", "--project", "fast", "--disable-console-intercept=true"];
  const env = { ...process.env, ...settings };
  return spawnSync("npx", [...options, ...files], { env, stdio: "inherit" }).status ?? 1;
}
