#!/usr/bin/env node
// The programs that interoperability is tested with, and those that tests in namespaces need. Run by itself it installs what
// is missing.
import { existsSync } from "node:fs";
import path from "node:path";
import { checkMachine, guarded, installDebianPackages } from "./prepare.mjs";

/** A file of each Debian package that tells whether it is installed. */
const FILES = {
  conntrack: "sbin/conntrack",
  conntrackd: "sbin/conntrackd",
  "dnsmasq-base": "sbin/dnsmasq",
  frr: "lib/frr/vrrpd",
  iproute2: "sbin/ip",
  "iputils-ping": "bin/ping",
  keepalived: "sbin/keepalived",
  nftables: "sbin/nft",
  tshark: "bin/tshark",
};

/** Packages that apt-get can bring; none where there is no apt-get: the tests then say what they miss. */
export function missingPeers() {
  if (!existsSync("/usr/bin/apt-get")) return [];
  return Object.keys(FILES).filter(
    (name) => !["/", "/usr"].some((prefix) => existsSync(path.join(prefix, FILES[name]))),
  );
}

if (process.argv[1] === import.meta.filename)
  await guarded("scripts/peers.mjs", async () => {
    checkMachine();
    await installDebianPackages(missingPeers());
  });
