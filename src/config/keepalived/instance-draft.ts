/** What a vrrp_instance block leaves behind until it is complete. */
import type { IpAddress, IpFamily } from "../../base/ip.ts";
import type { Mac } from "../../base/mac.ts";
import type { Duration } from "../../base/time.ts";
import type { UnicastPeer, VrrpVersion } from "../../vrrp/config.ts";
import type { Position } from "../diagnostics.ts";
import type { AddressDraft } from "./addresses.ts";
import type { AnnouncementDraft } from "./announcements.ts";
import type { HmacDraft, PasswordDraft } from "./authentication.ts";
import type { NotifyDraft } from "./commands.ts";
import { newNotifyDraft } from "./commands.ts";
import type { TrackingDraft } from "./tracking.ts";
import type { Statement } from "./tree.ts";

export interface InstanceDraft extends NotifyDraft {
  readonly name: string;
  readonly at: Position;
  state?: "MASTER" | "BACKUP";
  stateAt?: Position;
  interface?: string;
  interfaceAt?: Position;
  vrid?: number;
  vridAt?: Position;
  priority?: number;
  interval?: Duration;
  intervalAt?: Position;
  version?: VrrpVersion;
  versionAt?: Position;
  /** Of the first address in the block, which all others must share. */
  family?: IpFamily;
  readonly addresses: AddressDraft[];
  readonly excluded: AddressDraft[];
  mayHaveNoAddress: boolean;
  readonly routes: Statement[];
  readonly rules: Statement[];
  password?: PasswordDraft;
  hmac?: HmacDraft;
  authenticationAt?: Position;
  preempt?: boolean;
  preemptAt?: Position;
  preemptDelay?: Duration;
  preemptDelayAt?: Position;
  accept?: boolean;
  acceptAt?: Position;
  source?: IpAddress;
  multicastGroup?: IpAddress;
  trackSource: boolean;
  readonly peers: UnicastPeer[];
  unicastAt?: Position;
  faultWithoutPeer: boolean;
  unicastTtl?: number;
  checkUnicastSource?: boolean;
  oldUnicastChecksum: "auto" | "always" | "never";
  payloadChecksum?: boolean;
  readonly tracking: TrackingDraft[];
  trackInterface: boolean;
  readonly announcements: AnnouncementDraft;
  downAdverts?: number;
  advertiseToLower?: boolean;
  advertiseToHigher?: boolean;
  ownerIgnoresAdverts?: boolean;
  skipAddressCheck?: boolean;
  strict?: boolean;
  virtualMac?: { readonly name?: string; readonly mac?: Mac; readonly at: Position };
  transmitFromBase: boolean;
  promoteSecondaries: boolean;
  reportPriorityChanges?: boolean;
}

export const newInstance = (name: string, at: Position): InstanceDraft => ({
  ...newNotifyDraft(),
  name,
  at,
  addresses: [],
  excluded: [],
  mayHaveNoAddress: false,
  routes: [],
  rules: [],
  trackSource: false,
  peers: [],
  faultWithoutPeer: false,
  oldUnicastChecksum: "auto",
  tracking: [],
  trackInterface: true,
  announcements: {},
  transmitFromBase: false,
  promoteSecondaries: false,
});
