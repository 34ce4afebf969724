/** What an answer to `duet init` must be like. */
import {
  type IpAddress,
  ipFamily,
  type Prefix,
  parseIp,
  parsePrefix,
  prefixContains,
} from "../base/ip.ts";
import { isName, NAME_FORM } from "../config/pair/maps.ts";
import { hostFault } from "../config/pair/subnet.ts";
import { didYouMean } from "../config/suggest.ts";
import type { Surroundings } from "../daemon/router-surroundings.ts";
import type { PlannedNetwork } from "./init-plan.ts";
import type { Checked } from "./init-questions.ts";

/** Answers that there is no such thing. */
export const NONE = "none";

export const checkName =
  (taken: readonly string[]) =>
  (text: string): Checked<string> => {
    if (!isName(text)) return { fault: `a name has ${NAME_FORM}` };
    return taken.includes(text) ? { fault: `${text} is the other one's name` } : { value: text };
  };

interface InterfaceRules {
  readonly mayBeNone: boolean;
  readonly taken: readonly (string | undefined)[];
}

/** The name of one of this router's interfaces; undefined for none. */
export const checkInterface =
  ({ interfaces }: Surroundings, { mayBeNone, taken }: InterfaceRules) =>
  (text: string): Checked<string | undefined> => {
    if (text === NONE && mayBeNone) return { value: undefined };
    const names = interfaces.map(({ name }) => name);
    if (taken.includes(text)) return { fault: `${text} is taken already` };
    if (names.includes(text)) return { value: text };
    const list = names.length === 0 ? "" : ` (there are ${names.slice(0, 12).join(", ")})`;
    return {
      fault: `there is no interface ${JSON.stringify(text)}${list}${didYouMean(text, names)}`,
    };
  };

/** An IPv4 address of a host with the length of its network's prefix. */
export function checkOwn(text: string): Checked<Prefix> {
  const prefix = parsePrefix(text);
  if (prefix === undefined || ipFamily(prefix.address) !== 4) {
    return { fault: "write an IPv4 address with its length, as in 192.168.1.2/24" };
  }
  if (!text.includes("/")) return { fault: `add the length, as in ${text}/24` };
  const fault = hostFault(prefix);
  return fault === undefined ? { value: prefix } : { fault: `${text} is the ${fault} address` };
}

/** Another host in the subnet of `own`; its length may be left out. */
export const neighbourCheck =
  (own: Prefix, taken: readonly IpAddress[]) =>
  (text: string): Checked<Prefix> => {
    const [host = "", length] = text.split("/");
    const address = parseIp(host);
    if (address === undefined) return { fault: "write an IPv4 address, as in 192.168.1.3" };
    if (length !== undefined && length !== String(own.length)) {
      return { fault: `the length is /${own.length}, as for ${own.address}` };
    }
    const fault = hostFault({ address, length: own.length });
    if (!prefixContains(own, address) || fault !== undefined) {
      return { fault: `${address} is no host in the subnet of ${own.address}/${own.length}` };
    }
    if ([own.address, ...taken].includes(address)) return { fault: `${address} is taken already` };
    return { value: { address, length: own.length } };
  };

/** The next hop; undefined for none. */
export const checkGateway =
  ({ own, peer }: Pick<PlannedNetwork, "own" | "peer">) =>
  (text: string): Checked<IpAddress | undefined> => {
    if (text === NONE) return { value: undefined };
    const checked = neighbourCheck(own, [peer.address])(text);
    return "fault" in checked ? checked : { value: checked.value.address };
  };

export function checkYes(text: string): Checked<boolean> {
  if (/^(?:y|yes)$/i.test(text)) return { value: true };
  return /^(?:n|no)$/i.test(text) ? { value: false } : { fault: "write yes or no" };
}
