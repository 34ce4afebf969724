import type { Command } from "commander";
import { optionNotes, type VerbPage, verbs } from "./program.ts";

/** packaging/man/duet.8, in the man macros of groff_man(7). */
export function manPage(program: Command): string {
  const pages = verbs(program);
  return `${[
    `.TH DUET 8 "" "Duet ${program.version() ?? ""}" "System Administration"`,
    ".SH NAME",
    "duet \\- two routers that behave as one that does not fail",
    ".SH SYNOPSIS",
    ...pages.flatMap(({ usage }) => [`.B ${escape(usage)}`, ".br"]),
    ".SH DESCRIPTION",
    escape(
      "Duet elects the Active one of two routers by VRRP, moves virtual addresses and routes to it, and replicates the state of connections before it does. It runs from one file that is the same on both routers, or from keepalived.conf and conntrackd.conf as they are, and shares the network with keepalived and conntrackd.",
    ),
    ".SH COMMANDS",
    ...pages.flatMap((verb) => verbSection(verb)),
    ".SH EXIT STATUS",
    ...EXIT_CODES.flatMap(([code, meaning]) => [".TP", `.B ${code}`, escape(meaning)]),
    ".SH FILES",
    ...FILES.flatMap(([file, meaning]) => [".TP", `.I ${escape(file)}`, escape(meaning)]),
    ".SH STANDARDS",
    "RFC 3768, RFC 5798, RFC 9568.",
    ".SH SEE ALSO",
    ".BR keepalived.conf (5),",
    ".BR conntrackd.conf (5),",
    ".BR ip (8)",
  ].join("\n")}\n`;
}

const EXIT_CODES: readonly (readonly [string, string])[] = [
  ["0", "Done."],
  ["1", "Findings, a failed drill, or a request that the daemon refused."],
  ["2", "Wrong usage, or a configuration with errors."],
  ["3", "The daemon cannot be reached."],
  ["4", "No permission."],
];

const FILES: readonly (readonly [string, string])[] = [
  ["/etc/duet/duet.yaml", "The pair's file, the same on both routers."],
  [
    "/etc/duet/secret",
    "What the routers authenticate each other with, where the pair's file says so; for its owner only.",
  ],
  ["/etc/keepalived/keepalived.conf", "The configuration that --keepalived usually names."],
  ["/etc/conntrackd/conntrackd.conf", "The configuration that --conntrackd usually names."],
  ["/run/duet/duet.sock", "Control socket, for its owner only."],
  ["/var/lib/duet", "What outlives the daemon, so that it can clean up after a crash."],
];

function verbSection({
  usage,
  description,
  arguments: words,
  options,
  examples,
}: VerbPage): string[] {
  return [
    `.SS ${escape(usage)}`,
    escape(description),
    ...words.flatMap((word) => [
      ".TP",
      `.I ${escape(word.name())}`,
      escape(`${word.description}${optionNotes(word)}`),
    ]),
    ...options.flatMap((option) => [
      ".TP",
      `.B ${escape(option.flags)}`,
      escape(`${option.description}${optionNotes(option)}`),
    ]),
    ...examples.flatMap(({ command, does }) => [
      ".PP",
      `${escape(does)}:`,
      ".PP",
      ".in +4n",
      ".EX",
      escape(command),
      ".EE",
      ".in",
    ]),
  ];
}

/** A hyphen that is typed must stay one, and no line may be taken for a request. */
const escape = (text: string): string =>
  text
    .replaceAll("\\", String.raw`\e`)
    .replaceAll("-", String.raw`\-`)
    .replace(/^([.'])/, String.raw`\&$1`);
