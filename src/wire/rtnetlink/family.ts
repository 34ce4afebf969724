import type { IpFamily } from "../../base/ip.ts";
import { AF_INET, AF_INET6 } from "../socket-address.ts";

export const familyNumber = (family: IpFamily): number => (family === 4 ? AF_INET : AF_INET6);

/** Undefined for families that are not IP, such as bridge entries and multicast routing. */
export function familyOf(number: number): IpFamily | undefined {
  if (number === AF_INET) return 4;
  return number === AF_INET6 ? 6 : undefined;
}
