import { expect, test } from "vitest";
import type { IpAddress } from "../../../src/base/ip.ts";
import { instant, seconds } from "../../../src/base/time.ts";
import { Farewell } from "../../../src/daemon/farewell.ts";
import type { RouterAction, RouterEvent } from "../../../src/vrrp/events.ts";

const NOW = instant(5_000_000);
const resign = (instance: string): RouterAction => ({ type: "advertise", instance, priority: 0 });
const withdraw: RouterAction = { type: "withdraw", unit: "G", instances: ["A", "B"] };
const stop: RouterAction = {
  type: "notify",
  scope: "GROUP",
  name: "G",
  state: "STOP",
  priority: 0,
};

const advertisement = (instance: string, priority: number): RouterEvent => ({
  type: "advertisement",
  instance,
  source: "192.0.2.2" as IpAddress,
  heard: { priority, interval: seconds(1), sameAddresses: true },
});

test("addresses stay until a successor has spoken for every instance", () => {
  const { atOnce, farewell } = Farewell.divide([resign("A"), resign("B"), withdraw, stop], NOW);
  expect(atOnce).toEqual([resign("A"), resign("B"), stop]);
  expect(farewell?.orders).toEqual([withdraw]);
  expect(farewell?.hear(advertisement("A", 100))).toBe(false);
  expect(farewell?.hear(advertisement("B", 100))).toBe(true);
});

test("another router that resigns is no successor", () => {
  const { farewell } = Farewell.divide([resign("A"), withdraw], NOW);
  expect(farewell?.hear(advertisement("A", 0))).toBe(false);
});

test("nobody is waited for longer than a second", () => {
  const { farewell } = Farewell.divide([resign("A"), withdraw], NOW);
  expect(farewell?.until).toBe(NOW + seconds(1));
});

test("who was not Active leaves at once", () => {
  expect(Farewell.divide([stop], NOW)).toEqual({ atOnce: [stop], farewell: undefined });
});
