import { spawn } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the built `omnigate` command to its end, in an environment of nothing but `env`; killed after `timeoutMs`. */
export async function omnigate(
  args: readonly string[],
  env: Record<string, string> = {},
  timeoutMs = 30_000,
): Promise<CommandResult> {
  const child = spawn(process.execPath, [join(ROOT, 'bin', 'omnigate.mjs'), ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const result: CommandResult = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (result.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (result.stderr += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  result.code = await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return result;
}
