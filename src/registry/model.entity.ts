import { Column, Entity } from 'typeorm';
import type { Model } from './catalogue.js';
import type { Timeouts } from './snapshot.js';
import { StampedEntity, wholeNumber } from './stamped.entity.js';

@Entity('models')
export class ModelEntity extends StampedEntity implements Model {
  @Column('text')
  name!: string;

  @Column('text', { name: 'model_id' })
  modelId!: string;

  @Column('boolean')
  active!: boolean;

  @Column('jsonb', { name: 'default_params' })
  defaultParams!: Record<string, unknown>;

  @Column('boolean', { name: 'enable_thinking', nullable: true })
  enableThinking!: boolean | null;

  @Column('text', { name: 'system_prompt_prefix', nullable: true })
  systemPromptPrefix!: string | null;

  @Column('boolean', { name: 'rewrite_model_name' })
  rewriteModelName!: boolean;

  @Column('bigint', { name: 'rpm_limit', nullable: true, transformer: wholeNumber })
  rpmLimit!: number | null;

  @Column('bigint', { name: 'tpm_limit', nullable: true, transformer: wholeNumber })
  tpmLimit!: number | null;

  @Column('bigint', { name: 'concurrency_limit', nullable: true, transformer: wholeNumber })
  concurrencyLimit!: number | null;

  @Column('bigint', { name: 'max_output_tokens', nullable: true, transformer: wholeNumber })
  maxOutputTokens!: number | null;

  @Column('bigint', { name: 'context_window', nullable: true, transformer: wholeNumber })
  contextWindow!: number | null;

  @Column('jsonb')
  timeouts!: Timeouts;
}
