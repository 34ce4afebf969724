import { type Command, Option } from "commander";
import type { Finding } from "../check/finding.ts";
import type { ConfigurationKind } from "../check/recognition.ts";
import { formatDiagnostic } from "../config/diagnostics.ts";
import { CONFIG_DEFAULT } from "./config-default.ts";
import { examples } from "./examples.ts";
import { EXIT } from "./exit-code.ts";
import type { FileReport } from "./file-report.ts";
import { paintFor } from "./paint.ts";
import type { Session } from "./session.ts";
import { plural } from "./words.ts";

interface CheckFlags {
  readonly as?: ConfigurationKind | "pair";
  readonly configId?: string;
  readonly router?: readonly string[];
  readonly explain?: string;
  readonly json?: boolean;
}

export function addCheck(program: Command, session: Session): void {
  const command = program
    .command("check")
    .summary("check configuration files")
    .description(
      "Reads the pair's file as each of the two routers does, or the files of one router or of both as the daemon would, compares them with each other, and lists every finding with file, line and column, why it matters and what to do. Besides keepalived.conf and conntrackd.conf it reads OpenWrt's network, dhcp, firewall and keepalived, dnsmasq.conf, nftables rules, sysctl.conf, sysupgrade.conf and notify scripts. The exit status is 1 when there are errors, 0 when there are warnings only. Nothing is changed on the system.",
    )
    .argument(
      "[file...]",
      `files, told apart by their content; those below one folder belong to one router (default: ${CONFIG_DEFAULT})`,
    )
    .addOption(
      new Option(
        "--as <kind>",
        "what the files are, if their content does not tell: a program's, or the pair's",
      ).choices(["keepalived", "conntrackd", "pair"]),
    )
    .addOption(
      new Option(
        "--router <name=folder>",
        "the files of a router, by its name; give it twice for a pair",
      ).argParser((text: string, before: readonly string[] | undefined) => [
        ...(before ?? []),
        text,
      ]),
    )
    .option("-i, --config-id <id>", "id that @ID conditions of keepalived.conf are compared with")
    .option("--explain <code>", "print what the catalogue says about a finding")
    .option("--json", "print the findings as JSON")
    .addHelpText(
      "after",
      examples(
        ["duet check", `the pair's file, ${CONFIG_DEFAULT}`],
        ["duet check /etc/keepalived/keepalived.conf", "before duet reload"],
        [
          "duet check /etc/keepalived/keepalived.conf /etc/conntrackd/conntrackd.conf",
          "both files of a router",
        ],
        ["duet check alpha beta", "both routers, each in a folder of its name"],
        ["duet check --config-id beta keepalived.conf", "as the other router reads the same file"],
        ["duet check --explain virtual-outside-subnet", "what a code means"],
      ),
    );
  command.action(async (files: readonly string[], flags: CheckFlags) => {
    if (flags.explain !== undefined) await explainCode(flags.explain, command, session);
    else await checkFiles(files, flags, command, session);
  });
}

async function checkFiles(
  files: readonly string[],
  { as: kind, configId, router: routers = [], json = false }: CheckFlags,
  command: Command,
  session: Session,
): Promise<void> {
  // What reads configurations is only loaded when it is needed: the other verbs start sooner.
  const { readReports } = await import("./check-reports.ts");
  const options = { ...(kind && { kind }), ...(configId !== undefined && { configId }), routers };
  const given = files.length + routers.length === 0 ? [CONFIG_DEFAULT] : files;
  const read = await readReports(given, options);
  if (typeof read === "string") command.error(`error: ${read}`);
  const { reports, notes } = read;
  for (const note of notes) session.note(`duet: ${note}\n`);
  if (json) session.out(`${JSON.stringify(reports, null, 2)}\n`);
  else for (const report of reports) printReport(report, session);
  const isClean = reports.every(({ errors }) => errors === 0);
  session.finish(isClean ? EXIT.done : EXIT.findings);
}

function printReport({ file, errors, warnings, diagnostics }: FileReport, session: Session): void {
  for (const finding of diagnostics) session.out(formatFinding(finding, session.colour));
  const counts = [
    ...(errors > 0 ? [plural(errors, "error")] : []),
    ...(warnings > 0 ? [plural(warnings, "warning")] : []),
  ];
  session.out(`${file}: ${counts.length === 0 ? "no findings" : counts.join(", ")}\n`);
}

function formatFinding(finding: Finding, inColour: boolean): string {
  const paint = paintFor(inColour);
  const colour = finding.severity === "error" ? "red" : "yellow";
  const word = `: ${finding.severity}: `;
  const line = formatDiagnostic(finding).replace(
    word,
    () => `: ${paint(colour, finding.severity)}: `,
  );
  const why = finding.why === "" ? "" : `    ${paint("dim", "why:")} ${finding.why}\n`;
  const fix = finding.fix === "" ? "" : `    ${paint("dim", "fix:")} ${finding.fix}\n`;
  return `${line}\n${why}${fix}`;
}

async function explainCode(code: string, command: Command, session: Session): Promise<void> {
  const { catalogueCodes, findSections } = await import("../check/catalogue.ts");
  const sections = findSections(code);
  if (sections.length === 0) {
    const { didYouMean } = await import("../config/suggest.ts");
    const advice = didYouMean(code, catalogueCodes());
    command.error(`error: there is no finding with the code ${code}${advice}`);
  }
  const texts = sections.map(({ title, entry }) =>
    [
      `${entry.code} (${entry.severity}): ${title}`,
      `  ${entry.summary}`,
      `  cause: ${entry.cause}`,
      `  why:   ${entry.consequence}`,
      `  fix:   ${entry.fix}`,
      "",
    ].join("\n"),
  );
  session.out(texts.join("\n"));
}
