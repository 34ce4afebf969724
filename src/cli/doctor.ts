import type { Command } from "commander";
import type { Expectation } from "../check/doctor/finding.ts";
import { formatDiagnostic } from "../config/diagnostics.ts";
import { type DoctorReport, formatDoctor } from "./doctor-text.ts";
import { examples } from "./examples.ts";
import { EXIT } from "./exit-code.ts";
import { paintFor } from "./paint.ts";
import type { Session } from "./session.ts";
import { type SocketOptions, socketOption } from "./socket-option.ts";

interface DoctorFlags extends SocketOptions {
  readonly config?: string;
  readonly keepalived?: string;
  readonly conntrackd?: string;
  readonly node?: string;
  readonly listen?: number;
  readonly json?: boolean;
}

const CONFIG_DEFAULT = "/etc/duet/duet.yaml";
const LISTEN_MAX_SECONDS = 3_600;

export function addDoctor(program: Command, session: Session): void {
  program
    .command("doctor")
    .summary("look at this router as it is, and say what endangers a failover")
    .description(
      "Compares this router as it runs with its configuration: kernel parameters, interfaces, addresses and routes, the packet filter, other VRRP routers that are heard, hosts that claim a virtual address, and the daemon's own status. It reads, listens and asks by ARP, and changes nothing. Every finding has a reason and a fix; what could not be looked at is listed with how it can be. The exit status is 1 when there are errors, 0 when there are warnings only, and 2 when the configuration cannot be read. Needs root to see everything.",
    )
    .option("--config <file>", `the pair's file (default: ${CONFIG_DEFAULT})`)
    .option("--keepalived <file>", "keepalived.conf of this router, instead of the pair's file")
    .option("--conntrackd <file>", "conntrackd.conf of this router, instead of the pair's file")
    .option(
      "--node <name>",
      "name of this router in the pair's file (default: found by its addresses)",
    )
    .addOption(socketOption())
    .option(
      "--listen <seconds>",
      "how long to listen for other routers; 0 for not at all (default: until a router would count as down, 10 s at most)",
      (text) => parseSeconds(text, program),
    )
    .option("--json", "print the findings as JSON")
    .addHelpText(
      "after",
      examples(
        ["duet doctor", "on either router of a pair"],
        [
          "duet doctor --keepalived /etc/keepalived/keepalived.conf --conntrackd /etc/conntrackd/conntrackd.conf",
          "a router that runs on classic files, be it with Duet or with keepalived",
        ],
        ["duet doctor --json --listen 30 | jq -r '.findings[].code'", "codes for scripts"],
      ),
    )
    .action(async (flags: DoctorFlags, command: Command) => {
      const isClassic = flags.keepalived !== undefined || flags.conntrackd !== undefined;
      if (isClassic && (flags.config !== undefined || flags.node !== undefined))
        command.error("error: --config and --node go with the pair's file, not with classic files");
      session.finish(await examine(flags, session, isClassic));
    });
}

/** 0 to 3600 seconds, with a fraction. */
function parseSeconds(text: string, program: Command): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= LISTEN_MAX_SECONDS))
    program.error(`error: --listen takes 0 to ${LISTEN_MAX_SECONDS} seconds, not "${text}"`);
  return value;
}

async function examine(flags: DoctorFlags, session: Session, isClassic: boolean): Promise<number> {
  // What reads configurations and the system is only loaded when it is needed.
  const { loadExpectation } = await import("../daemon/doctor/expectation.ts");
  const { keepalived = null, conntrackd = null, node = null } = flags;
  const config = isClassic ? null : (flags.config ?? CONFIG_DEFAULT);
  const { expectation, diagnostics, how } = loadExpectation({
    config,
    keepalived,
    conntrackd,
    node,
  });
  if (expectation === undefined) {
    for (const diagnostic of diagnostics) session.note(`${formatDiagnostic(diagnostic)}\n`);
    if (!isClassic && flags.config === undefined)
      session.note(
        "--keepalived and --conntrackd name the files of a router without a pair's file\n",
      );
    return EXIT.usage;
  }
  const report = await judge(expectation, how, flags);
  const text =
    flags.json === true
      ? `${JSON.stringify(report, null, 2)}\n`
      : formatDoctor(report, paintFor(session.colour));
  session.out(text);
  return report.errors === 0 ? EXIT.done : EXIT.findings;
}

async function judge(
  expectation: Expectation,
  node: string | null,
  { socket, listen }: DoctorFlags,
): Promise<DoctorReport> {
  const { diagnose } = await import("../check/doctor/doctor.ts");
  const { lookAround } = await import("../daemon/doctor/look.ts");
  const listenMs = listen === undefined ? undefined : listen * 1_000;
  const snapshot = await lookAround(expectation, { socket, listenMs });
  const findings = diagnose(snapshot, expectation);
  const errors = findings.filter(({ severity }) => severity === "error").length;
  return { node, errors, warnings: findings.length - errors, findings, unseen: snapshot.unseen };
}
