import type { Command } from "commander";
import { formatDiagnostic } from "../config/diagnostics.ts";
import { ControlClient } from "../control/client.ts";
import type { ReloadResult } from "../control/contract.ts";
import { examples } from "./examples.ts";
import { EXIT } from "./exit-code.ts";
import type { Session } from "./session.ts";
import { type SocketOptions, socketOption } from "./socket-option.ts";

interface ReloadFlags extends SocketOptions {
  readonly json?: boolean;
}

export function addReload(program: Command, session: Session): void {
  program
    .command("reload")
    .summary("apply the changed configuration without a failover")
    .description(
      "Has the daemon read its configuration again and apply the difference. When the new one has errors, the earlier one stays in force, the findings are printed, and the exit status is 2.",
    )
    .addOption(socketOption())
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["duet reload", "the same as SIGHUP, with an answer"]))
    .action(async ({ socket, json = false }: ReloadFlags) => {
      const result = await new ControlClient(socket).reload();
      if (json) session.out(`${JSON.stringify(result, null, 2)}\n`);
      else explain(result, session);
      session.finish(result.applied ? EXIT.done : EXIT.usage);
    });
}

function explain({ applied, diagnostics, changes }: ReloadResult, session: Session): void {
  for (const finding of diagnostics) session.note(`${formatDiagnostic(finding)}\n`);
  for (const change of changes) session.out(`${change}\n`);
  if (!applied)
    session.note("duet: the configuration has errors, the earlier one stays in force\n");
  else if (changes.length === 0) session.out("nothing has changed\n");
}
