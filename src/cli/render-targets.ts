/** What `duet render` can write, one entry each. A renderer is loaded when it is asked for. */
import type { PairConfig } from "../config/pair/model.ts";
import { PATHS } from "../render/paths.ts";
import { uciTarget } from "./render-uci.ts";

export interface RenderRequest {
  readonly pair: PairConfig;
  /** Name of the router that the files are for. */
  readonly node: string;
  /** Content of the secret file; undefined when there is none or it cannot be read. */
  readonly secret: Uint8Array | undefined;
  /** Folder given with --files, whose files are to be edited. */
  readonly folder: string | undefined;
  /** Text of a file on this router, undefined when there is none. Throws when it cannot be read. */
  readonly read: (path: string) => string | undefined;
}

export interface RenderedFile {
  /** Where it belongs; undefined for what a program reads from its input. */
  readonly path: string | undefined;
  readonly text: string;
  /** Permissions. */
  readonly mode: number;
  /** What the pair wants and this file cannot say, one sentence each. */
  readonly remarks: readonly string[];
  /** The command that makes its program read it; undefined when none is needed. */
  readonly advice: string | undefined;
  /** It lacks something essential, which a remark names, so it must not replace a file that works. */
  readonly isIncomplete: boolean;
}

export interface RenderTarget {
  readonly name: string;
  /** Completes "writes …". */
  readonly describe: string;
  /** Where it belongs on a router, as far as that is one file. */
  readonly defaultPath: string | undefined;
  /** False: part of `all` only for pairs that need it. */
  readonly isNeeded: (request: RenderRequest) => boolean;
  readonly render: (request: RenderRequest) => Promise<readonly RenderedFile[]>;
}

/** In the order in which `all` writes them and help lists them. */
export const RENDER_TARGETS: readonly RenderTarget[] = [
  single("keepalived", PATHS.keepalived, {
    describe: "keepalived.conf: election, addresses, routes, checks, hooks",
    make: async ({ pair, node, secret }) => {
      const { isKeepalivedIncomplete, keepalivedRemarks, renderKeepalived } = await import(
        "../render/keepalived.ts"
      );
      return {
        text: renderKeepalived(pair, node, secret),
        // It may hold a password or a key.
        mode: 0o600,
        remarks: keepalivedRemarks(pair, node, secret),
        advice: "keepalived --config-test && systemctl reload-or-restart keepalived",
        isIncomplete: isKeepalivedIncomplete(pair, secret),
      };
    },
  }),
  single("conntrackd", PATHS.conntrackd, {
    describe: "conntrackd.conf: replication of connections",
    isNeeded: ({ pair }) => pair.replication !== undefined,
    make: async ({ pair, node }) => {
      const { conntrackdRemarks, renderConntrackd, unwritableLinks } = await import(
        "../render/conntrackd.ts"
      );
      return {
        text: renderConntrackd(pair, node),
        remarks: conntrackdRemarks(pair, node),
        advice: "systemctl restart conntrackd",
        isIncomplete: unwritableLinks(pair, node).length > 0,
      };
    },
  }),
  single("notify-script", PATHS.notifyScript, {
    describe: "the script by which keepalived tells conntrackd of the role",
    isNeeded: ({ pair }) => pair.replication !== undefined,
    make: async ({ pair, node }) => {
      const { renderNotifyScript } = await import("../render/notify-script.ts");
      return { text: renderNotifyScript(pair, node), mode: 0o755 };
    },
  }),
  single("dnsmasq", PATHS.dnsmasq, {
    describe: "address pools for dnsmasq, with the virtual address as gateway and name server",
    isNeeded: ({ pair }) => pair.networks.some(({ dhcp }) => dhcp !== undefined),
    make: async ({ pair, node }) => {
      const { renderDnsmasq } = await import("../render/dnsmasq.ts");
      const advice = "dnsmasq --test && systemctl restart dnsmasq";
      return { text: renderDnsmasq(pair, node), advice };
    },
  }),
  single("nftables", PATHS.nftables, {
    describe:
      "a ruleset in a table of its own: who may speak VRRP, what is not tracked, translation",
    make: async ({ pair, node }) => {
      const { renderNftables } = await import("../render/nftables.ts");
      return { text: renderNftables(pair, node), advice: `nft -f ${PATHS.nftables}` };
    },
  }),
  single("sysctl", PATHS.sysctl, {
    describe: "kernel settings: forwarding, connection tracking, ARP",
    make: async ({ pair, node }) => {
      const { renderSysctl } = await import("../render/sysctl.ts");
      return { text: renderSysctl(pair, node), advice: `sysctl -p ${PATHS.sysctl}` };
    },
  }),
  single("sysupgrade", PATHS.sysupgrade, {
    describe: "what OpenWrt's sysupgrade keeps, between two marks; other lines stay",
    isNeeded: ({ read }) => read(PATHS.sysupgrade) !== undefined,
    make: async ({ pair, node, read }) => {
      const { mergeSysupgrade, renderSysupgrade } = await import("../render/sysupgrade.ts");
      const text = mergeSysupgrade(read(PATHS.sysupgrade) ?? "", renderSysupgrade(pair, node));
      return { text };
    },
  }),
  uciTarget,
];

/** Word for all targets that the pair needs. */
export const EVERYTHING = "all";

type Made = Pick<RenderedFile, "text"> & Partial<RenderedFile>;

function single(
  name: string,
  path: string,
  {
    describe,
    isNeeded = () => true,
    make,
  }: {
    readonly describe: string;
    readonly isNeeded?: RenderTarget["isNeeded"];
    readonly make: (request: RenderRequest) => Promise<Made>;
  },
): RenderTarget {
  const defaults = { path, mode: 0o644, remarks: [], advice: undefined, isIncomplete: false };
  return {
    name,
    describe,
    defaultPath: path,
    isNeeded,
    render: async (request) => [{ ...defaults, ...(await make(request)) }],
  };
}
