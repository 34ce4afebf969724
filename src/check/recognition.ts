/** Which program a configuration file was written for, by what stands at the beginning of its lines. */

export type ConfigurationKind = "keepalived" | "conntrackd";

/** The sections of conntrackd.conf, in any case of letters so that the right reader may say what is wrong with it. */
const CONNTRACKD = /^\s*(?:sync|general|stats|helper)\s*(?:\{.*|#.*)?$/i;
/** The blocks of keepalived.conf, and what may stand before them. */
const KEEPALIVED =
  /^\s*(?:global_defs|vrrp_|static_|virtual_server|real_server|track_|linkbeat|garp_group|interface_up|net_namespace|include|[@$~])/;

/** The first line that tells decides. A file that says nothing is taken for a keepalived.conf. */
export function recogniseConfiguration(text: string): ConfigurationKind {
  for (const line of text.split("\n")) {
    if (CONNTRACKD.test(line)) return "conntrackd";
    if (KEEPALIVED.test(line)) return "keepalived";
  }
  return "keepalived";
}
