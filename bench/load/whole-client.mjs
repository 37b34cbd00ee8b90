/**
 * Whole calls without wrk; reads the plan that wrk.mjs writes and prints the same result line.
 *
 *   node bench/load/whole-client.mjs PORT PLAN CONNECTIONS SECONDS
 */
import { readFileSync } from 'node:fs';
import { percentile } from '../measure/figures.mjs';
import { faultOfWhole } from './answers.mjs';
import { Checker } from './checker.mjs';
import { Connection, requestBytes } from './connection.mjs';

const [port, planFile, connections, seconds] = process.argv.slice(2);
const lines = readFileSync(planFile, 'utf8').split('\n');
const path = lines.shift();
const headers = Object.fromEntries(lines.splice(0, Number(lines.shift())).map((line) => line.split(': ')));
lines.shift();
const calls = Array.from({ length: Number(lines.shift()) }, () => {
  const [key, model, body] = lines.splice(0, 3);
  return {
    bytes: requestBytes({ path, headers, key, body }),
    checker: new Checker((text) => faultOfWhole(text, model)),
  };
});

const times = [];
let next = 0;
let broken = 0;
const beganMs = performance.now();
const endMs = beganMs + Number(seconds) * 1000;

function open() {
  let call;
  let sentMs;
  const connection = new Connection(Number(port), {
    onEnd(answer) {
      times.push(performance.now() - sentMs);
      call.checker.check(answer);
      if (performance.now() < endMs) send();
      else connection.close();
    },
    onBroken() {
      broken += 1;
      if (performance.now() < endMs) setTimeout(open, 10);
    },
  });
  const send = () => {
    call = calls[next++ % calls.length];
    sentMs = performance.now();
    connection.send(call.bytes);
  };
  send();
}
for (let i = 0; i < Number(connections); i++) open();

function report(timedOut) {
  const us = (share) => Math.round(percentile(times, share) * 1000);
  const result = {
    calls: times.length,
    seconds: (performance.now() - beganMs) / 1000,
    p50Us: us(0.5),
    p99Us: us(0.99),
  };
  const wrong = calls.reduce((sum, { checker }) => sum + checker.wrong, 0);
  const fault = calls.find(({ checker }) => checker.fault !== '')?.checker.fault ?? '';
  process.stdout.write(`RESULT ${JSON.stringify({ ...result, broken, timedOut, wrong, fault })}\n`);
}
const guard = setTimeout(
  () => {
    report(1);
    process.exit(0);
  },
  Number(seconds) * 1000 + 10_000,
);
guard.unref();
process.on('exit', (code) => {
  if (code === 0 && performance.now() < endMs + 9_900) report(0);
});
