/**
 * FTP between the lab's client and its upstream: control connections whose commands the kernel's helper reads, and data
 * connections in both modes, which nothing but the helper's expectations lets through the routers' firewall. Each mode has
 * a control connection of its own, as the helper expects one data connection at a time for each.
 */
import type { ChildProcess } from "node:child_process";
import { execFileSync } from "node:child_process";
import { eachLine, spawnInside } from "../../src/lab/child.ts";
import {
  namespaceName,
  ROUTER_INTERFACES,
  ROUTER_NAMES,
  SERVICE_ADDRESS,
} from "../../src/lab/topology.ts";
import { until } from "./interop-waiting.ts";

const CLIENT_ADDRESS = "192.168.1.100";
const PATIENCE_MS = 30_000;

/** The helper reads port 21; what is new and neither that nor expected does not pass between LAN and WAN. */
const RULES = `table ip ftp {
  ct helper ftp-control { type "ftp" protocol tcp; }
  chain helpers { type filter hook prerouting priority filter; tcp dport 21 ct helper set "ftp-control"; }
  chain passing {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "${ROUTER_INTERFACES.lan}" ip protocol { icmp, udp } accept
    tcp dport 21 accept
  }
}`;

/** PORT and RETR open a data connection from here, PASV waits for one; both echo. Everything else is acknowledged. */
const SERVER = `
const net = require("net");
const here = process.argv[1];
const echo = (socket) => { socket.on("error", () => {}); socket.on("data", (data) => socket.write(data)); };
let next = 40001;
net.createServer((control) => {
  let target;
  control.on("error", () => {});
  require("readline").createInterface(control).on("line", (line) => {
    const [word, value = ""] = line.split(" ");
    const numbers = value.split(",");
    if (word === "PORT") {
      target = { host: numbers.slice(0, 4).join("."), port: numbers[4] * 256 + +numbers[5], localAddress: here, localPort: 20 };
      control.write("200 " + numbers.slice(0, 4).join(".") + "\\r\\n");
    } else if (word === "RETR") {
      echo(net.connect(target));
      control.write("150 " + value + "\\r\\n");
    } else if (word === "PASV") {
      const port = next++;
      net.createServer(echo).listen(port, () =>
        control.write("227 Entering Passive Mode (" + here.replaceAll(".", ",") + "," + (port >> 8) + "," + (port & 255) + ")\\r\\n"));
    } else control.write("200 " + line + "\\r\\n");
  });
}).listen(21, () => console.log("ready"));`;

/** Lines on its input: "listen NAME PORT", "connect NAME PORT", "say NAME TEXT". Prints "NAME what it heard". */
const CLIENT = `
const net = require("net");
const [here, there] = process.argv.slice(1);
const sockets = {};
const open = (name, socket) => {
  sockets[name] = socket;
  socket.on("error", (error) => console.log(name, error.code));
  socket.on("close", () => console.log(name, "closed"));
  require("readline").createInterface(socket).on("line", (line) => console.log(name, line));
};
for (const name of ["ACTIVE", "PASSIVE"]) open(name, net.connect(21, there));
require("readline").createInterface(process.stdin).on("line", (line) => {
  const [verb, ...words] = line.split(" ");
  const [name, ...rest] = words;
  if (verb === "connect") open(name, net.connect(+rest[0], there));
  else if (verb === "say") sockets[name].write(rest.join(" ") + "\\r\\n");
  else net.createServer((socket) => { open(name, socket); console.log(name, "open"); })
    .listen(+rest[0], here, () => console.log(name, "listens"));
});`;

type Control = "ACTIVE" | "PASSIVE";

/** A data connection that was announced and not yet opened. */
export interface Announced {
  readonly name: string;
  /** Where the server listens; undefined when it is the server that will connect. */
  readonly port: number | undefined;
}

export class FtpConversation {
  readonly #children: ChildProcess[] = [];
  readonly #heard: string[] = [];
  #client: ChildProcess | undefined;
  #nextPort = 50_001;
  #said = 0;
  readonly #open: string[] = [];

