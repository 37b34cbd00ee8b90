import { Column, Entity } from 'typeorm';
import type { TierSpec } from '../../libs/protocol/index.js';
import type { Price } from './price.js';
import { StampedEntity, wholeNumber } from './stamped.entity.js';

const Rate = (name: string): PropertyDecorator => Column('bigint', { name, nullable: true, transformer: wholeNumber });

@Entity('prices')
export class PriceEntity extends StampedEntity implements Price {
  @Column('uuid', { name: 'provider_id', nullable: true })
  providerId!: string | null;

  @Column('text')
  model!: string;

  @Column('bigint', { transformer: wholeNumber })
  input!: number;

  @Column('bigint', { transformer: wholeNumber })
  output!: number;

  @Rate('cached_input')
  cachedInput!: number | null;

  @Rate('cache_write_5m')
  cacheWrite5m!: number | null;

  @Rate('cache_write_1h')
  cacheWrite1h!: number | null;

  @Rate('audio_input')
  audioInput!: number | null;

  @Rate('cached_audio_input')
  cachedAudioInput!: number | null;

  @Rate('image_input')
  imageInput!: number | null;

  @Rate('cached_image_input')
  cachedImageInput!: number | null;

  @Rate('reasoning')
  reasoning!: number | null;

  @Rate('audio_output')
  audioOutput!: number | null;

  @Rate('image_output')
  imageOutput!: number | null;

  @Rate('per_request')
  perRequest!: number | null;

  @Rate('per_web_search')
  perWebSearch!: number | null;

  @Rate('per_audio_hour')
  perAudioHour!: number | null;

  @Column('jsonb')
  tiers!: TierSpec[];

  @Column({ type: 'timestamptz', name: 'effective_from', precision: 3, nullable: true })
  effectiveFrom!: Date | null;

  @Column({ type: 'timestamptz', name: 'effective_to', precision: 3, nullable: true })
  effectiveTo!: Date | null;
}
