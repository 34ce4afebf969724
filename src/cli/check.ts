import { type Command, Option } from "commander";
import type { ConfigurationKind } from "../check/recognition.ts";
import { type Diagnostic, formatDiagnostic } from "../config/diagnostics.ts";
import { examples } from "./examples.ts";
import { EXIT } from "./exit-code.ts";
import { paintFor } from "./paint.ts";
import type { Session } from "./session.ts";
import { plural } from "./words.ts";

interface CheckFlags {
  readonly as?: ConfigurationKind;
  readonly configId?: string;
  readonly json?: boolean;
}

/** The findings of one file and of what it includes. */
interface FileReport {
  readonly file: string;
  readonly errors: number;
  readonly warnings: number;
  readonly diagnostics: readonly Diagnostic[];
}

export function addCheck(program: Command, session: Session): void {
  program
    .command("check")
    .summary("check configuration files")
    .description(
      "Reads keepalived.conf and conntrackd.conf files as the daemon would and lists every finding with file, line and column. The exit status is 1 when there are errors, 0 when there are warnings only. Nothing is changed on the system.",
    )
    .argument("<file...>", "keepalived.conf or conntrackd.conf, told apart by their content")
    .addOption(
      new Option("--as <program>", "whose configuration the files are").choices([
        "keepalived",
        "conntrackd",
      ]),
    )
    .option("-i, --config-id <id>", "id that @ID conditions of keepalived.conf are compared with")
    .option("--json", "print the findings as JSON")
    .addHelpText(
      "after",
      examples(
        ["duet check /etc/keepalived/keepalived.conf", "before duet reload"],
        [
          "duet check /etc/keepalived/keepalived.conf /etc/conntrackd/conntrackd.conf",
          "both files of a router",
        ],
        ["duet check --config-id beta keepalived.conf", "as the other router reads the same file"],
      ),
    )
    .action(async (files: readonly string[], { as: kind, configId, json = false }: CheckFlags) => {
      // What reads configurations is only loaded when it is needed: the other verbs start sooner.
      const { readFindings } = await import("./read-findings.ts");
      const options = { ...(kind && { kind }), ...(configId !== undefined && { configId }) };
      const reports = files.map((file) => makeReport(file, readFindings(file, options)));
      if (json) session.out(`${JSON.stringify(reports, null, 2)}\n`);
      else for (const report of reports) explain(report, session);
      const isClean = reports.every(({ errors }) => errors === 0);
      session.finish(isClean ? EXIT.done : EXIT.findings);
    });
}

function makeReport(file: string, diagnostics: readonly Diagnostic[]): FileReport {
  const count = (severity: Diagnostic["severity"]): number =>
    diagnostics.filter((finding) => finding.severity === severity).length;
  return { file, errors: count("error"), warnings: count("warning"), diagnostics };
}

function explain({ file, errors, warnings, diagnostics }: FileReport, session: Session): void {
  const paint = paintFor(session.colour);
  for (const finding of diagnostics) {
    const line = formatDiagnostic(finding);
    const colour = finding.severity === "error" ? "red" : "yellow";
    const word = `: ${finding.severity}: `;
    session.out(`${line.replace(word, () => `: ${paint(colour, finding.severity)}: `)}\n`);
  }
  const counts = [
    ...(errors > 0 ? [plural(errors, "error")] : []),
    ...(warnings > 0 ? [plural(warnings, "warning")] : []),
  ];
  session.out(`${file}: ${counts.length === 0 ? "no findings" : counts.join(", ")}\n`);
}
