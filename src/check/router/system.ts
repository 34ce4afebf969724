/** What has to survive an upgrade of the system, and what comments say. */
import type { Model } from "../../config/model.ts";
import { type Finding, found } from "../finding.ts";
import { type RouterFile, type RouterPicture, virtualsOf, virtualsOn } from "../picture.ts";

export const checkSystem = (picture: RouterPicture): readonly Finding[] => [
  ...checkKept(picture),
  ...picture.files.flatMap((file) => checkComments(picture, file)),
];

/** OpenWrt keeps these by itself, and programs in these folders come from packages. */
const KEPT_ANYWAY = /^\/etc\/config\/|^\/etc\/sysupgrade\.conf$|^\/etc\/sysctl\.conf$/;
const FROM_PACKAGES = /^\/(?:usr\/)?s?bin\//;

function checkKept(picture: RouterPicture): readonly Finding[] {
  const { kept, election } = picture;
  if (kept === undefined) return [];
  const places = new Set([
    ...picture.files.flatMap(({ place }) => place ?? []),
    ...(election === undefined ? [] : scriptsOf(election.model)),
  ]);
  const lost = [...places].filter(
    (place) =>
      !KEPT_ANYWAY.test(place) &&
      !kept.paths.some((path) => place === path || isInside(place, path)),
  );
  return lost.map((place) => {
    const message = `${place} is not in sysupgrade.conf, so it is lost when the system is upgraded`;
    const line = place.startsWith("/etc/") ? place.replace(/[^/]*$/, "") : place;
    return found(
      "sysupgrade-missing",
      kept.at,
      message,
      `add the line ${line === "/etc/" ? place : line}`,
    );
  });
}

const isInside = (place: string, folder: string): boolean =>
  place.startsWith(folder.endsWith("/") ? folder : `${folder}/`);

function scriptsOf({ instanceNotify, groupNotify, trackers }: Model): readonly string[] {
  const notifiers = [...Object.values(instanceNotify), ...Object.values(groupNotify)].flatMap(
    ({ master, backup, fault, stop, any }) =>
      [master, backup, fault, stop, any].flatMap((command) => command ?? []),
  );
  const tracked = trackers.flatMap((tracker) => (tracker.type === "script" ? tracker.command : []));
  return [...notifiers, ...tracked]
    .map(({ argv }) => argv[0] ?? "")
    .filter((program) => program.startsWith("/") && !FROM_PACKAGES.test(program));
}

const COMMENT = /(?:^|\s)[#!;](.*)$/;
const CALLED_VIRTUAL = /\b(?:vip|virtual)\b/i;
const ADDRESS = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])/g;

/** A comment that calls an address virtual, in a file where that address is none. */
function checkComments(
  picture: RouterPicture,
  { file, text, place }: RouterFile,
): readonly Finding[] {
  const virtuals = new Set<string>(expectedIn(picture, place));
  if (virtuals.size === 0) return [];
  return text.split("\n").flatMap((line, index) => {
    const comment = COMMENT.exec(line);
    if (comment === null || !CALLED_VIRTUAL.test(comment[1] ?? "")) return [];
    const wrong = [...line.slice(comment.index).matchAll(ADDRESS)].find(
      ([address]) => !virtuals.has(address),
    );
    if (wrong === undefined) return [];
    const at = { file, line: index + 1, column: comment.index + wrong.index + 1 };
    const message = `the comment calls ${wrong[0]} virtual, and the virtual address here is ${[...virtuals].join(", ")}`;
    return [found("comment-address", at, message)];
  });
}

/** In a file about DHCP only the virtual addresses of its networks are meant. */
function expectedIn(picture: RouterPicture, place: string | undefined): readonly string[] {
  const served = picture.dhcp.flatMap((service) =>
    service.interface === undefined ? [] : virtualsOn(picture, service.interface, 4),
  );
  const isAboutDhcp = place !== undefined && /\/(?:dhcp|dnsmasq\.conf)$/.test(place);
  if (isAboutDhcp && served.length > 0) return served;
  return virtualsOf(picture).map(({ prefix }) => prefix.address);
}
