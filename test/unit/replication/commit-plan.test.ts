import { beforeEach, describe, expect, test } from "vitest";
import { seconds } from "../../../src/base/time.ts";
import { CommitPlan, type KernelRequests } from "../../../src/replication/commit-plan.ts";
import { ExternalCache } from "../../../src/replication/external-cache.ts";
import type { RequestOutcome } from "../../../src/wire/ctnetlink/flow-requests.ts";
import type { Span } from "../../../src/wire/flow-record.ts";
import { at, type FlowDetails, flowRecord } from "../../support/replication-flows.ts";

/** Requests per batch at most. */
const BATCH_MAX = 1024;
const NEW = 0;
const UPDATE = 1;
const DELETE = 2;
const ENOENT = 2;
const EEXIST = 17;
const EINVAL = 22;

/** Notes requests as "create 3 60": last byte of the source address, timeout. */
class Notebook implements KernelRequests {
  readonly lines: string[] = [];
  room = Infinity;
  unusable = -1;

  create(record: Span, timeout: number): RequestOutcome {
    return this.#note("create", record, ` ${timeout}`);
  }

  update(record: Span, timeout: number | undefined): RequestOutcome {
    return this.#note("update", record, ` ${timeout}`);
  }

  delete(record: Span): RequestOutcome {
    return this.#note("delete", record, "");
  }

  #note(verb: string, { view, at: start }: Span, rest: string): RequestOutcome {
    const number = view.getUint8(start + 7);
    if (number === this.unusable) return "unusable";
    if (this.lines.length >= this.room) return "full";
    this.lines.push(`${verb} ${number}${rest}`);
    return "written";
  }
}

let cache: ExternalCache;
let plan: CommitPlan;
let kernel: Notebook;

beforeEach(() => {
  cache = new ExternalCache({ kind: "flow", limit: 5000, seed: 1 }, false);
  plan = new CommitPlan(cache, undefined);
  kernel = new Notebook();
});

const say = (change: number, number: number, details: FlowDetails = {}, time = 0): void =>
  cache.apply(change, flowRecord(number, details), at(time));

/** One batch, refused as `errors` says by the place in it; what it asked for. */
function commit(time = 0, errors: Record<number, number> = {}): string[] {
  kernel.lines.length = 0;
  plan.fill(kernel, "all", at(time));
  for (const [index, errno] of Object.entries(errors)) plan.failed(Number(index), errno);
  plan.settle(at(time));
  return [...kernel.lines];
}

