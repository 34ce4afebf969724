/** The lab as a drawing. */
import { ROUTER_INTERFACES, SERVICE_ADDRESS, VIRTUAL_ADDRESSES } from "./topology.ts";

export const drawLab = (): string =>
  [
    "              client  192.168.1.100",
    "                 │",
    `       ┌──── LAN switch ────┐        virtual address ${VIRTUAL_ADDRESSES.lan}`,
    `     ${ROUTER_INTERFACES.lan}               ${ROUTER_INTERFACES.lan}`,
    "     ┌─┴───┐             ┌──┴───┐",
    "     │alpha│             │ beta │    each translates the LAN to the",
    "     └─┬───┘             └──┬───┘    virtual address on the WAN side",
    `     ${ROUTER_INTERFACES.wan}               ${ROUTER_INTERFACES.wan}`,
    `       └──── WAN switch ────┘        virtual address ${VIRTUAL_ADDRESSES.wan}`,
    "                 │",
    `             upstream  192.168.0.1, behind it ${SERVICE_ADDRESS}`,
  ].join("\n");
