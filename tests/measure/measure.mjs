// Measures MCP servers over stdio side by side: time from the start of the process to the first answer to tools/list,
// resident memory then, and the size of that answer in tokens (o200k_base, as JSON).
//
//     node measure.mjs ROUNDS NAME=COMMAND-AS-JSON ...
//
// The servers take turns, so that whatever else the machine does meets all of them. Every process is started directly,
// not by npx. One JSON document goes to stdout, a table to stderr.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';

const rounds = Number(process.argv[2]);
const servers = process.argv.slice(3).map((entry) => {
  const split = entry.indexOf('=');
  return { name: entry.slice(0, split), command: JSON.parse(entry.slice(split + 1)), runs: [] };
});

// Memory of the process and of those it started, as the kernel counts it.
function memoryOf(pid) {
  const field = (text, name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return children.reduce((sum, child) => sum + memoryOf(child), field(status, 'VmRSS'));
}

async function once(server) {
  const [program, ...args] = server.command;
  const began = performance.now();
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout });
  const waiting = new Map();
  lines.on('line', (line) => {
    const message = JSON.parse(line);
    waiting.get(message.id)?.(message);
  });
  const ask = (id, method, params) => {
    const answer = new Promise((resolve) => waiting.set(id, resolve));
    child.stdin.write(JSON.stringify({ jsonrpc: '2.0', id, method, params }) + '\n');
    return answer;
  };
  await ask(1, 'initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'measure', version: '0' },
  });
  child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  const list = await ask(2, 'tools/list', {});
  const milliseconds = performance.now() - began;
  const megabytes = memoryOf(child.pid) / 1024;
  const text = JSON.stringify(list.result.tools);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.stdin.end();
  child.kill();
  await ended;
  // What a model is shown: names, descriptions and arguments. Schemas of answers stay with the client.
  const shown = list.result.tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  return {
    milliseconds,
    megabytes,
    tools: list.result.tools.length,
    tokens: encode(text).length,
    tokens_shown: encode(JSON.stringify(shown)).length,
  };
}

for (let round = 0; round <= rounds; round += 1) {
  for (const server of servers) {
    const run = await once(server);
    // The first round only fills the caches.
    if (round > 0) server.runs.push(run);
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const results = servers.map(({ name, runs }) => {
  const of = (key) => runs.map((run) => run[key]);
  return {
    name,
    rounds: runs.length,
    first_tools_list_ms: { median: median(of('milliseconds')), min: Math.min(...of('milliseconds')), max: Math.max(...of('milliseconds')) },
    resident_mb: median(of('megabytes')),
    tools: runs[0].tools,
    tokens: runs[0].tokens,
    tokens_shown: runs[0].tokens_shown,
  };
});
for (const result of results) {
  const { median: middle, min, max } = result.first_tools_list_ms;
  console.error(
    `${result.name.padEnd(42)} ${middle.toFixed(1)} ms [${min.toFixed(1)}-${max.toFixed(1)}]  ` +
      `${result.resident_mb.toFixed(1)} MB  ${result.tools} tools, ${result.tokens} tokens, ${result.tokens_shown} of them shown to a model`,
  );
}
console.log(JSON.stringify(results, null, 2));
