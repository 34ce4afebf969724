import { afterEach, expect, test } from "vitest";
import { milliseconds } from "../../../src/base/time.ts";
import {
  isStateOrder,
  type StateLoaded,
  type StateOrder,
  TakeoverLine,
  TakeoverWiring,
} from "../../../src/daemon/takeover-line.ts";

const wirings: TakeoverWiring[] = [];

function line(): {
  vrrp: TakeoverLine<StateLoaded, StateOrder>;
  replication: TakeoverLine<StateOrder, StateLoaded>;
} {
  const wiring = new TakeoverWiring();
  wirings.push(wiring);
  return {
    vrrp: new TakeoverLine(wiring.vrrp),
    replication: new TakeoverLine(wiring.replication),
  };
}

afterEach(() => {
  for (const wiring of wirings.splice(0)) wiring.close();
});

test("what one end tells the other hears at once, in order, without an event loop", () => {
  const { vrrp, replication } = line();
  vrrp.tell({ type: "preload-state", unit: "home" });
  vrrp.tell({ type: "load-state", unit: "home" });
  const heard: StateOrder[] = [];
  replication.hear((order) => heard.push(order));
  expect(heard).toEqual([
    { type: "preload-state", unit: "home" },
    { type: "load-state", unit: "home" },
  ]);
});

test("the answer comes back on the same line, and hearing twice hears nothing twice", () => {
  const { vrrp, replication } = line();
  const loaded: StateLoaded = {
    type: "state-loaded",
    unit: "home",
    took: milliseconds(3),
    detail: "12 flows",
  };
  replication.tell(loaded);
  const heard: StateLoaded[] = [];
  vrrp.hear((message) => heard.push(message));
  vrrp.hear((message) => heard.push(message));
  expect(heard).toEqual([loaded]);
});

test("orders about state are told from all others", () => {
  expect(isStateOrder({ type: "release-state", unit: "home" })).toBe(true);
  expect(isStateOrder({ type: "install", unit: "home", instances: [] })).toBe(false);
});
