import { CreateTenancy1760000000001 } from './1760000000001-create-tenancy.js';
import { CreateRegistry1760000000002 } from './1760000000002-create-registry.js';
import { CreateLedger1760000000003 } from './1760000000003-create-ledger.js';
import { CreateAuditLog1760000000004 } from './1760000000004-create-audit-log.js';
import { CreatePrices1760000000005 } from './1760000000005-create-prices.js';
import { ExtendLimits1760000000006 } from './1760000000006-extend-limits.js';
import { AddDailyUsage1760000000007 } from './1760000000007-add-daily-usage.js';
import { AddProviderOptions1760000000008 } from './1760000000008-add-provider-options.js';
import { CreateSpendShifts1760000000009 } from './1760000000009-create-spend-shifts.js';
import { AddRecordLoss1760000000010 } from './1760000000010-add-record-loss.js';
import { CreateProjectProviders1760000000011 } from './1760000000011-create-project-providers.js';

/** Every migration, oldest first. An explicit list: what is not in it does not run. */
export const MIGRATIONS = [
  CreateTenancy1760000000001,
  CreateRegistry1760000000002,
  CreateLedger1760000000003,
  CreateAuditLog1760000000004,
  CreatePrices1760000000005,
  ExtendLimits1760000000006,
  AddDailyUsage1760000000007,
  AddProviderOptions1760000000008,
  CreateSpendShifts1760000000009,
  AddRecordLoss1760000000010,
  CreateProjectProviders1760000000011,
];
