/** Findings of the reader of OpenWrt's files under /etc/config. */
import type { UciFindingCode } from "../../config/uci/codes.ts";
import type { FindingEntry } from "../entry.ts";

const IGNORED =
  "OpenWrt refuses the whole file, so that everything in it is missing after the next start.";

const error = (summary: string, cause: string, fix: string): Omit<FindingEntry, "code"> => ({
  severity: "error",
  summary,
  cause,
  consequence: IGNORED,
  fix,
});

export const UCI_ENTRIES: Readonly<Record<UciFindingCode, Omit<FindingEntry, "code">>> = {
  "uci-argument-extra": error(
    "A line has more words than it may have.",
    "A value with blanks is not in quotation marks.",
    "Put the value in quotation marks: option name 'two words'.",
  ),
  "uci-argument-missing": error(
    "A line lacks the name or the type it needs.",
    "The line was not finished.",
    "Write config TYPE 'NAME', option NAME 'VALUE' or list NAME 'VALUE'.",
  ),
  "uci-keyword": error(
    "A line begins with none of config, option, list and package.",
    "A keyword is misspelt, or the line belongs to another file.",
    "Write one of these words, or # in front of a comment.",
  ),
  "uci-limit": error(
    "The file is larger than any configuration, or has more errors than anybody reads.",
    "Another file was given by mistake.",
    "Name the right file.",
  ),
  "uci-name": error(
    "The name of a section or an option has characters that names cannot have.",
    "A name has a hyphen, a dot or a blank.",
    "Use letters, digits and underscores only.",
  ),
  "uci-not-text": error(
    "The file is not a text.",
    "The file was damaged, or another one was given by mistake.",
    "Restore the file from a backup.",
  ),
  "uci-option-unread": {
    severity: "warning",
    summary:
      "/etc/config/keepalived has an option that OpenWrt's keepalived package does not know.",
    cause:
      "The name is misspelt, or it is a keyword of keepalived.conf that the package has no option for.",
    consequence: "It has no effect, and nothing says so when keepalived starts.",
    fix: "Correct the name or remove the line; for what the package has no option for, use alt_config_file or Duet.",
  },
  "uci-quote": error(
    "A quotation mark is opened and not closed.",
    "The second quotation mark was deleted, or is of the other kind.",
    "Close the quotation with the same mark.",
  ),
  "uci-reference-missing": {
    severity: "error",
    summary: "/etc/config/keepalived refers to a section that does not exist.",
    cause:
      "The name is misspelt, or the section has no option name: the word in its config line does not count.",
    consequence:
      "OpenWrt leaves it out without a word: the address, route, check or member is missing.",
    fix: "Write the value of the section's option name, or add the section.",
  },
  "uci-reference-newer": {
    severity: "warning",
    summary: "track_script names a vrrp_script, and there is no track_script section of that name.",
    cause: "The file was written for packages of keepalived from April 2026 on.",
    consequence:
      "Packages up to OpenWrt 25.12 leave it out without a word, so the check runs and nobody follows it.",
    fix: "Add a section track_script with the options name and value, both the name of the check.",
  },
  "uci-section-missing": error(
    "An option stands before the first section.",
    "The config line above it was deleted.",
    "Write config TYPE 'NAME' above it.",
  ),
  "uci-section-type": error(
    "A section has the name of another one, of an earlier one or of one that is to be written.",
    "A section was copied and its name was not changed, or it is called like a network of the pair and is about something else.",
    "Give one of them another name.",
  ),
  "uci-section-unread": {
    severity: "error",
    summary: "A section of /etc/config/keepalived has no effect.",
    cause:
      "It has no option name, nobody refers to it, it lacks what it needs, or its type is misspelt.",
    consequence: "OpenWrt leaves it out without a word.",
    fix: "Write what is missing, correct the type, or remove the section.",
  },
};