describe("a commit plan", () => {
  test("creates what the peer said, once", () => {
    say(NEW, 1, { timeout: 100 });
    say(NEW, 2, { timeout: 100 });
    expect(commit()).toEqual(["create 1 100", "create 2 100"]);
    expect(commit()).toEqual([]);
    expect(plan.isDone).toBe(true);
  });

  test("creates masters before what is related to them", () => {
    say(NEW, 1, { master: true });
    say(NEW, 2);
    expect(commit()).toEqual(["create 2 60", "create 1 60"]);
  });

  test("keeps related flows back until no master is left", () => {
    say(NEW, 1, { master: true });
    say(NEW, 2);
    say(NEW, 3);
    kernel.room = 1;
    expect(commit()).toEqual(["create 2 60"]);
    expect(commit()).toEqual(["create 3 60"]);
    expect(commit()).toEqual(["create 1 60"]);
  });

  test.each([
    ["what is left of it", { timeout: 100 }, 30.5, 70],
    ["a minute when it has passed", { timeout: 100 }, 130, 60],
    ["a minute when none was told", {}, 5, 60],
    ["10 s at least", { timeout: 100 }, 98, 10],
  ])("gives a flow as its timeout %s", (_, details, time, timeout) => {
    say(NEW, 1, details);
    expect(commit(time)).toEqual([`create 1 ${timeout}`]);
  });

  test("gives all flows the timeout that is configured", () => {
    plan = new CommitPlan(cache, seconds(1800));
    say(NEW, 1, { timeout: 5 });
    expect(commit()).toEqual(["create 1 1800"]);
  });

  test("updates what it has committed when it changes", () => {
    say(NEW, 1);
    commit();
    say(UPDATE, 1, { state: 5 });
    expect(commit()).toEqual(["update 1 60"]);
    expect(plan.counters).toMatchObject({ created: 1, updated: 1 });
  });

  test("replaces what was there before", () => {
    say(NEW, 1);
    expect(commit(0, { 0: EEXIST })).toEqual(["create 1 60"]);
    expect(commit(0, { 0: ENOENT })).toEqual(["delete 1", "create 1 60"]);
    expect(plan.counters).toMatchObject({ created: 1, replaced: 1 });
    expect(commit()).toEqual([]);
  });

  test("replaces what an update is refused for, and creates what is gone", () => {
    say(NEW, 1);
    say(NEW, 2);
    commit();
    say(UPDATE, 1, { state: 4 });
    say(UPDATE, 2, { state: 4 });
    expect(commit(0, { 0: EINVAL, 1: ENOENT })).toEqual(["update 1 60", "update 2 60"]);
    expect(commit()).toEqual(["delete 1", "create 1 60", "create 2 60"]);
  });

  test("replaces a flow that became another one of the same tuple", () => {
    say(NEW, 1, { mark: 1 });
    commit();
    say(NEW, 1, { mark: 1 });
    expect(commit(), "it is the same").toEqual([]);
    say(NEW, 1, { mark: 2 });
    expect(commit()).toEqual(["delete 1", "create 1 60"]);
  });

  test("counts what the kernel refuses by errno, and tries it again only when it changes", () => {
    say(NEW, 1);
    say(NEW, 2);
    expect(commit(0, { 1: EINVAL })).toHaveLength(2);
    expect([...plan.counters.failed]).toEqual([[EINVAL, 1]]);
    expect(commit()).toEqual([]);
    say(UPDATE, 2, { state: 4 });
    expect(commit()).toEqual(["create 2 60"]);
  });

  test("counts what no request can be made of, and goes on", () => {
    say(NEW, 1);
    say(NEW, 2);
    kernel.unusable = 1;
    expect(commit()).toEqual(["create 2 60"]);
    expect([...plan.counters.failed]).toEqual([[0, 1]]);
    expect(plan.isDone).toBe(true);
  });

  test("deletes from the kernel what the peer deleted, and only what is there", () => {
    say(NEW, 1);
    say(NEW, 2);
    commit();
    say(NEW, 3);
    for (const number of [1, 3]) say(DELETE, number);
    expect(plan.hasDoomed).toBe(true);
    expect(cache.table.liveCount).toBe(1);
    expect(commit()).toEqual(["delete 1"]);
    expect(cache.table.count).toBe(1);
  });

  test("deletes even while nothing is to be created", () => {
    say(NEW, 1);
    commit();
    say(DELETE, 1);
    say(NEW, 2);
    kernel.lines.length = 0;
    plan.fill(kernel, "ends", at(0));
    plan.settle(at(0));
    expect(kernel.lines).toEqual(["delete 1"]);
  });

  test("creates anew what came back before it was deleted", () => {
    say(NEW, 1, { mark: 1 });
    commit();
    say(DELETE, 1);
    say(NEW, 1, { mark: 2 });
    expect(commit()).toEqual(["delete 1", "create 1 60"]);
    expect(cache.table.liveCount).toBe(1);
  });

  test("copes with changes while a batch is on its way", () => {
    for (const number of [1, 2, 3]) say(NEW, number);
    plan.fill(kernel, "all", at(0));
    say(DELETE, 1);
    say(UPDATE, 2, { state: 4 });
    plan.failed(2, EINVAL);
    say(DELETE, 3);
    plan.settle(at(0));
    expect(commit()).toEqual(["delete 1", "update 2 60"]);
    expect(cache.table.count).toBe(1);
  });

  test("commits again what the kernel lost, and what was committed long ago", () => {
    for (const number of [1, 2, 3]) say(NEW, number);
    commit(0);
    say(NEW, 4);
    commit(100);
    expect(cache.kernelLost(flowRecord(1), false)).toBe(true);
    cache.reopen(false, at(101));
    expect(commit(101)).toEqual(["create 1 60", "update 2 60", "update 3 60"]);
  });

  test("fills batches of bounded size", () => {
    for (let number = 0; number < BATCH_MAX + 10; number += 1) say(NEW, number);
    expect(commit().length).toBeLessThanOrEqual(BATCH_MAX);
    commit();
    expect(plan.counters.created).toBe(BATCH_MAX + 10);
  });

  test("is not to be asked for more before the last batch is settled", () => {
    say(NEW, 1);
    plan.fill(kernel, "all", at(0));
    expect(() => plan.fill(kernel, "all", at(0))).toThrow("not settled");
  });
});
