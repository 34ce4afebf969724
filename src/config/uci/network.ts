/** What an `interface` section of /etc/config/network says of addresses and devices, in the styles of all releases. */
import type { Prefix } from "../../base/ip.ts";
import { ipFamily, parseIp, parsePrefix } from "../../base/ip.ts";
import type { UciSection } from "./model.ts";
import { listOf, optionOf } from "./model.ts";

export interface ReadAddresses {
  readonly addresses: readonly Prefix[];
  /** What cannot be read as an address, with the option it stands in. */
  readonly wrong: readonly { readonly option: string; readonly text: string }[];
}

/** `ipaddr` with `netmask` or with a prefix length, and `ip6addr`; IPv4 first. */
export function addressesOf(section: UciSection): ReadAddresses {
  const addresses: Prefix[] = [];
  const wrong: { readonly option: string; readonly text: string }[] = [];
  const mask = optionOf(section, "netmask");
  const length = mask === undefined ? 32 : maskLength(mask);
  if (length === undefined) wrong.push({ option: "netmask", text: mask ?? "" });
  for (const option of ["ipaddr", "ip6addr"]) {
    for (const text of listOf(section, option)) {
      const prefix = parsePrefix(text);
      const fits =
        prefix !== undefined && ipFamily(prefix.address) === (option === "ipaddr" ? 4 : 6);
      if (!fits) wrong.push({ option, text });
      else if (option === "ipaddr" && !text.includes("/"))
        addresses.push({ ...prefix, length: length ?? 32 });
      else addresses.push(prefix);
    }
  }
  return { addresses, wrong };
}

/** The prefix length of a netmask such as 255.255.255.0; undefined when it is none. */
function maskLength(mask: string): number | undefined {
  const address = parseIp(mask);
  if (address === undefined || ipFamily(address) !== 4) return undefined;
  const bits = address
    .split(".")
    .map((octet) => Number(octet).toString(2).padStart(8, "0"))
    .join("");
  return /^1*0*$/.test(bits) ? bits.lastIndexOf("1") + 1 : undefined;
}

/**
 * The Linux interface that carries an interface section's addresses: `device` since OpenWrt 21.02, `ifname` before, and
 * br-NAME where `type` is bridge. Undefined where it follows from something else, such as another interface.
 */
export function deviceOf(section: UciSection): string | undefined {
  if (optionOf(section, "type") === "bridge" && section.name !== undefined)
    return `br-${section.name}`;
  const words = [...listOf(section, "device"), ...listOf(section, "ifname")];
  const [device] = words;
  return words.length === 1 && device?.startsWith("@") === false ? device : undefined;
}

/** True where interfaces name what they stand on by `ifname`: OpenWrt before 21.02. */
export const usesIfname = (sections: readonly UciSection[]): boolean =>
  interfacesHave(sections, "ifname") && !interfacesHave(sections, "device");

const interfacesHave = (sections: readonly UciSection[], option: string): boolean =>
  sections.some(
    (section) => section.type === "interface" && optionOf(section, option) !== undefined,
  );
