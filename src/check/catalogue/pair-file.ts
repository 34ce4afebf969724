/** Advice about the findings of the reader of duet.yaml. */
import type { PairFindingCode } from "../../config/pair/codes.ts";
import { type Advice, error, REFUSED, warning } from "./advice.ts";

export const PAIR_ADVICE: Readonly<Record<PairFindingCode, Advice>> = {
  "address-duplicate": error(
    "A line was copied and the address was not changed.",
    "Two hosts would answer for one address.",
    "Write a free address in one of the places.",
  ),
  "address-invalid": error(
    "An address is mistyped, has a prefix length that is too long, or is that of a whole network.",
    REFUSED,
    "Write an address of a host with its prefix length, such as 192.168.1.4/24.",
  ),
  "address-missing": error(
    "A network with virtual addresses, or a link, is missing under routers.",
    REFUSED,
    "Add NETWORK: ADDRESS/LENGTH to the router.",
  ),
  "address-several": error(
    "A router lists two addresses of one family on one network.",
    REFUSED,
    "Leave one IPv4 and one IPv6 address.",
  ),
  "address-subnet": error(
    "The routers' addresses and the virtual address were changed apart from each other.",
    "Hosts on that network have no route to the virtual address.",
    "Choose a free address of the routers' network.",
  ),
  "alias-limit": error(
    "Anchors and aliases multiply each other.",
    REFUSED,
    "Write the values out.",
  ),
  "authentication-version": error(
    "pass stands beside version 3, or hmac beside version 2.",
    REFUSED,
    "Write authentication: hmac with version: 3, or authentication: pass with version: 2.",
  ),
  "check-kind": error(
    "A check has none of run, file and process, or several.",
    REFUSED,
    "Write exactly one of run, file and process.",
  ),
  "clear-text-password": warning(
    "authentication: pass puts the password into every advertisement.",
    "Whoever can listen on the network can take the active role.",
    "Write version: 3 and authentication: hmac.",
  ),
  "dhcp-pool": error(
    "first and last, or a host's address, are outside the network or in use by the pair.",
    "A host is given an address that it cannot use.",
    "Write free addresses of the network, first before last.",
  ),
  "entry-count": error(
    "A list or map is empty, or has more entries than it may have.",
    REFUSED,
    "Write as many entries as the message says.",
  ),
  "file-cut": error(
    "The file was read while it was being written, or copied incompletely.",
    "What is missing at the end would be taken away from the routers.",
    "Write the file again, with a line break at its end.",
  ),
  "file-empty": error(
    "The file was created and not written.",
    REFUSED,
    "Write the file, or let duet init or duet import write it.",
  ),
  "file-not-text": error(
    "The file was damaged, or another one was named by mistake.",
    REFUSED,
    "Name the right file, or restore it.",
  ),
  "file-too-large": error("Another file was named by mistake.", REFUSED, "Name the right file."),
  "file-unreadable": error(
    "The file does not exist, or this user may not read it.",
    "Nothing that it says has any effect.",
    "Let duet init write it for a new pair, or duet import from existing files; if it is there, correct the path, or give root read permission: chmod u+r FILE.",
  ),
  "gateway-subnet": error(
    "The gateway is mistyped, or is one of the pair's own addresses.",
    "The default route cannot be installed.",
    "Write the address of the next router on that network.",
  ),
  "import-disagreement": error(
    "One router's file was changed and the other one's was not.",
    "A pair that follows one of them would change the other router.",
    "Make the files of both routers say the same, then import again.",
  ),
  "interface-awaited": warning(
    "The name is mistyped, is the other router's, or the interface is made later.",
    "The network, and with it the whole group, is in fault until the interface is there.",
    "Write a name that ip link prints; where the routers' names differ, interface: { ROUTER: NAME, ROUTER: NAME }.",
  ),
  "import-nothing": error(
    "The file that elects a router and names the virtual addresses was not given.",
    "There is nothing to make a pair of.",
    "Import keepalived.conf, or OpenWrt's keepalived file, along with the others.",
  ),
  "interface-name": error(
    "The name has a slash, a blank or a colon, or is longer than 15 characters.",
    REFUSED,
    "Write one name as ip link prints it.",
  ),
  "key-duplicate": error("A line was copied.", REFUSED, "Remove one of the two."),
  "key-missing": error("A line was forgotten.", REFUSED, "Add the key that the message names."),
  "key-unknown": error(
    "A key is misspelt, or stands at the wrong depth.",
    REFUSED,
    "Write the key that the message names, or remove the line.",
  ),
  "link-limit": error(
    "replication.links names more than four networks.",
    REFUSED,
    "Leave four of them.",
  ),
  "link-subnet": error(
    "The two addresses of a network are not in one subnet.",
    "The routers do not reach each other on it.",
    "Write two addresses of one subnet.",
  ),
  "name-conflict": error(
    "The name of a network is that of another one with -6 behind it.",
    REFUSED,
    "Rename one of the networks.",
  ),
  "name-invalid": error(
    "A name has blanks or other characters that names cannot have.",
    REFUSED,
    "Use letters, digits, hyphens, underscores and dots.",
  ),
  "name-unknown": error(
    "The name is misspelt, or its entry was removed.",
    REFUSED,
    "Write a name of routers or networks.",
  ),
  "nesting-limit": error(
    "Brackets or indentation are not closed.",
    REFUSED,
    "Correct the indentation.",
  ),
  "node-unknown": error(
    "This router has none of the addresses under routers, or some of both, and its host name is neither's.",
    REFUSED,
    "Correct the addresses under routers, or add --node with the name of this router.",
  ),
  "no-effect": warning(
    "A setting needs another one that is missing, or is overruled.",
    "The setting is not in force, although it stands in the file.",
    "Remove it, or write what the message names.",
  ),
  "number-invalid": error(
    "A number has letters or a sign that do not belong there.",
    REFUSED,
    "Write decimal digits.",
  ),
  "number-range": error(
    "A number or a time is larger or smaller than what it stands for allows.",
    REFUSED,
    "Write a value inside the range that the message gives.",
  ),
  "priority-owner": error(
    'Priority 255 was taken for "highest".',
    "The router would never yield, or its address is the own one of another.",
    "Write 254 or less.",
  ),
  "secret-exposed": error(
    "The secret file was written or copied without taking permissions from group and others.",
    "Whoever can read it can take the active role.",
    "Run chmod 600 /etc/duet/secret.",
  ),
  "secret-missing": error(
    "Authentication is made from the secret file, and the file does not name one.",
    REFUSED,
    "Add secret-file: /etc/duet/secret, the same secret on both routers.",
  ),
  "secret-short": error(
    "The secret file is empty, or holds a word that somebody chose.",
    "The secret can be found by trying.",
    "Run head -c 32 /dev/urandom | base64 > /etc/duet/secret, and copy the file to the other router.",
  ),
  "secret-unreadable": error(
    "The secret file is not there, or is no regular file.",
    "The router cannot prove to the other one that it is part of the pair.",
    "Run (umask 077; head -c 32 /dev/urandom | base64 > /etc/duet/secret) on one router, and copy the file to the other.",
  ),
  "subnet-shared": error(
    "Two networks were given addresses of one subnet.",
    "The kernel sends replies through either of the interfaces.",
    "Give one of them another subnet.",
  ),
  syntax: error(
    "Indentation, a colon or a bracket is wrong.",
    REFUSED,
    "Correct the line; the one above it is often the reason.",
  ),
  "tab-indent": error("An editor wrote a tab.", REFUSED, "Indent with blanks."),
  "type-invalid": error(
    "A list, a map or a text stands where another one of them belongs.",
    REFUSED,
    "Write it in the form that the message gives.",
  ),
  "unit-missing": error(
    "A number stands without s, ms, m, h or the like.",
    REFUSED,
    "Write the unit behind the number, such as 1s or 100ms.",
  ),
  "value-invalid": error(
    "A word is none of those that the key allows.",
    REFUSED,
    "Write one of the words that the message gives.",
  ),
  "value-missing": error(
    "A line ends after its colon.",
    REFUSED,
    "Write the value, or remove the line.",
  ),
  "vrid-duplicate": error(
    "Two networks on one interface have the same vrid.",
    "The routers take one network's advertisements for the other's.",
    "Write another vrid in one of them.",
  ),
};
