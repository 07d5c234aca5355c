// Runs a step in JavaScript: `node javascript_step.cjs /skill/steps/x.js`, with what it is given as JSON on stdin.
//
// The script is the body of an async function with `input`, `steps`, `context`, `fail` and `require`. What it gives is
// what it returns, or the variable `output`, or the last line that it printed, where that is JSON. A script with
// `import` or `export` is loaded as a module instead: its default export, or `run` or `main`, is called with the same,
// which are globals as well, or its `output` is taken. The last line of stdout tells it as JSON; everything that the
// script prints goes to stderr.

const { readFileSync } = require("node:fs");
const { createRequire, registerHooks } = require("node:module");
const { pathToFileURL } = require("node:url");

const AsyncFunction = (async () => {}).constructor;
const NAMES = ["input", "steps", "context", "fail", "require"];
const answer = process.stdout.write.bind(process.stdout);
let printed = "";

class Failed extends Error {}

function keepWhatIsPrinted() {
  process.stdout.write = (chunk, ...others) => {
    printed = (printed + chunk).slice(-1024 * 1024);
    return process.stderr.write(chunk, ...others);
  };
}

// Packages are where NODE_PATH says; `require` looks there by itself, `import` does not.
function letImportFindPackages() {
  const packages = process.env.NODE_PATH;
  if (!packages || !registerHooks) return;
  const parentURL = pathToFileURL(packages).href;
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
        return next(specifier, { ...context, parentURL });
      }
    },
  });
}

function isModule(source) {
  return /^\s*(import\s*[\w*{"']|export\s*[\w*{])/m.test(source);
}

async function runBody(source, values) {
  const body = `var output; return await (async () => {\n${source}\n;return output;\n})();`;
  return new AsyncFunction(...NAMES, body)(...values);
}

async function runModule(path, values) {
  NAMES.forEach((name, index) => { globalThis[name] = values[index]; });
  const loaded = await import(pathToFileURL(path).href);
  const called = loaded.default ?? loaded.run ?? loaded.main;
  return typeof called === "function" ? called(...values.slice(0, 3)) : called ?? loaded.output;
}

function lastJson() {
  const line = printed.trimEnd().split("\n").pop();
  try {
    return JSON.parse(line);
  } catch {
    throw new Failed("the step gave no output");
  }
}

async function main(path) {
  const given = JSON.parse(readFileSync(0, "utf8"));
  const fail = (message) => { throw new Failed(String(message)); };
  const values = [given.input, given.steps, given.context, fail, createRequire(path)];
  const source = readFileSync(path, "utf8");
  keepWhatIsPrinted();
  letImportFindPackages();
  let told;
  try {
    const value = await (isModule(source) ? runModule(path, values) : runBody(source, values));
    told = { output: value === undefined ? lastJson() : value };
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    told = { failed: error.message };
  }
  answer(`\n${JSON.stringify(told)}`, () => process.exit(0));
}

main(process.argv[2]);
