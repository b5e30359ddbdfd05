// Takes README's picture of NocoBase's MCP settings, from a real server on which our server was added.
//
//     node picture.mjs CHROMIUM NOCOBASE_URL TOKEN_OF_AN_ADMINISTRATOR FILE.png
//
// Node 22 or later, no packages: it speaks to the browser's debugging port. Waits for what must be seen, not for time.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [chromium, base, token, file] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), 'picture-'));
const browser = spawn(chromium, [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--remote-debugging-port=0',
  '--window-size=1280,800', '--force-device-scale-factor=1', `--user-data-dir=${profile}`, 'about:blank',
]);

const address = await new Promise((resolve) => {
  browser.stderr.on('data', (chunk) => {
    const found = /DevTools listening on (\S+)/.exec(chunk);
    if (found) resolve(new URL(found[1]));
  });
});
const pages = await (await fetch(`http://${address.host}/json/list`)).json();
const socket = new WebSocket(pages.find((page) => page.type === 'page').webSocketDebuggerUrl);
await new Promise((resolve) => socket.addEventListener('open', resolve));
const waiting = new Map();
let count = 0;
socket.addEventListener('message', (event) => {
  const message = JSON.parse(event.data);
  waiting.get(message.id)?.(message.result ?? message);
});
const ask = (method, params = {}) =>
  new Promise((resolve) => {
    count += 1;
    waiting.set(count, resolve);
    socket.send(JSON.stringify({ id: count, method, params }));
  });
const look = async (expression) =>
  (await ask('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })).result?.value;
const until = async (expression, what) => {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await look(expression)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`never seen: ${what}; the page says: ${await look('document.body.innerText.slice(0, 600)')}`);
};

await ask('Page.enable');
await ask('Page.addScriptToEvaluateOnNewDocument', {
  source: `for (const [key, value] of ${JSON.stringify([
    ['NOCOBASE_TOKEN', token],
    ['NOCOBASE_AUTH', 'basic'],
    ['NOCOBASE_LOCALE', 'en-US'],
  ])}) localStorage.setItem(key, value);`,
});
await ask('Page.navigate', { url: `${base}/admin/settings/ai/mcp-settings` });
await until(`document.body?.innerText.includes('NocoBase Release')`, 'our server in the list');
// What was found behind it, with the permission that each tool has.
await look(`[...document.querySelectorAll('a')].find((link) => link.innerText.trim() === 'View')?.click()`);
await until(`document.body.innerText.includes('run_status') || document.body.innerText.includes('run-status')`, 'its tools');
await until(`!document.querySelector('.ant-drawer-content-wrapper-hidden, .ant-motion-collapse-active, .ant-skeleton-active, .ant-spin-spinning, .ant-drawer-panel-motion-right-enter')`, 'the page at rest');
const shot = await ask('Page.captureScreenshot', { format: 'png' });
writeFileSync(file, Buffer.from(shot.data, 'base64'));
console.log(await look('document.body.innerText.slice(0, 1500)'));
socket.close();
const ended = new Promise((resolve) => browser.on('exit', resolve));
browser.kill();
await ended;
rmSync(profile, { recursive: true, force: true });
