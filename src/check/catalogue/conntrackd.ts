/** Advice about the findings of the reader of conntrackd.conf. */
import type { CONNTRACKD_FINDINGS, FINDINGS } from "../../config/codes.ts";
import { type Advice, error, REFUSED, warning } from "./advice.ts";

type Own = Exclude<keyof typeof CONNTRACKD_FINDINGS, keyof typeof FINDINGS>;

export const CONNTRACKD_ADVICE: Readonly<Record<Own, Advice>> = {
  "address-foreign": error(
    "The file belongs to the other router, or the interface has no address yet.",
    REFUSED,
    "Write this router's address after IPv4_address, or give it to the interface.",
  ),
  "address-peer": error(
    "Both addresses of the link are this router's own.",
    REFUSED,
    "Write the other router's address after IPv4_Destination_Address.",
  ),
  "buffer-limit": warning(
    "NetlinkBufferSizeMaxGrowth is smaller than NetlinkBufferSize.",
    "The buffer cannot grow, and events are lost under load.",
    "Write a larger NetlinkBufferSizeMaxGrowth.",
  ),
  "channel-default": warning(
    "Several links are marked Default.",
    "The last one is used first.",
    "Leave Default at one link.",
  ),
  "channel-duplicate": error(
    "A link was copied and its address or port was not changed.",
    REFUSED,
    "Give each link an address or port of its own.",
  ),
  "channel-limit": error("There are more links than four.", REFUSED, "Remove some of them."),
  "channel-missing": error(
    "The Sync section has no UDP, Multicast or TCP block.",
    REFUSED,
    "Add UDP { IPv4_address … IPv4_Destination_Address … Port 3780 Interface … }.",
  ),
  "filter-empty": error(
    "A filter accepts nothing.",
    "No connection is replicated.",
    "List what is to be accepted, or remove the filter.",
  ),
  "filter-policy": warning(
    "A filter has Accept and Ignore for the same thing.",
    "The last word counts for all entries.",
    "Use one of the two words.",
  ),
  "mode-missing": warning("The Sync section has no Mode.", "FTFW is used.", "Write Mode FTFW { }."),
  "mode-repeated": warning(
    "The Sync section has several Mode blocks.",
    "One of them has no effect.",
    "Keep one, the same one on both routers.",
  ),
  "option-conflict": warning(
    "Two options of the mode exclude each other.",
    "One of them is left out.",
    "Keep the one that is wanted.",
  ),
  placeholder: error(
    "Text of a how-to that stands for a value was copied with the rest.",
    REFUSED,
    "Write the value that belongs there.",
  ),
  "port-missing": error(
    "A link has no Port.",
    REFUSED,
    "Write Port 3780, the same one on both routers.",
  ),
  "protocol-unknown": warning(
    "The name is misspelt, or not in /etc/protocols.",
    "The protocol is left out of the filter.",
    "Write a name of /etc/protocols.",
  ),
  "quote-unexpected": error(
    "A value stands in quotation marks.",
    REFUSED,
    "Remove the quotation marks.",
  ),
  "section-conflict": error(
    "Sync and Stats both stand in the file.",
    REFUSED,
    "Remove one of them.",
  ),
  "section-missing": error(
    "The file has no Sync section.",
    REFUSED,
    "Write Sync { Mode FTFW { } UDP { … } }.",
  ),
  "syslog-facility": warning(
    "The facility after Syslog is not known.",
    "It is left out.",
    "Write on, off or a facility such as daemon.",
  ),
  "transport-mixed": error(
    "Links of different transports stand beside each other.",
    REFUSED,
    "Use UDP, Multicast or TCP for all of them.",
  ),
  "word-unexpected": error(
    "Something stands where a keyword is expected, often behind a value.",
    REFUSED,
    "Remove it, or write the keyword that it belongs to.",
  ),
};
