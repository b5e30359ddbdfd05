// Drives the MCP server with the official TypeScript SDKs and prints what came back as one JSON document.
//
//     node session.mjs --sdk 2|1 --lifecycle legacy|auto|pinned (--command JSON | --url URL [--token TOKEN]) [--target NAME]
//
// The same steps for each: list the tools, plan a restore from a sentence, confirm it wrongly, then rightly, follow the
// run to its end, and go through the confirmation of a protected target with a person who types the phrase. Judging
// is left to the caller; the SDKs themselves refuse results that do not fit their tool's output schema.

const options = {};
for (let i = 2; i < process.argv.length; i += 2) options[process.argv[i].slice(2)] = process.argv[i + 1];
const source = options.source ?? 'dev';
const target = options.target ?? 'test';
const guarded = options.protected ?? 'prod';
const asked = [];

function answer(request) {
  const message = request.params.message;
  asked.push(message);
  const phrase = /type exactly: (.+)/.exec(message);
  return phrase ? { action: 'accept', content: { phrase: phrase[1].trim() } } : { action: 'decline' };
}

async function connectV2() {
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
  const mode = options.lifecycle === 'pinned' ? { pin: '2026-07-28' } : options.lifecycle;
  const client = new Client(
    { name: 'typescript-2', version: '0' },
    { capabilities: { elicitation: {} }, versionNegotiation: { mode } },
  );
  client.setRequestHandler('elicitation/create', answer);
  await client.connect(transport(StdioClientTransport, StreamableHTTPClientTransport));
  return { client, version: client.getNegotiatedProtocolVersion(), options: undefined };
}

async function connectV1() {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  const { ElicitRequestSchema } = await import('@modelcontextprotocol/sdk/types.js');
  const client = new Client({ name: 'typescript-1', version: '0' }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, answer);
  const over = transport(StdioClientTransport, StreamableHTTPClientTransport);
  await client.connect(over);
  return { client, version: over.protocolVersion ?? over._protocolVersion ?? 'legacy' };
}

function transport(Stdio, Http) {
  if (options.url) {
    const headers = options.token ? { Authorization: `Bearer ${options.token}` } : {};
    return new Http(new URL(options.url), { requestInit: { headers } });
  }
  const [command, ...args] = JSON.parse(options.command);
  return new Stdio({ command, args, env: process.env, stderr: 'ignore' });
}

const { client, version } = options.sdk === '1' ? await connectV1() : await connectV2();
const steps = {};

async function call(step, name, args) {
  const began = performance.now();
  const result = await client.callTool({ name, arguments: args });
  steps[step] = {
    is_error: Boolean(result.isError),
    text: result.content.filter((block) => block.type === 'text').map((block) => block.text).join(''),
    data: result.structuredContent ?? null,
    seconds: (performance.now() - began) / 1000,
  };
  return steps[step];
}

async function untilEnded(step, run) {
  for (;;) {
    const looked = await call(step, 'run_status', { run, wait_seconds: 20 });
    if (looked.data?.status !== 'running') return;
  }
}

const tools = (await client.listTools()).tools;
const prompts = (await client.listPrompts()).prompts.map((prompt) => prompt.name);
const resources = (await client.listResources()).resources.map((resource) => resource.uri);
await call('question', 'release', { sentence: 'restore' });
const planned = await call('plan', 'release', { sentence: `Restore ${source} to ${target}` });
const plan = planned.data.plan;
await call('confirm_wrongly', 'confirm', { plan: plan.plan, phrase: 'yes, go on' });
const confirmed = await call('confirm', 'confirm', { plan: plan.plan, phrase: plan.phrase, wait_seconds: 0 });
await untilEnded('ended', confirmed.data.run.run);
await call('confirm_again', 'confirm', { plan: plan.plan, phrase: plan.phrase });
const protectedPlan = await call('plan_protected', 'restore', { source, target: guarded });
const typed = await call('typed', 'confirm', { plan: protectedPlan.data.plan.plan, wait_seconds: 0 });
if (typed.data?.run) await untilEnded('ended_protected', typed.data.run.run);
await client.close();
console.log(JSON.stringify({ version, tools: tools.map((tool) => tool.name), prompts, resources, steps, asked }));
process.exit(0);
