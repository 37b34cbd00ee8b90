/** The demo's steps, over the same HTTP API that everybody uses; each prints what it did. */
export async function runDemo(gatewayUrl: string, adminKey: string, upstreamUrl: string): Promise<void> {
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  say(`OmniGate demo on ${gatewayUrl}, scripted upstream on ${upstreamUrl}\n`);

  say('1. Register a model with one backend           POST /admin/v1/models');
  const model = { name: 'demo-model', model_id: 'scripted-1', backends: [{ url: upstreamUrl }] };
  await post(`${gatewayUrl}/admin/v1/models`, { 'x-admin-key': adminKey }, model);

  say('2. Make a key                                  POST /admin/v1/keys');
  const made = (await (
    await post(`${gatewayUrl}/admin/v1/keys`, { 'x-admin-key': adminKey }, { name: 'demo' })
  ).json()) as { key: string; api_key: { key_prefix: string } };
  say(`   ${made.api_key.key_prefix}… (only its hash is stored)`);

  const auth = { authorization: `Bearer ${made.key}` };
  const question = { model: 'demo-model', messages: [{ role: 'user', content: 'Say hello' }] };

  say('3. One whole call                              POST /v1/chat/completions');
  const whole = await post(`${gatewayUrl}/v1/chat/completions`, auth, question);
  const answer = (await whole.json()) as { model: string; choices: [{ message: { content: string } }]; usage: object };
  say(`   ${answer.model}: "${answer.choices[0].message.content}"`);
  say(`   usage ${JSON.stringify(answer.usage)}, request id ${whole.headers.get('x-request-id') ?? ''}`);
  say(`   timing ${whole.headers.get('server-timing') ?? ''}`);

  say('4. One streamed call                           POST /v1/chat/completions {"stream":true}');
  process.stdout.write('   ');
  const streamed = await post(`${gatewayUrl}/v1/chat/completions`, auth, { ...question, stream: true });
  await printStream(streamed);

  say('\nThat is all it takes. README.md goes on from here.');
}

async function post(url: string, headers: Record<string, string>, body: object): Promise<Response> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response;
}

async function printStream(response: Response): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) printEvent(event);
  }
  process.stdout.write('\n');
}

function printEvent(event: string): void {
  if (!event.startsWith('data: {')) return;
  const chunk = JSON.parse(event.slice(6)) as { choices: { delta: { content?: string } }[] };
  process.stdout.write(chunk.choices[0]?.delta.content ?? '');
}
