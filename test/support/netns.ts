/**
 * Networks of namespaces for tests. Namespaces are called duet-t<pid>-<name>, so that those of a test run that was
 * killed can be told from those of one that is still going on, and are removed by the next.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import type { Mac } from "../../src/base/mac.ts";
import { withNetworkNamespace } from "../../src/kernel/namespace.ts";
import { until } from "./interop-waiting.ts";

const RUN_NETNS = "/run/netns";
const OWN_NAME = /^duet-t(\d+)-/;

export const isRoot: boolean = process.getuid?.() === 0;

/** One namespace of a test network. */
export class TestNamespace {
  /** As `ip netns` knows it. */
  readonly name: string;
  readonly path: string;
  readonly #children: ChildProcess[] = [];

  constructor(name: string) {
    this.name = name;
    this.path = path.join(RUN_NETNS, name);
    run("ip", "netns", "add", name);
    this.exec("ip", "link", "set", "lo", "up");
  }

  /** Runs a program inside and returns what it printed; throws with its error output when it fails. */
  exec(program: string, ...words: readonly string[]): string {
    return run("ip", "netns", "exec", this.name, program, ...words);
  }

  /** ip(8) with a whole command line: ns.ip("link set eth0 up"). */
  ip(line: string): string {
    return this.exec("ip", ...line.split(" "));
  }

  /** The list that `ip -json` prints. */
  ipJson(line: string): readonly unknown[] {
    return JSON.parse(this.ip(`-json ${line}`)) as unknown[];
  }

  indexOf(interfaceName: string): number {
    return Number(this.exec("cat", `/sys/class/net/${interfaceName}/ifindex`));
  }

  macOf(interfaceName: string): Mac {
    return this.exec("cat", `/sys/class/net/${interfaceName}/address`).trim() as Mac;
  }

  /** Starts a program inside; it is killed when the network is closed. */
  spawn(program: string, ...words: readonly string[]): ChildProcess {
    const child = spawn("ip", ["netns", "exec", this.name, program, ...words]);
    this.#children.push(child);
    return child;
  }

  /** Calls `open` with the thread inside: sockets that it opens stay there. */
  within<T>(open: () => T): T {
    return withNetworkNamespace(this.path, open);
  }

  close(): void {
    for (const child of this.#children) if (child.exitCode === null) child.kill("SIGKILL");
    removeNamespace(this.name);
  }
}

/** Waits until the kernel says that these interfaces have a carrier, which it does up to a second after the cable is in. */
export async function carriers(place: TestNamespace, ...names: readonly string[]): Promise<void> {
  const isUp = (name: string): boolean =>
    place.exec("cat", `/sys/class/net/${name}/operstate`).trim() === "up";
  await until(() => names.every(isUp), {
    what: () => `carriers of ${names.join(" and ")} in ${place.name}`,
    ms: 20_000,
  });
}

/** A set of namespaces that lives as long as a test file needs it. */
export class TestNet {
  readonly #namespaces: TestNamespace[] = [];
  readonly #onExit = (): void => {
    this.#removeAll();
  };

  constructor() {
    removeStaleNamespaces();
    process.once("exit", this.#onExit);
  }

  /** A new, empty namespace with its loopback up; `name` is at most 10 letters. */
  namespace(name: string): TestNamespace {
    const namespace = new TestNamespace(`duet-t${process.pid}-${name}`);
    this.#namespaces.push(namespace);
    return namespace;
  }

  /** A cable between interface `name` of `a` and interface `peer` of `b`, both up. */
  cable(a: TestNamespace, name: string, b: TestNamespace, peer: string): void {
    a.ip(`link add ${name} type veth peer name ${peer} netns ${b.name}`);
    a.ip(`link set ${name} up`);
    b.ip(`link set ${peer} up`);
  }

  /** A switch: a namespace with a bridge into which `plug` puts cables. */
  switch(name: string): TestSwitch {
    return new TestSwitch(this, this.namespace(name));
  }

  close(): void {
    process.off("exit", this.#onExit);
    this.#removeAll();
  }

  #removeAll(): void {
    for (const namespace of this.#namespaces.splice(0)) namespace.close();
  }
}

export class TestSwitch {
  readonly namespace: TestNamespace;
  readonly #net: TestNet;
  #ports = 0;

  constructor(net: TestNet, namespace: TestNamespace) {
    this.#net = net;
    this.namespace = namespace;
    namespace.ip("link add br0 type bridge forward_delay 0");
    namespace.ip("link set br0 up");
  }

  /** Connects interface `name` of `namespace` and returns the name of the switch's port, to pull the cable by. */
  plug(namespace: TestNamespace, name: string): string {
    const port = `port${(this.#ports += 1)}`;
    this.#net.cable(namespace, name, this.namespace, port);
    this.namespace.ip(`link set ${port} master br0`);
    return port;
  }
}

function run(program: string, ...words: readonly string[]): string {
  return execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

function removeNamespace(name: string): void {
  if (existsSync(path.join(RUN_NETNS, name))) run("ip", "netns", "del", name);
}

function removeStaleNamespaces(): void {
  const names = existsSync(RUN_NETNS) ? readdirSync(RUN_NETNS) : [];
  for (const name of names) {
    const owner = OWN_NAME.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) removeNamespace(name);
  }
}
