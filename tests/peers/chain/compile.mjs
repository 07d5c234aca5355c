// Compiles token.sol; prints its bytecode. Run with the folder of npm's `solc` as the first argument.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const solc = createRequire(`${process.argv[2]}/`)("solc");
const source = readFileSync(new URL("token.sol", import.meta.url), "utf8");
const input = {
  language: "Solidity",
  sources: { "token.sol": { content: source } },
  settings: {
    optimizer: { enabled: true, runs: 200 },
    viaIR: true,
    evmVersion: "paris",
    outputSelection: { "*": { "*": ["evm.bytecode.object"] } },
  },
};
const made = JSON.parse(solc.compile(JSON.stringify(input)));
const bad = (made.errors ?? []).filter((one) => one.severity === "error");
if (bad.length) throw new Error(bad.map((one) => one.formattedMessage).join("\n"));
process.stdout.write(made.contracts["token.sol"].Token.evm.bytecode.object);
