import { ApiProperty } from '@nestjs/swagger';
import type { CredentialTest } from '../../providers/provider-test.service.js';

export class CredentialTestView {
  @ApiProperty({ type: 'string', format: 'uuid', nullable: true, description: 'null: called without a credential.' })
  credential_id!: string | null;

  @ApiProperty({ type: 'string', nullable: true })
  label!: string | null;

  @ApiProperty()
  ok!: boolean;

  @ApiProperty({ type: 'integer', nullable: true, description: "The vendor's HTTP status; null: it did not answer." })
  status!: number | null;

  @ApiProperty()
  latency_ms!: number;

  @ApiProperty({
    type: 'string',
    nullable: true,
    description: 'What it means and what the vendor said, secrets taken out.',
  })
  error!: string | null;
}

/** The first credential that failed, else the first one; and all of them. */
export class ProviderTestView {
  @ApiProperty({ description: 'Whether every credential that was tried is taken.' })
  ok!: boolean;

  @ApiProperty({ type: 'integer', nullable: true })
  status!: number | null;

  @ApiProperty()
  latency_ms!: number;

  @ApiProperty({ type: 'string', nullable: true })
  error!: string | null;

  @ApiProperty({ type: [CredentialTestView] })
  credentials!: CredentialTestView[];
}

export function providerTestView(tests: readonly CredentialTest[]): ProviderTestView {
  const telling = tests.find(({ ok }) => !ok) ?? tests[0];
  return {
    ok: tests.every(({ ok }) => ok),
    status: telling?.status ?? null,
    latency_ms: telling?.latencyMs ?? 0,
    error: telling?.error ?? null,
    credentials: tests.map((test) => ({
      credential_id: test.credentialId,
      label: test.label,
      ok: test.ok,
      status: test.status,
      latency_ms: test.latencyMs,
      error: test.error,
    })),
  };
}
