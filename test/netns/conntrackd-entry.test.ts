/** `conntrackd` by Duet as the daemon that init scripts start, and the commands of people who look after it. */
import { type ExecFileException, execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { ReplicationStats } from "../../src/control/replication-contract.ts";
import { isRoot, type TestNamespace, TestNet } from "../support/netns.ts";

const CLI = fileURLToPath(new URL("../../dist/cli", import.meta.url));
const SOON = { timeout: 30_000, interval: 50 };

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly note: string;
}

/** One router with a cable to another, and a folder for everything that its daemon writes. */
class Router {
  readonly namespace: TestNamespace;
  readonly folder: string = mkdtempSync(path.join(tmpdir(), "duet-entry-"));

  constructor(namespace: TestNamespace, own: string, peer: string) {
    this.namespace = namespace;
    writeFileSync(this.file("conntrackd.conf"), this.#conf(own, peer));
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }

  async conntrackd(...argv: readonly string[]): Promise<Outcome> {
    return this.#run("conntrackd.js", "-C", this.file("conntrackd.conf"), ...argv);
  }

  async flows(...argv: readonly string[]): Promise<Outcome> {
    return this.#run("main.js", "flows", ...argv);
  }

  async stats(): Promise<ReplicationStats> {
    return JSON.parse((await this.flows("stats", "--json")).out) as ReplicationStats;
  }

  /** Adds a flow to the kernel. */
  addFlow(port: number): void {
    const tuple = `-s 192.168.1.2 -d 203.0.113.9 -p udp --sport ${port} --dport 53`;
    this.namespace.exec("conntrack", "-I", ...`${tuple} -t 300 -u SEEN_REPLY`.split(" "));
  }

  /** Flows of the kernel that are no conversation of the two daemons. */
  kernelFlows(): number {
    const text = this.namespace.exec("conntrack", "-L", "-s", "192.168.1.2");
    return text.split("\n").filter((line) => line !== "").length;
  }

  /** Waits until its daemon is gone, of which the socket is the last. */
  async ended(): Promise<void> {
    await expect.poll(() => existsSync(this.file("duet.sock")), SOON).toBe(false);
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }

  async #run(program: string, ...argv: readonly string[]): Promise<Outcome> {
    const { name } = this.namespace;
    const words = ["netns", "exec", name, process.execPath, path.join(CLI, program), ...argv];
    const env = {
      ...process.env,
      DUET_SOCKET: this.file("duet.sock"),
      DUET_STATE_DIR: this.file("state"),
    };
    return new Promise((resolve) => {
      execFile("ip", words, { env }, (error: ExecFileException | null, out, note) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, note });
      });
    });
  }

  #conf(own: string, peer: string): string {
    return `
Sync {
  Mode FTFW { }
  UDP { IPv4_address ${own} IPv4_Destination_Address ${peer} Port 3780 Interface sync }
}
General {
  LogFile ${this.file("conntrackd.log")}
  LockFile ${this.file("conntrackd.lock")}
  UNIX { Path ${this.file("conntrackd.ctl")} }
  Filter From Userspace { Address Ignore { IPv4_address ${own} IPv4_address ${peer} } }
}
`;
  }
}

describe.skipIf(!isRoot)("conntrackd by Duet (needs root)", () => {
  let net: TestNet;
  let alpha: Router;
  let beta: Router;

  beforeAll(() => {
    net = new TestNet();
    const [a, b] = [net.namespace("ent-a"), net.namespace("ent-b")];
    net.cable(a, "sync", b, "sync");
    a.ip("address add 10.255.0.1/30 dev sync");
    b.ip("address add 10.255.0.2/30 dev sync");
    alpha = new Router(a, "10.255.0.1", "10.255.0.2");
    beta = new Router(b, "10.255.0.2", "10.255.0.1");
  });

  afterAll(() => {
    alpha.close();
    beta.close();
    net.close();
  });

  /** Starts both in the background; they end with the test. */
  async function startBoth(): Promise<void> {
    for (const router of [alpha, beta]) {
      onTestFinished(async () => {
        await router.conntrackd("-k");
        await router.ended();
      });
      // oxlint-disable-next-line no-await-in-loop -- a machine starts one after the other
      expect(await router.conntrackd("-d")).toEqual({ code: 0, out: "", note: "" });
    }
  }

  test("-d returns when the daemon works, -k ends it and leaves nothing behind", async () => {
    await startBoth();
    expect(existsSync(alpha.file("conntrackd.lock"))).toBe(true);
    expect((await alpha.conntrackd("-s", "link")).out).toContain("UDP traffic device=sync");
    const log = (): string => readFileSync(alpha.file("conntrackd.log"), "utf8");
    await expect.poll(log, { timeout: 20_000 }).toContain("replicates in ftfw mode");
    expect(await alpha.conntrackd("-k")).toEqual({ code: 0, out: "", note: "" });
    await alpha.ended();
    expect(existsSync(alpha.file("conntrackd.ctl"))).toBe(false);
    expect(existsSync(alpha.file("conntrackd.lock"))).toBe(false);
  });

  test("-d of a second daemon says that it did not start", async () => {
    await startBoth();
    const { code, note } = await alpha.conntrackd("-d");
    expect(code).toBe(1);
    expect(note).toBe(
      "conntrackd: the daemon did not start (exit status 2): without -d it says why\n",
    );
    expect((await alpha.conntrackd("-s")).code).toBe(0);
  });

  test("flows are listed, committed and flushed on the router that received them", async () => {
    await startBoth();
    for (const port of [1_001, 1_002, 1_003]) alpha.addFlow(port);
    await expect.poll(async () => (await beta.stats()).flows.external.active, SOON).toBe(3);
    const listed = await beta.flows("list", "--external", "--protocol", "udp", "--limit", "2");
    expect(listed.out.match(/^udp {6}17 src=192\.168\.1\.2 /gm)).toHaveLength(2);
    const elsewhere = await beta.flows("list", "--external", "--source", "192.168.2.0/24");
    expect(elsewhere).toEqual({ code: 0, out: "", note: "" });
    const committed = await beta.flows("commit", "--json");
    expect(JSON.parse(committed.out)).toMatchObject({ failed: 0 });
    expect(beta.kernelFlows()).toBe(3);
    expect((await beta.flows("flush", "--external")).out).toBe("3 flows forgotten\n");
    expect((await beta.flows("list", "--external")).out).toBe("");
    await beta.flows("resync");
    await expect.poll(async () => (await beta.stats()).flows.external.active, SOON).toBe(3);
  });

  test("the script of a router that becomes primary works on Duet", async () => {
    await startBoth();
    for (const port of [2_001, 2_002]) alpha.addFlow(port);
    const before = alpha.kernelFlows();
    await expect.poll(async () => (await beta.stats()).flows.external.active, SOON).toBe(before);
    for (const option of ["-c", "-f", "-R", "-B"]) {
      // oxlint-disable-next-line no-await-in-loop -- a script runs one command after the other
      expect(await beta.conntrackd(option)).toEqual({ code: 0, out: "", note: "" });
    }
    expect(beta.kernelFlows()).toBe(before);
    // What beta owns now is alpha's external table.
    await expect.poll(async () => (await alpha.stats()).flows.external.active, SOON).toBe(before);
  });
});
