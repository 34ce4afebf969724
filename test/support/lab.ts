/** What the lab's tests share. They run the compiled agents and command line, so they need a build that is up to date. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DUET_PROGRAM } from "../../src/lab/router-daemon.ts";
import {
  namespaceName,
  ROUTER_INTERFACES,
  type RouterName,
  VIRTUAL_ADDRESSES,
} from "../../src/lab/topology.ts";

export const DUET: readonly string[] = [process.execPath, DUET_PROGRAM];

/** A name of its own for each test process, so that test runs do not meet. */
export const labName = (suffix: string): string => `t${process.pid}${suffix}`;

/**
 * Gives a router of the lab a firewall that is silent towards the WAN, as routers have. keepalived moves the address before
 * conntrackd has committed: without it every segment that comes in between is answered with a reset.
 */
export function silenceTowardsWan(lab: string, router: RouterName): void {
  const rules = `table inet silent {
    chain input {
      type filter hook input priority filter;
      iifname "${ROUTER_INTERFACES.wan}" meta l4proto { tcp, udp } ct state new,invalid drop
    }
  }`;
  execFileSync("ip", ["netns", "exec", namespaceName(lab, router), "nft", rules]);
}

/** The how-to's pair with VRRPv3 ten times a second, so that a drill takes seconds. Removed by the function returned. */
export function fastConfiguration(): { readonly file: string; readonly remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), "duet-lab-"));
  // Ordinary users read it too.
  chmodSync(folder, 0o755);
  const file = path.join(folder, "keepalived.conf");
  const instance = (name: string, side: "lan" | "wan", more = ""): string => `
vrrp_instance ${name} {
  state BACKUP
  version 3
  interface ${ROUTER_INTERFACES[side]}
  virtual_router_id 51
  priority 101
  advert_int 0.1
  virtual_ipaddress { ${VIRTUAL_ADDRESSES[side]}/24 }
  ${more}
  nopreempt
}
`;
  const route =
    "virtual_routes {\n src 192.168.0.4 to 0.0.0.0/0 via 192.168.0.1 dev eth0.2 metric 5\n }";
  const group = "vrrp_sync_group G1 {\n group {\n E1\n I1\n }\n}\n";
  const split = (text: string): string =>
    text.replaceAll("{ ", "{\n    ").replaceAll(" }\n", "\n  }\n");
  writeFileSync(file, split(group + instance("I1", "lan") + instance("E1", "wan", route)));
  return {
    file,
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}

/** Ids of all processes, in any namespace, whose environment contains `mark`. */
export function processesMarked(mark: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => environmentOf(pid).includes(mark))
    .map(Number);
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
  }
}
