import { afterEach, describe, expect, test } from "vitest";
import { capture } from "../../src/lab/command.ts";
import type { Act } from "../../src/lab/faults.ts";
import { Lab } from "../../src/lab/lab.ts";
import { removeNamespaces } from "../../src/lab/namespaces.ts";
import { inNamespace, NETNS_FOLDER } from "../../src/lab/provisioning.ts";
import { labFolder, listFolder, recordedLabs, writeRecord } from "../../src/lab/registry.ts";
import { namespaceName, type Role } from "../../src/lab/topology.ts";
import { waitUntil } from "../../src/lab/waiting.ts";
import { labName } from "../support/lab.ts";

const PATIENCE_MS = 15_000;

const options = { daemon: "duet", configFile: "/nowhere" } as const;
const open = (name: string): Promise<Lab> =>
  Lab.open({ name, routers: { alpha: options, beta: options }, tell: () => undefined });
const namespacesOf = (name: string): string[] =>
  listFolder(NETNS_FOLDER).filter((entry) => entry.startsWith(`duet-${name}-`));

let lab: Lab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

async function inside(role: Role, ...argv: string[]): Promise<{ ok: boolean; stdout: string }> {
  const name = namespaceName(lab!.name, role);
  const { status, stdout } = await capture({ argv: inNamespace(name, argv) });
  return { ok: status === 0, stdout };
}
const reaches = async (role: Role, address: string): Promise<boolean> =>
  (await inside(role, "ping", "-q", "-c", "1", "-W", "1", address)).ok;
/** Bridges and neighbours take their time on a busy machine. */
const comesToReach = (role: Role, address: string): Promise<boolean> =>
  waitUntil(() => reaches(role, address), PATIENCE_MS);
const hasCarrier = async (name: string): Promise<boolean> =>
  (await inside("alpha", "cat", `/sys/class/net/${name}/carrier`)).stdout.trim() === "1";

describe("a lab", () => {
  test("is up within seconds, and everybody reaches the neighbours", async () => {
    const startedAt = performance.now();
    lab = await open(labName("up"));
    expect(performance.now() - startedAt).toBeLessThan(PATIENCE_MS);
    expect(await comesToReach("client", "192.168.1.2")).toBe(true);
    expect(await comesToReach("client", "192.168.1.3")).toBe(true);
    expect(await comesToReach("client", "fd0d:e7:1::2")).toBe(true);
    expect(await comesToReach("upstream", "192.168.0.3")).toBe(true);
    expect(await comesToReach("alpha", "10.255.0.2")).toBe(true);
    expect(await comesToReach("alpha", "2001:db8:2::1")).toBe(true);
  });

  test("keeps client and upstream apart while no router is active", async () => {
    lab = await open(labName("off"));
    expect(await reaches("client", "198.51.100.10")).toBe(false);
  });

  test("leaves nothing behind, however often it is closed", async () => {
    const name = labName("gone");
    const opened = await open(name);
    expect(namespacesOf(name)).toHaveLength(6);
    await opened.close();
    await opened.close();
    expect(namespacesOf(name)).toEqual([]);
    expect(recordedLabs()).not.toContain(name);
  });

  test("that exists already is not built a second time", async () => {
    lab = await open(labName("twice"));
    await expect(open(labName("twice"))).rejects.toThrow("is up already");
    expect(namespacesOf(labName("twice"))).toHaveLength(6);
  });

  test("whose owner is dead is removed when the next one is opened", async () => {
    const dead = labName("dead");
    const abandoned = await open(dead);
    const router = { daemon: "duet", pid: null, socket: "", log: "" } as const;
    const owner = { pid: process.pid, startTime: 1 };
    writeRecord({ name: dead, owner, since: "", routers: { alpha: router, beta: router } });
    try {
      lab = await open(labName("next"));
      expect(namespacesOf(dead)).toEqual([]);
      expect(listFolder(labFolder(dead))).toEqual([]);
    } finally {
      await abandoned.close();
    }
  });

  test("ends what still lives inside before it removes a namespace", async () => {
    const name = labName("alive");
    const opened = await open(name);
    const sleeping = capture({ argv: inNamespace(namespaceName(name, "client"), ["sleep", "60"]) });
    const isThere = async (): Promise<boolean> =>
      (await capture({ argv: ["ip", "netns", "pids", namespaceName(name, "client")] })).stdout !==
      "";
    expect(await waitUntil(isThere, PATIENCE_MS)).toBe(true);
    await removeNamespaces(name);
    await opened.close();
    expect((await sleeping).status).not.toBe(0);
    expect(namespacesOf(name)).toEqual([]);
  });
});

describe("a fault", () => {
  const act = (type: "cable" | "port", isWhole: boolean): Act =>
    type === "cable"
      ? { type, router: "alpha", side: "lan", plugged: isWhole }
      : { type, router: "alpha", side: "lan", forwarding: isWhole };

  test("of the cable takes the carrier from the router's bridge, and the repair gives it back", async () => {
    lab = await open(labName("cable"));
    await lab.perform([act("cable", false)]);
    expect(await waitUntil(async () => !(await hasCarrier("br-lan")), PATIENCE_MS)).toBe(true);
    expect(await reaches("client", "192.168.1.2")).toBe(false);
    await lab.repairNetwork();
    expect(await waitUntil(() => hasCarrier("br-lan"), PATIENCE_MS)).toBe(true);
    expect(await waitUntil(() => reaches("client", "192.168.1.2"), PATIENCE_MS)).toBe(true);
  });

  test("of the switch port loses every frame but keeps the carrier, on that side only", async () => {
    lab = await open(labName("port"));
    expect(await comesToReach("client", "192.168.1.2")).toBe(true);
    await lab.perform([act("port", false)]);
    expect(await reaches("client", "192.168.1.2")).toBe(false);
    expect(await reaches("alpha", "192.168.1.100")).toBe(false);
    expect(await hasCarrier("br-lan")).toBe(true);
    expect(await comesToReach("upstream", "192.168.0.2")).toBe(true);
    await lab.perform([act("port", true)]);
    expect(await comesToReach("client", "192.168.1.2")).toBe(true);
  });
});
