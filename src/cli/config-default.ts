/** The pair's file, where no other one is named. */
export const CONFIG_DEFAULT = "/etc/duet/duet.yaml";
