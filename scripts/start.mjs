#!/usr/bin/env node
// `npm start`: from a fresh clone to a failover that you can watch. Installs and builds what is missing or out of date, and
// runs the demonstration.
import {
  build,
  checkMachine,
  guarded,
  installDebianPackages,
  installPackages,
} from "./prepare.mjs";

await guarded("npm start", async () => {
  checkMachine();
  await installPackages();
  await build();
  const { missingPackages, withSystemFolders } = await import(
    new URL("../dist/lab/requirements.js", import.meta.url)
  );
  await installDebianPackages(missingPackages(withSystemFolders(process.env.PATH ?? "")));
  const { labDemo } = await import(new URL("../dist/lab/verbs.js", import.meta.url));
  await labDemo("npm start");
  return process.exitCode;
});
