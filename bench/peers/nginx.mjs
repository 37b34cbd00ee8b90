/** nginx as a plain HTTP proxy: one worker, no access log, nothing buffered on the way back. The measure of the wire itself. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MODELS } from '../load/answers.mjs';
import { isOk } from '../load/http.mjs';
import { Child, freePort, untilReady } from '../measure/child.mjs';

const BINARY = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/opt/homebrew/bin/nginx'].find((path) => existsSync(path));

export const nginx = {
  name: 'nginx',
  label: 'nginx',
  absent: () => (BINARY === undefined ? 'nginx is not installed (Debian: apt-get install nginx-light)' : null),

  async start({ directory, cores, upstreamPort }) {
    mkdirSync(directory, { recursive: true });
    const port = await freePort();
    const configFile = join(directory, 'nginx.conf');
    writeFileSync(configFile, configuration(directory, port, upstreamPort));
    const sinceMs = performance.now();
    const child = Child.start(BINARY, ['-p', directory, '-c', configFile, '-e', join(directory, 'error.log')], {
      core: cores.peer,
      logFile: join(directory, 'nginx.log'),
    });
    const url = `http://127.0.0.1:${port}`;
    const readyMs = await untilReady(child, () => isOk(`${url}/health`), { sinceMs, what: 'nginx' });
    return {
      port,
      readyMs,
      accounts: { gateway: [child.pid] },
      target: (kind) => ({
        port,
        path: '/v1/chat/completions',
        headers: {},
        calls: [{ key: 'sk-bench', model: MODELS[kind].alias, expectedModel: MODELS[kind].upstream }],
      }),
      stop: () => child.stop(),
    };
  },
};

function configuration(directory, port, upstreamPort) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${join(directory, name)};`)
    .join('\n');
  return `daemon off;
worker_processes 1;
pid ${join(directory, 'nginx.pid')};
error_log ${join(directory, 'error.log')} warn;
events { worker_connections 8192; }
http {
${temporary}
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  client_body_buffer_size 64k;
  client_max_body_size 32m;
  upstream model {
    server 127.0.0.1:${upstreamPort};
    keepalive 2048;
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://model;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 300s;
    }
  }
}
`;
}
