/** Advice about findings that the readers of keepalived.conf and of conntrackd.conf have in common, and about the language. */
import type { CONNTRACKD_FINDINGS, FINDINGS } from "../../config/codes.ts";
import { type Advice, error, REFUSED, warning } from "./advice.ts";

type Shared = keyof typeof FINDINGS & keyof typeof CONNTRACKD_FINDINGS;

export const SHARED_ADVICE: Readonly<Record<Shared, Advice>> = {
  "address-duplicate": warning(
    "A line was copied and not changed.",
    "The second mention has no effect; the address that was meant is missing.",
    "Remove the line, or write the address that was meant.",
  ),
  "address-family": error(
    "IPv4 and IPv6 addresses stand in one place that can have only one family.",
    REFUSED,
    "Move the addresses of the other family into an instance, or a link, of their own.",
  ),
  "address-invalid": error(
    "An address is mistyped, has a prefix length that is too long, or is a host name.",
    REFUSED,
    "Write an IPv4 or IPv6 address, with /LENGTH where a network is meant.",
  ),
  "address-missing": error(
    "The block that should list the address is absent or empty.",
    "There is nothing to hold or no one to talk to.",
    "Write the virtual_ipaddress block, or both addresses of the dedicated link.",
  ),
  "boolean-invalid": error(
    "A switch has a word that is neither yes nor no.",
    REFUSED,
    "Write on or off.",
  ),
  "brace-missing": error(
    "A { or } was deleted, or the file was cut off while it was written.",
    REFUSED,
    "Add the brace; the message names the block that is open.",
  ),
  "brace-unexpected": error(
    "There is one brace too many, or a keyword before it is missing.",
    REFUSED,
    "Remove the brace.",
  ),
  deprecated: warning(
    "The file was written for an older version of the program.",
    "The line does nothing, or only for as long as the old word is understood.",
    "Write the successor that the message names, or remove the line.",
  ),
  "file-unreadable": error(
    "The file does not exist, or this user may not read it.",
    "Nothing that it says has any effect.",
    "Correct the path, or give root read permission: chmod u+r FILE.",
  ),
  "interface-missing": error(
    "The interface line was forgotten.",
    REFUSED,
    "Add the line with the name of the interface, as ip link prints it.",
  ),
  "interface-name": error(
    "The name is a pattern such as eth*, has a colon, or is longer than 15 characters.",
    REFUSED,
    "Write one name as ip link prints it.",
  ),
  "interface-unknown": error(
    "The name is mistyped, or the file belongs to a router with other hardware.",
    REFUSED,
    "Write a name that ip link prints, or dynamic_interfaces in global_defs if it comes later.",
  ),
  "keyword-misplaced": warning(
    "A line stands in the wrong block.",
    "The line has no effect.",
    "Move the line into the block that the message names.",
  ),
  "keyword-repeated": warning(
    "A line was added without removing the old one.",
    "Only one of the lines counts, perhaps not the one that was meant.",
    "Remove the line that is not wanted.",
  ),
  "keyword-unknown": warning(
    "A keyword is mistyped, or comes from another version of the program.",
    "The line is ignored; a misspelt block is refused, because a reload would take away what it holds.",
    "Correct the word; the nearest known one is in the message.",
  ),
  "not-supported": warning(
    "The keyword belongs to a part of the program that Duet does not have.",
    "What it asks for does not happen.",
    "Remove the line, or keep the other program for this task; docs/reference names alternatives.",
  ),
  "number-invalid": error(
    "A number has letters, a unit or a sign that do not belong there.",
    REFUSED,
    "Write decimal digits only.",
  ),
  "number-range": error(
    "A number is larger or smaller than what it stands for allows.",
    REFUSED,
    "Write a number inside the range that the message gives.",
  ),
  "state-unknown": warning(
    "A word stands for a state that does not exist.",
    "Another state is used, or the word is left out.",
    "Write one of the words that the message gives.",
  ),
  "value-invalid": error(
    "A word is none of those that the keyword allows.",
    REFUSED,
    "Write one of the words that the message gives.",
  ),
  "value-missing": error(
    "A line ends after its keyword.",
    REFUSED,
    "Write the value behind the keyword, or remove the line.",
  ),
};

/** Codes about definitions, includes and the shape of keepalived.conf. */
export type TextCode =
  | "definition-invalid"
  | "definition-unknown"
  | "expansion-limit"
  | "include-empty"
  | "include-limit"
  | "null-byte"
  | "quote-missing"
  | "words-ignored";

export const TEXT_ADVICE: Readonly<Record<TextCode, Advice>> = {
  "definition-invalid": error(
    "A $NAME= line, or a ~SEQ or ~LST in front of one, is incomplete.",
    REFUSED,
    "Write $NAME=TEXT, or ~SEQ(NAME, FIRST, LAST) in front of the line to repeat.",
  ),
  "definition-unknown": warning(
    "The definition stands further down, is misspelt, or was removed.",
    "The name stays in the text as it is, so that the line means something else.",
    "Define $NAME=TEXT above its first use.",
  ),
  "expansion-limit": error(
    "Definitions refer to each other, or a repetition is very long.",
    REFUSED,
    "Shorten the repetition, or break the circle of definitions.",
  ),
  "include-empty": warning(
    "The pattern is mistyped, or the folder is empty.",
    "Nothing is included.",
    "Correct the pattern, or remove the line.",
  ),
  "include-limit": error(
    "A file includes itself, or a pattern matches hundreds of files.",
    REFUSED,
    "Break the circle, or narrow the pattern.",
  ),
  "null-byte": warning(
    "The file was damaged, or is no text.",
    "The byte is ignored; what stood there is lost.",
    "Write the line again, or restore the file.",
  ),
  "quote-missing": error(
    "A line has a quotation mark that is not closed.",
    REFUSED,
    "Close the quotation on the same line.",
  ),
  "words-ignored": warning(
    "There is more on the line than its keyword uses.",
    "The rest of the line has no effect.",
    "Write each statement on a line of its own.",
  ),
};
