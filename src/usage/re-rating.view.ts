import { usdText } from '../../libs/protocol/index.js';
import type { ReRatingReport } from './re-rating.service.js';

export interface ReRatingView {
  id: string;
  dry_run: boolean;
  records: number;
  adjusted: number;
  unpriced: number;
  difference_nano_dollars: string;
  difference_usd: string;
  projects: {
    project_id: string | null;
    org_id: string | null;
    records: number;
    difference_nano_dollars: string;
    difference_usd: string;
  }[];
  /** Not all was done: ask again from here. */
  resume_from: string | null;
}

export function reRatingView(report: ReRatingReport): ReRatingView {
  const difference = (nano: bigint): { difference_nano_dollars: string; difference_usd: string } => ({
    difference_nano_dollars: nano.toString(),
    difference_usd: usdText(nano),
  });
  return {
    id: report.runId,
    dry_run: report.dryRun,
    records: report.records,
    adjusted: report.adjusted,
    unpriced: report.unpriced,
    ...difference(report.differenceNano),
    projects: report.projects.map(({ projectId, orgId, records, differenceNano }) => ({
      project_id: projectId,
      org_id: orgId,
      records,
      ...difference(differenceNano),
    })),
    resume_from: report.resumeFromMs === null ? null : new Date(report.resumeFromMs).toISOString(),
  };
}
