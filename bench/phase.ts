/** Strikes at a chosen moment between two advertisements, so that both contestants meet the same phases. */
import { setTimeout as delay } from "node:timers/promises";
import type { IpAddress } from "../src/base/ip.ts";
import { withNetworkNamespace } from "../src/kernel/namespace.ts";
import { RouteNetlink } from "../src/kernel/route-netlink.ts";
import { VrrpReceiver } from "../src/kernel/vrrp-socket.ts";

const GROUP = "224.0.0.18" as IpAddress;
const PATIENCE_MS = 5_000;
const POLL_MS = 1;

/** Resolves `afterMs` after the next advertisement that is heard on eth0 of the namespace. */
export async function afterAdvertisement(namespace: string, afterMs: number): Promise<void> {
  const receiver = withNetworkNamespace(`/run/netns/${namespace}`, listen);
  try {
    const giveUpAt = performance.now() + PATIENCE_MS;
    while (receiver.receive(() => {}, 1) === 0) {
      if (performance.now() > giveUpAt) throw new Error(`no advertisement in ${namespace}`);
      // oxlint-disable-next-line no-await-in-loop -- looks one after the other are what waiting is
      await delay(POLL_MS);
    }
  } finally {
    receiver.close();
  }
  await delay(afterMs);
}

function listen(): VrrpReceiver {
  const netlink = RouteNetlink.open();
  const index = netlink.links().find(({ name }) => name === "eth0")?.index ?? 0;
  netlink.close();
  const transport = { type: "multicast", group: GROUP } as const;
  return VrrpReceiver.open({ family: 4, protocol: 112, interface: "eth0", index, transport });
}
