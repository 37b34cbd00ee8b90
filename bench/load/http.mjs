/** Small HTTP helpers of the bench; never used for a figure. */
import http from 'node:http';

/** One request on a connection of its own. Answers `{status, text}`; a failed connection is status 0. */
export function ask(url, { method = 'GET', headers = {}, body, timeoutMs = 5000 } = {}) {
  return new Promise((resolve) => {
    const failed = (error) => resolve({ status: 0, text: error.message });
    const request = http.request(url, { method, headers, agent: false, timeout: timeoutMs }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
      answer.on('error', failed);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    request.on('error', failed);
    request.end(body);
  });
}

export const isOk = async (url) => (await ask(url, { timeoutMs: 1000 })).status === 200;
