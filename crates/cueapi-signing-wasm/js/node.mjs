// Runs the vectors in Node: node node.mjs MODULE CASES

import { readFile } from "node:fs/promises";
import { argv, stdout } from "node:process";

import { run } from "./vectors.mjs";

const [module, cases] = await Promise.all(argv.slice(2, 4).map((path) => readFile(path)));
stdout.write(JSON.stringify(run(await WebAssembly.compile(module), JSON.parse(cases))));
