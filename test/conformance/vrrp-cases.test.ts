/**
 * Recorded cases: a configuration, what happens, and everything that the core orders, as data that can be read and
 * reviewed without code. Each folder of vrrp-cases holds
 *
 * - `start.json`, the configuration (that of the how-to where there is none), and any others that the case reloads;
 * - `input.jsonl`, a line for each thing that happens at `at` microseconds: an `event`, a `reload` of another file, or
 *   what the `kernel` will say from now on ("accepts", or why it refuses). Deadlines before it are met to the
 *   microsecond, but none after the `since` of a "stalled";
 * - `expected.jsonl`, a line for each call of the core that made it order something, wakes included.
 *
 * DUET_UPDATE_CASES=1 accepts what the core does now; format the files and look at the difference before you commit it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type Instant, instant, microseconds } from "../../src/base/time.ts";
import type { RouterConfig } from "../../src/vrrp/config.ts";
import type { RouterAction, RouterEvent } from "../../src/vrrp/events.ts";
import { VrrpRouter } from "../../src/vrrp/router.ts";
import { SimKernel } from "../sim/kernel.ts";
import { loadText } from "../support/keepalived-files.ts";

const CASES = path.join(import.meta.dirname, "vrrp-cases");
const UPDATES = process.env["DUET_UPDATE_CASES"] === "1";
/** The kernel of these cases takes this long for everything. */
const TOOK = microseconds(200);

type Input = { readonly at: number } & (
  | { readonly event: RouterEvent }
  | { readonly reload: string }
  | { readonly kernel: string }
);

interface Ordered {
  readonly at: number;
  /** The event that the orders answer, or "reload". */
  readonly on: string;
  readonly orders: readonly RouterAction[];
}

const readJson = (...where: readonly string[]): unknown =>
  JSON.parse(readFileSync(path.join(CASES, ...where), "utf8"));

function readLines(...where: readonly string[]): unknown[] {
  const text = readFileSync(path.join(CASES, ...where), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line): unknown => JSON.parse(line));
}

/** Runs one case, and answers every order at once. */
class Replay {
  readonly orders: Ordered[] = [];
  readonly #folder: string;
  readonly #router: VrrpRouter;
  readonly #kernel = new SimKernel();
  #config: RouterConfig;
  #says = "accepts";

  constructor(folder: string) {
    this.#folder = folder;
    const start = existsSync(path.join(CASES, folder, "start.json")) ? folder : "how-to";
    this.#config = readJson(start, "start.json") as RouterConfig;
    this.#router = new VrrpRouter(this.#config, instant(0));
  }

  take(input: Input): void {
    const at = instant(input.at);
    const isStall = "event" in input && input.event.type === "stalled";
    this.#wakeUntil(isStall ? input.event.since : at);
    if ("kernel" in input) this.#says = input.kernel;
    else if ("event" in input) this.#handle(input.event, at);
    else this.#reload(readJson(this.#folder, input.reload) as RouterConfig, at);
  }

  #reload(config: RouterConfig, at: Instant): void {
    const { before, after } = this.#router.reconfigure(config, at);
    this.#carryOut("reload, before", before, at);
    this.#config = config;
    this.#carryOut("reload, after", after, at);
  }

  #wakeUntil(end: Instant): void {
    for (;;) {
      const due = this.#router.deadline();
      if (due === undefined || due >= end) return;
      this.#handle({ type: "wake" }, due);
    }
  }

  #handle(event: RouterEvent, at: Instant): void {
    this.#carryOut(event.type, this.#router.handle(event, at), at);
  }

  #carryOut(on: string, orders: readonly RouterAction[], at: Instant): void {
    if (orders.length > 0) this.orders.push({ at, on, orders });
    for (const order of orders) {
      const answer = this.#answer(order);
      if (answer !== undefined) this.#handle(answer, at);
    }
  }

  #answer(order: RouterAction): RouterEvent | undefined {
    const took = TOOK;
    if (order.type === "install") {
      const { unit } = order;
      if (this.#says !== "accepts")
        return { type: "install-failed", unit, took, reason: this.#says };
      const objects = this.#kernel.install(this.#configs(order.instances), Infinity);
      return { type: "installed", unit, took, objects };
    }
    if (order.type === "withdraw") {
      const objects = this.#kernel.withdraw(this.#configs(order.instances));
      return { type: "withdrawn", unit: order.unit, took, objects };
    }
    if (order.type === "announce")
      return { type: "announced", unit: order.unit, took, frames: order.bursts.length };
    return undefined;
  }

  #configs(instances: readonly string[]): RouterConfig["instances"] {
    return this.#config.instances.filter(({ name }) => instances.includes(name));
  }
}

const folders = readdirSync(CASES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe("recorded case", () => {
  test.each(folders)("%s", (folder) => {
    const replay = new Replay(folder);
    for (const input of readLines(folder, "input.jsonl")) replay.take(input as Input);
    const actual = replay.orders.map((ordered) => JSON.stringify(ordered));
    if (UPDATES)
      writeFileSync(path.join(CASES, folder, "expected.jsonl"), `${actual.join("\n")}\n`);
    const expected = readLines(folder, "expected.jsonl");
    expect(actual.map((line): unknown => JSON.parse(line))).toEqual(expected);
  });

  test("how-to starts from what the reader makes of the how-to's own file", () => {
    const file = path.join(import.meta.dirname, "../../examples/how-to/keepalived.conf");
    const { model } = loadText(readFileSync(file, "utf8"));
    const config: unknown = JSON.parse(JSON.stringify(model?.vrrp));
    if (UPDATES)
      writeFileSync(
        path.join(CASES, "how-to", "start.json"),
        `${JSON.stringify(config, undefined, 2)}\n`,
      );
    expect(config).toEqual(readJson("how-to", "start.json"));
  });
});
