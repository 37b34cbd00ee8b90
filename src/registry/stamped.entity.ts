import { Column, PrimaryColumn, type ValueTransformer } from 'typeorm';

/** `bigint` columns come as text; ours hold whole numbers far below 2^53. */
export const wholeNumber: ValueTransformer = {
  to: (value: number | null) => value,
  from: (value: string | number | null) => (value === null ? null : Number(value)),
};

/** The columns every table of the catalogue has. */
export abstract class StampedEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3 })
  updatedAt!: Date;

  @Column('integer')
  version!: number;
}
