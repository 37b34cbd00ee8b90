import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Target } from '../providers/provider-adapter.js';
import { ProviderAdapters } from '../providers/provider-adapters.js';
import type { BackendEntry } from '../registry/snapshot.js';
import { BackendProbe, type ProbePlan } from '../routing/backend-probe.service.js';

/** Joins probes, which know when, with vendors, who know what may be asked and how. */
@Injectable()
export class ProbePlans implements OnModuleInit {
  constructor(
    private readonly probe: BackendProbe,
    private readonly adapters: ProviderAdapters,
  ) {}

  onModuleInit(): void {
    this.probe.askBy((backend) => this.planFor(backend));
  }

  private planFor(backend: BackendEntry): ProbePlan {
    const adapter = this.adapters.for(backend);
    const target: Target = { backend, credential: backend.provider?.credentials[0] ?? null, model: '' };
    const health = adapter.healthPath(backend);
    return {
      health: health === null ? null : { origin: backend.origin, path: health },
      proof: adapter.proofRequest(target),
      headers: (path) =>
        adapter.authorize(target, { method: 'GET', path, body: null, requestId: randomUUID(), format: null }),
    };
  }
}
