// Opens models with Netron's own reader: node tests/formats/netron.mjs NETRON FILE...
// NETRON is the folder of the Python package, which holds Netron's scripts. Prints what Netron found in each file.

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(path.join(folder, name.endsWith(".js") ? name : `${name}.js`)));
const [base, view] = [await load("base.js"), await load("view.js")];

const host = {
  environment: () => undefined,
  require: load,
  event: () => {},
  exception: (error) => {
    throw error;
  },
};

for (const file of files) {
  const context = {
    identifier: path.basename(file),
    stream: new base.BinaryStream(new Uint8Array(fs.readFileSync(file))),
    entries: new Map(),
    require: load,
    asset: (name) => fs.readFileSync(path.join(folder, name), "utf8"),
    fetch: (name) => {
      throw new Error(`${name} is not there`);
    },
    error: host.exception,
  };
  const model = await new view.ModelFactoryService(host).open(context);
  const [graph] = model.modules;
  const nodes = graph.nodes.map(({ type, name }) => type?.name ?? name);
  const names = (values) => values.map(({ name, value }) => name ?? value[0].name);
  console.log(JSON.stringify({ format: model.format, inputs: names(graph.inputs), outputs: names(graph.outputs), nodes }));
}