  /** Gives both routers of the lab the helper and the firewall, and opens the control connections. */
  static async open(lab: string): Promise<FtpConversation> {
    const conversation = new FtpConversation();
    for (const router of ROUTER_NAMES)
      execFileSync("ip", ["netns", "exec", namespaceName(lab, router), "nft", RULES]);
    const server = conversation.#spawn(namespaceName(lab, "upstream"), SERVER, SERVICE_ADDRESS);
    let isReady = false;
    server.stdout?.once("data", () => (isReady = true));
    await until(() => isReady, { what: () => "the FTP server listens", ms: PATIENCE_MS });
    const client = namespaceName(lab, "client");
    conversation.#client = conversation.#spawn(client, CLIENT, CLIENT_ADDRESS, SERVICE_ADDRESS);
    if (conversation.#client.stdout !== null)
      eachLine(conversation.#client.stdout, (line) => conversation.#heard.push(line));
    await conversation.areAlive();
    return conversation;
  }

  /** Announces one data connection of each mode: the helper expects them from now on. */
  async announce(label: string): Promise<readonly [active: Announced, passive: Announced]> {
    const active = `active-${label}`;
    const port = (this.#nextPort += 1);
    this.#tell(`listen ${active} ${port}`);
    await this.#hears(`${active} listens`);
    const place = [...CLIENT_ADDRESS.split("."), port >> 8, port & 255].join(",");
    // The server was told the address of the pair.
    await this.#command("ACTIVE", `PORT ${place}`, "200 192.168.0.4");
    const from = this.#heard.length;
    this.#tell("say PASSIVE PASV");
    const answer = await this.#hears(/^PASSIVE 227 .*,(\d+),(\d+)\)$/, from);
    const [high = "", low = ""] = answer.slice(1);
    return [
      { name: active, port: undefined },
      { name: `passive-${label}`, port: Number(high) * 256 + Number(low) },
    ];
  }

  /** Opens announced data connections and exchanges a word over each. */
  async begin(...announced: readonly Announced[]): Promise<void> {
    for (const { name, port } of announced) {
      if (port === undefined) {
        this.#tell(`say ACTIVE RETR ${name}`);
        // oxlint-disable-next-line no-await-in-loop -- a control connection carries one command after the other
        await this.#hears(`${name} open`);
      } else this.#tell(`connect ${name} ${port}`);
      this.#open.push(name);
    }
    await this.areAlive();
  }

  /** Speaks over the control connections and over every data connection, and waits until each answers. */
  async areAlive(): Promise<void> {
    const word = `word-${(this.#said += 1)}`;
    for (const name of this.#open) this.#tell(`say ${name} ${word}`);
    // oxlint-disable-next-line no-await-in-loop -- one after the other will do
    await Promise.all([
      this.#command("ACTIVE", `NOOP ${word}`, `200 NOOP ${word}`),
      this.#command("PASSIVE", `NOOP ${word}`, `200 NOOP ${word}`),
      ...this.#open.map((name) => this.#hears(`${name} ${word}`)),
    ]);
  }

  close(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }

  async #command(control: Control, line: string, answer: string): Promise<void> {
    const from = this.#heard.length;
    this.#tell(`say ${control} ${line}`);
    await this.#hears(`${control} ${answer}`, from);
  }

  #tell(line: string): void {
    this.#client?.stdin?.write(`${line}\n`);
  }

  async #hears(wanted: string | RegExp, from = 0): Promise<readonly string[]> {
    const find = (): readonly string[] | undefined => {
      for (const line of this.#heard.slice(from)) {
        if (line === wanted) return [line];
        const match = typeof wanted === "string" ? null : wanted.exec(line);
        if (match !== null) return match;
      }
      return undefined;
    };
    await until(() => find() !== undefined, {
      what: () => `"${wanted}" is heard; last: ${this.#heard.slice(-12).join("; ")}`,
      ms: PATIENCE_MS,
    });
    return find() ?? [];
  }

  #spawn(namespace: string, program: string, ...words: readonly string[]): ChildProcess {
    const argv = [process.execPath, "-e", program, ...words];
    const child = spawnInside({ namespace, argv, stdio: ["pipe", "pipe", "inherit"] });
    this.#children.push(child);
    return child;
  }
}
