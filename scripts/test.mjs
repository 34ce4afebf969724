#!/usr/bin/env node
import { missingPeers } from "./peers.mjs";
// `npm test`: installs and builds what is missing, then runs every test. Words after `npm test --` go to vitest. The programs
// that interoperability is tested with are installed where root may; elsewhere those tests say what they miss.
import {
  build,
  checkMachine,
  guarded,
  installDebianPackages,
  installPackages,
  root,
  show,
} from "./prepare.mjs";

await guarded("npm test", async () => {
  checkMachine();
  await installPackages();
  await build();
  if (process.getuid() === 0) await installDebianPackages(missingPeers());
  return show([
    process.execPath,
    `${root}/node_modules/vitest/vitest.mjs`,
    "run",
    ...process.argv.slice(2),
  ]);
});
