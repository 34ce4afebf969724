/** `duet init`: looks around, asks, decides, writes. */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { formatPrefix } from "../base/ip.ts";
import type { PairConfig } from "../config/pair/model.ts";
import { writePair } from "../config/pair/write.ts";
import type { Surroundings } from "../daemon/router-surroundings.ts";
import { EXIT } from "./exit-code.ts";
import { answersOf } from "./init-answers.ts";
import { InitError } from "./init-error.ts";
import { type Plan, pairOf } from "./init-plan.ts";
import { Questions } from "./init-questions.ts";
import type { Session } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** What the command line says; commander makes it. Addresses are texts here. */
export interface InitFlags {
  readonly config: string;
  readonly pair?: string;
  readonly node?: string;
  readonly peer?: string;
  readonly lan?: string;
  readonly lanAddress?: string;
  readonly lanPeer?: string;
  readonly lanVirtual?: string;
  readonly wan?: string;
  readonly wanAddress?: string;
  readonly wanPeer?: string;
  readonly wanVirtual?: string;
  readonly gateway?: string;
  readonly link?: string;
  readonly linkAddress?: string;
  readonly linkPeer?: string;
  readonly dhcp?: boolean;
  /** False: no authentication. */
  readonly secret: boolean;
  readonly secretFile?: string;
  readonly force?: boolean;
}

export interface InitTools {
  readonly session: Session;
  readonly terminal: Terminal;
  readonly surroundings: Surroundings;
}

/** Writes the pair's file and the secret. Throws InitError, and has written nothing then. */
export async function runInit(
  flags: InitFlags,
  { session, terminal, surroundings }: InitTools,
): Promise<void> {
  if (existsSync(flags.config) && flags.force !== true) {
    throw new InitError(`${flags.config} is there already: say --force to replace it`);
  }
  const questions = new Questions(terminal, (text) => session.note(text));
  const plan = await answersOf({ flags, questions, surroundings });
  questions.finish();
  const pair = pairOf(plan);
  const lines = [
    ...(plan.secretFile === undefined ? [] : [keepSecret(plan.secretFile, flags.force === true)]),
    keepConfig(flags.config, writePair(pair)),
  ];
  session.out(`${[...lines, "", ...decisions(plan, pair), "", ...next(plan, flags)].join("\n")}\n`);
}

const SECRET_SIZE = 32;
const SECRET_MODE = 0o600;
const CONFIG_MODE = 0o644;

function keepSecret(file: string, isForced: boolean): string {
  if (existsSync(file) && !isForced) {
    return `kept  ${file}, which is there already (--force makes a new one)`;
  }
  replaceFile(file, `${randomBytes(SECRET_SIZE).toString("base64")}\n`, SECRET_MODE);
  return `wrote ${file}, which only root can read`;
}

function keepConfig(file: string, text: string): string {
  replaceFile(file, text, CONFIG_MODE);
  return `wrote ${file}`;
}

/** All of the file or nothing of it is there, and nobody else could read it in between. */
function replaceFile(file: string, text: string, mode: number): void {
  const draft = `${file}.${process.pid}.new`;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    try {
      writeFileSync(draft, text, { mode, flag: "wx" });
      // The umask of whoever runs this does not count.
      chmodSync(draft, mode);
      renameSync(draft, file);
    } finally {
      rmSync(draft, { force: true });
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const isDenied = code === "EACCES" || code === "EPERM" || code === "EROFS";
    const reason = error instanceof Error ? error.message : String(error);
    const advice = isDenied ? "; run it as root, or say --config and --secret-file" : "";
    const message = `${file} cannot be written: ${reason}${advice}`;
    throw new InitError(message, isDenied ? EXIT.noPermission : EXIT.usage);
  }
}

/** What was decided, one line a network. */
function decisions({ node, peer, networks, dhcp, secretFile }: Plan, pair: PairConfig): string[] {
  const rows = networks.map((network) => {
    const { own, peer: other, virtual, gateway } = network;
    const parts = [
      `${node} ${formatPrefix(own)}`,
      `${peer} ${other.address}`,
      ...(virtual === undefined ? ["dedicated link"] : [`virtual address ${virtual.address}`]),
      ...(gateway === undefined ? [] : [`gateway ${gateway}`]),
    ];
    return `  ${network.name.padEnd(4)} ${network.interface}: ${parts.join(", ")}`;
  });
  const [lan] = pair.networks;
  const pool = lan?.dhcp;
  return [
    `This router is ${node}, the other one is ${peer}:`,
    ...rows,
    `  connections are replicated over ${pair.replication?.links.join(", ") ?? "nothing"}`,
    dhcp && pool !== undefined ? `  DHCP on lan: ${pool.first} to ${pool.last}` : "  no DHCP",
    secretFile === undefined
      ? "  advertisements are not authenticated"
      : "  advertisements are authenticated with the secret",
  ];
}

function next({ peer, networks, secretFile }: Plan, { config }: InitFlags): string[] {
  const address = networks[0]?.peer.address ?? peer;
  const folder = path.dirname(config);
  const files = [config, ...(secretFile === undefined ? [] : [secretFile])].join(" ");
  return [
    "Next:",
    `  ssh root@${address} mkdir -p ${folder}`,
    `  scp -p ${files} root@${address}:${folder}/    # the same files on ${peer}`,
    `  duet check ${config}`,
    `  duet run --config ${config}    # on both`,
  ];
}
