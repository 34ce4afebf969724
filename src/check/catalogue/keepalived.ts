/** Advice about the findings of the reader of keepalived.conf. */
import type { CONNTRACKD_FINDINGS, FINDINGS } from "../../config/codes.ts";
import { type Advice, error, REFUSED, warning } from "./advice.ts";
import type { TextCode } from "./language.ts";

type Own = Exclude<keyof typeof FINDINGS, keyof typeof CONNTRACKD_FINDINGS | TextCode>;

const NOT_IN_FORCE = "The setting is not in force, although it stands in the file.";

export const KEEPALIVED_ADVICE: Readonly<Record<Own, Advice>> = {
  "address-capacity": warning(
    "An instance lists more addresses than fit into one packet.",
    "The last ones are held but not advertised, so the other router cannot compare them.",
    "Move some of them into virtual_ipaddress_excluded, or into another instance.",
  ),
  "address-count": error(
    "A VRRPv2 instance lists more than 20 addresses.",
    "Other programs refuse the advertisement, so both routers are active.",
    "Move some of them into virtual_ipaddress_excluded, or write version 3 on both routers.",
  ),
  "address-option": error(
    "A word behind an address is misspelt, or does not fit its family.",
    REFUSED,
    "Write one of dev, brd, label, scope, peer, no_track and the like behind the address.",
  ),
  "address-shared": warning(
    "An address was copied from one vrrp_instance to another.",
    "Each instance may be active on another router, and both then answer for the address.",
    "Remove the address from one of the instances.",
  ),
  "authentication-incomplete": error(
    "auth_type or auth_pass is missing.",
    REFUSED,
    "Write both lines, or remove the authentication block on both routers.",
  ),
  "authentication-password-cut": warning(
    "auth_pass is longer than eight bytes.",
    "Only its beginning is sent and compared.",
    "Write a password of eight bytes or less, on both routers.",
  ),
  "authentication-type": error(
    "auth_type is neither PASS nor AH.",
    REFUSED,
    "Write auth_type PASS.",
  ),
  "authentication-version": warning(
    "An authentication block stands in a VRRPv3 or strict instance.",
    "Advertisements are sent and accepted without it.",
    "Remove the block on both routers; auth_hmac authenticates VRRPv3.",
  ),
  "clear-text-password": warning(
    "auth_type PASS puts the password into every advertisement.",
    "Whoever can listen on the network can take the active role.",
    "Keep VRRP on a network that you trust, or write version 3 with auth_hmac on both routers.",
  ),
  "command-insecure": warning(
    "The program, or a folder above it, is writable by someone other than root.",
    "Whoever may write there can run programs as root.",
    "Run chown root FILE and chmod go-w FILE, and the same for its folders.",
  ),
  "command-invalid": error(
    "A command has an open quotation or no words.",
    REFUSED,
    "Write the path of the program and its arguments, in quotation marks.",
  ),
  "command-missing": error(
    "The path of a program is mistyped, or the program is not installed.",
    "What the program should do at a change of the role does not happen.",
    "Install the program, or correct its path.",
  ),
  "command-not-executable": error(
    "The file has no permission to be run.",
    "What the program should do at a change of the role does not happen.",
    "Run chmod u+x FILE.",
  ),
  "delay-cut": warning(
    "interface_up_down_delays waits longer than the other router waits for an advertisement.",
    "The other router would take over before this one lets go.",
    "Write a down delay below three times advert_int.",
  ),
  "family-mixed": error(
    "An instance has addresses of IPv4 and of IPv6.",
    REFUSED,
    "Move one family into an instance of its own, or into virtual_ipaddress_excluded.",
  ),
  "group-empty": warning("The group { } block has no names.", NOT_IN_FORCE, "List the instances."),
  "group-interval": warning(
    "advert_int was changed in one member only.",
    "The slowest member decides when the group moves.",
    "Write one advert_int in all members, on both routers.",
  ),
  "group-member-twice": error(
    "An instance is listed in two groups, or twice in one.",
    REFUSED,
    "List each instance once.",
  ),
  "group-member-unknown": error(
    "The name of a member is misspelt, or its instance was removed.",
    REFUSED,
    "Write the name as it stands after vrrp_instance.",
  ),
  "group-preempt": warning(
    "nopreempt stands in some members only.",
    "The members disagree, and the group may never settle.",
    "Write nopreempt in all members or in none.",
  ),
  "group-priority": warning(
    "priority differs between the members.",
    "If the other router is higher in one of them only, the group never moves.",
    "Write one priority in all members.",
  ),
  "instance-none": warning(
    "The file is empty, or is no keepalived.conf.",
    "The router takes part in no election and holds no address.",
    "Write a vrrp_instance, or name the right file.",
  ),
  "group-single": warning(
    "The group has one member.",
    "There is nothing to keep together.",
    "Add the other instances, or remove the group.",
  ),
  "group-weight": warning(
    "A member of a group has a tracker with a weight.",
    "The weight is ignored, because members have one priority.",
    "Move the tracker into the group, or write sync_group_tracking_weight.",
  ),
  "label-invalid": error(
    "A label is too long or does not begin with the interface's name.",
    REFUSED,
    "Write INTERFACE:WORD with 15 characters at most.",
  ),
  "name-duplicate": error(
    "A block was copied and its name was not changed.",
    REFUSED,
    "Give each block a name of its own.",
  ),
  "name-unknown": error(
    "The name is misspelt, or is not in /etc/iproute2, /etc/passwd or /etc/group.",
    REFUSED,
    "Write the number, or add the name to that file.",
  ),
  "number-rounded": warning(
    "The number is finer, or larger, than the protocol can carry.",
    "Another value than the written one is in force.",
    "Write the value that the message gives.",
  ),
  "preempt-conflict": warning(
    "nopreempt stands beside preempt_delay, state MASTER or priority 255.",
    "One of the two has no effect, perhaps the one that was meant.",
    "Keep one of them: nopreempt with state BACKUP, or neither.",
  ),
  "priority-owner": warning(
    "An instance with priority 255 has weighted trackers.",
    "Its priority stays 255, whatever fails.",
    "Write a priority below 255, or a tracker without weight.",
  ),
  "route-invalid": error(
    "A route is not written as ip route expects it.",
    REFUSED,
    "Write [src ADDRESS] to NETWORK via GATEWAY dev INTERFACE.",
  ),
  "route-untracked": warning(
    "A route does not name its interface.",
    "Nobody notices when the route disappears.",
    "Add dev INTERFACE.",
  ),
  "rule-invalid": error(
    "A rule is not written as ip rule expects it.",
    REFUSED,
    "Write from NETWORK table NUMBER, or the like.",
  ),
  "rule-preference": warning(
    "A rule has no preference.",
    "The order of the rules is left to the kernel.",
    "Add preference NUMBER.",
  ),
  "state-case": warning(
    "The state is written in small letters.",
    "keepalived takes the word for an unknown one.",
    "Write state BACKUP or state MASTER.",
  ),
  "strict-violation": warning(
    "strict_mode or vrrp_strict stands beside what it forbids.",
    "Another value than the written one is in force.",
    "Remove strict mode, or the setting.",
  ),
  "tracker-incomplete": error(
    "A vrrp_script, vrrp_track_file or vrrp_track_process block lacks its main line.",
    REFUSED,
    "Add script, file or process.",
  ),
  "tracker-unknown": error(
    "The name of a tracker is misspelt, or its block was removed.",
    REFUSED,
    "Write the name as it stands after vrrp_script, vrrp_track_file or vrrp_track_process.",
  ),
  "tracker-unused": warning(
    "No instance and no group names the tracker.",
    "It does not run, and nothing follows from its failure.",
    "Name it in track_script, track_file or track_process, or remove it.",
  ),
  "unicast-without-peers": warning(
    "There is no unicast_peer block.",
    "Advertisements go out by multicast.",
    "Write unicast_peer { ADDRESS } with the other router's address.",
  ),
  "version-family": error(
    "Version 2 is asked for with IPv6 addresses.",
    REFUSED,
    "Write version 3 on both routers.",
  ),
  "vrid-duplicate": error(
    "Two instances on one interface have the same virtual_router_id.",
    REFUSED,
    "Give one of them another number, on both routers.",
  ),
  "vrid-missing": error(
    "The line virtual_router_id was forgotten.",
    REFUSED,
    "Add virtual_router_id with a number of 1 to 255, the same one on both routers.",
  ),
};
