/** `duet lab`: two routers, a client and an upstream on this machine. The code behind it is loaded when a verb is called. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { examples } from "./examples.ts";

interface PairFlags {
  readonly daemon: "duet" | "keepalived";
  readonly alpha?: "duet" | "keepalived";
  readonly beta?: "duet" | "keepalived";
  readonly config?: string;
  readonly conntrackd: string | boolean;
}

interface UpFlags extends PairFlags {
  readonly name: string;
}

interface DownFlags {
  readonly name: string;
  readonly all?: boolean;
}

interface StatusFlags {
  readonly name: string;
  readonly json?: boolean;
}

interface DrillFlags extends PairFlags {
  readonly json?: boolean;
  readonly repeat: number;
  readonly downloads: number;
}

const NAME_DEFAULT = "home";
const REPEAT_MAX = 1_000;
const DOWNLOADS_MAX = 500;

/** Adds the verb to the command line. Its exit statuses are those of every verb; a failed drill is 1. */
export function addLab(program: Command): void {
  const lab = program
    .command("lab")
    .enablePositionalOptions()
    .summary("try failover on this machine")
    .description(
      "Builds a client, two routers and an upstream as network namespaces on this machine, with switches between them, NAT and real traffic, breaks things and measures what it costs.",
    );
  addUp(lab);
  addKeep(lab);
  addDown(lab);
  addStatus(lab);
  addExec(lab);
  addDrill(lab);
  addDemo(lab);
}

function addUp(lab: Command): void {
  pairOptions(lab.command("up"))
    .summary("build a lab that stays")
    .description("Builds the lab, starts both routers and leaves them running. Needs root.")
    .addOption(nameOption())
    .addHelpText(
      "after",
      examples(
        ["duet lab up", "both routers run Duet, with the how-to's keepalived.conf"],
        ["duet lab up --name mixed --beta keepalived", "alpha runs Duet, beta runs keepalived"],
        ["duet lab exec client -- ping 192.168.1.4", "then look at it from inside"],
      ),
    )
    .action(async (flags: UpFlags) => {
      const { labUp } = await import("../lab/verbs.ts");
      await labUp(flags.name, flags);
    });
}

/** What `up` leaves running. */
function addKeep(lab: Command): void {
  pairOptions(lab.command("keep", { hidden: true }))
    .addOption(nameOption())
    .action(async (flags: UpFlags) => {
      const { labKeep } = await import("../lab/verbs.ts");
      await labKeep(flags.name, flags);
    });
}

function addDown(lab: Command): void {
  lab
    .command("down")
    .summary("remove a lab")
    .description("Ends the lab's daemons and removes everything it made. Needs root.")
    .addOption(nameOption())
    .option("--all", "every lab, and what dead ones left behind")
    .addHelpText(
      "after",
      examples(
        ["duet lab down", "removes the lab that `duet lab up` made"],
        ["duet lab down --all", "leaves no namespace of any lab"],
      ),
    )
    .action(async ({ name, all = false }: DownFlags) => {
      const { labDown } = await import("../lab/verbs.ts");
      await labDown(all ? undefined : name);
    });
}

function addStatus(lab: Command): void {
  lab
    .command("status")
    .summary("show a lab")
    .description("Shows which daemons run and who holds the virtual addresses. Needs root.")
    .addOption(nameOption())
    .option("--json", "as JSON")
    .addHelpText("after", examples(["duet lab status", "who is active?"]))
    .action(async ({ name, json = false }: StatusFlags) => {
      const { labShow } = await import("../lab/verbs.ts");
      await labShow(name, json);
    });
}

function addExec(lab: Command): void {
  lab
    .command("exec")
    .summary("run a command inside a lab")
    .description(
      "Runs a command in a namespace of the lab: client, alpha, beta, upstream, lansw or wansw. Needs root. Its exit status becomes that of this command.",
    )
    .addOption(nameOption())
    .argument("<router>", "where to run it")
    .argument("<command...>", "what to run, after --")
    .passThroughOptions()
    .addHelpText(
      "after",
      examples(
        ["duet lab exec alpha -- ip address", "which addresses alpha has"],
        ["duet lab exec client -- ping -i 0.1 198.51.100.10", "through whoever is active"],
        ["duet lab exec lansw -- ip link set alpha down", "pulls alpha's LAN cable"],
      ),
    )
    .action(async (router: string, command: string[], { name }: { readonly name: string }) => {
      const { labExec } = await import("../lab/verbs.ts");
      const [first, ...rest] = command;
      await labExec(name, router, first === "--" ? rest : command);
    });
}

function addDrill(lab: Command): void {
  pairOptions(lab.command("drill"))
    .summary("break things and measure")
    .description(
      "Builds a lab of its own, and for each case starts the pair, sends traffic through it, strikes the active router, measures, repairs, and removes the lab. An ordinary user may do this where the kernel allows it. Cases: cut, isolate, cut-lan, cut-wan, cut-lan-silently, kill, freeze, stop; without any, all but cut-lan-silently.",
    )
    .argument("[case...]", "what to do to the active router")
    .option("--json", "one JSON object per drill")
    .addOption(
      new Option("--repeat <count>", "how often to run every case")
        .default(1)
        .argParser(count(1, REPEAT_MAX)),
    )
    .addOption(
      new Option("--downloads <count>", "TCP downloads through the pair")
        .default(20)
        .argParser(count(0, DOWNLOADS_MAX)),
    )
    .addHelpText(
      "after",
      examples(
        ["duet lab drill cut", "pulls both cables of the active router"],
        ["duet lab drill kill freeze --json", "two cases, for programs"],
        ["duet lab drill --daemon keepalived --repeat 5", "how keepalived does"],
      ),
    )
    .action(async (cases: string[], flags: DrillFlags) => {
      const { labDrill } = await import("../lab/verbs.ts");
      const { json = false, repeat, downloads } = flags;
      await labDrill({ cases, pair: flags, json, repeat, downloads });
    });
}

function addDemo(lab: Command): void {
  lab
    .command("demo")
    .summary("watch a failover")
    .description("Shows one failover from beginning to end, as `npm start` does.")
    .addHelpText("after", examples(["duet lab demo", "takes half a minute"]))
    .action(async () => {
      const { labDemo } = await import("../lab/verbs.ts");
      await labDemo("duet lab demo");
    });
}

const nameOption = (): Option =>
  new Option("--name <name>", "name of the lab").default(NAME_DEFAULT);

const daemonOption = (flags: string, description: string): Option =>
  new Option(flags, description).choices(["duet", "keepalived"]);

const pairOptions = (command: Command): Command =>
  command
    .addOption(daemonOption("--daemon <daemon>", "what both routers run").default("duet"))
    .addOption(daemonOption("--alpha <daemon>", "what alpha runs instead"))
    .addOption(daemonOption("--beta <daemon>", "what beta runs instead"))
    .option("--config <file>", "keepalived.conf of both routers (default: the how-to's)")
    .option(
      "--conntrackd <file>",
      "conntrackd.conf of the routers that run Duet, written for alpha (default: the how-to's)",
    )
    .option("--no-conntrackd", "replicate no connections");

function count(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`It is a number from ${least} to ${most}.`);
    return value;
  };
}
