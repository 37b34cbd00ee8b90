/** Whole calls: `wrk` where it is installed, else a client on node:net with the same checks. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from '../measure/child.mjs';
import { chatRequest, WHOLE_CONTENT } from './answers.mjs';

const LUA = fileURLToPath(new URL('whole.lua', import.meta.url));
const CLIENT = fileURLToPath(new URL('whole-client.mjs', import.meta.url));
export const hasWrk = !spawnSync('wrk', ['--version'], { stdio: 'ignore', timeout: 5000 }).error;
let plans = 0;

/**
 * Writes the calls of one load to a file both clients read: path, headers, expected content, then key, expected model and
 * body of each call.
 */
export function writePlan(directory, target, bytes) {
  const headers = { 'content-type': 'application/json', ...target.headers };
  const lines = [target.path, Object.keys(headers).length];
  lines.push(...Object.entries(headers).map(([name, value]) => `${name}: ${value}`));
  lines.push(WHOLE_CONTENT, target.calls.length);
  for (const { key, model, expectedModel } of target.calls) lines.push(key, expectedModel, chatRequest(model, bytes));
  const file = join(directory, `plan-${++plans}`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

/** Answers `{calls, seconds, p50Us, p99Us, broken, timedOut, wrong, fault}`; throws when the client itself fails. */
export async function loadWhole({ port, plan, connections, seconds, core }) {
  const url = `http://127.0.0.1:${port}`;
  const wrkArgs = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout=10s', '-s', LUA, url, '--', plan];
  const ownArgs = [CLIENT, String(port), plan, String(connections), String(seconds)];
  const child = hasWrk
    ? Child.start('wrk', wrkArgs, { core, pipe: true })
    : Child.start(process.execPath, ownArgs, { core, pipe: true });
  const output = await outputOf(child, seconds * 1000 + 30_000);
  const line = /^RESULT (\{.*\})$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`the load generator gave no result:\n${output.slice(-1000)}`);
  return JSON.parse(line);
}

/** What a child writes until it ends; it is killed when `limitMs` have passed. */
export async function outputOf(child, limitMs) {
  let output = '';
  child.process.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  const timer = setTimeout(() => child.process.kill('SIGKILL'), limitMs);
  await child.ended;
  clearTimeout(timer);
  return output;
}

/** What went wrong with a load, or null. */
export function faultOf(result) {
  if (result.wrong > 0) return `${result.wrong} wrong answers, the first: ${result.fault}`;
  if (result.timedOut > 0) return `${result.timedOut} calls timed out`;
  if (result.broken > 0) return `${result.broken} connections broke`;
  return result.calls === 0 ? 'no call was answered' : null;
}
