import type { FormatId } from '../../../libs/protocol/index.js';
import type { BackendEntry } from '../../registry/snapshot.js';
import { pathSegment } from '../path-template.js';
import { ProfileAdapter } from '../profile.adapter.js';
import type { Target } from '../provider-adapter.js';
import type { Endpoint } from '../provider-profile.js';
import { AZURE } from './azure.profile.js';

const OPENAI_SUFFIX: Partial<Record<FormatId, string>> = {
  'openai-chat': '/chat/completions',
  'openai-responses': '/responses',
};
/** With dated versions these stand beside the deployments, not under one. */
const BESIDE_DEPLOYMENTS: ReadonlySet<string> = new Set(['/responses', '/models', '/files', '/batches']);

/** Azure's two styles of URL, and Claude, which stands beside them. */
export class AzureAdapter extends ProfileAdapter {
  constructor() {
    super(AZURE);
  }

  override generatePath(target: Target, format: FormatId, stream: boolean): string | null {
    const suffix = OPENAI_SUFFIX[format];
    return suffix === undefined || !this.formats(target).includes(format)
      ? super.generatePath(target, format, stream)
      : openAiPath(target, suffix);
  }

  override endpointPath(target: Target, endpoint: Endpoint): string | null {
    return AZURE.endpoints[endpoint] === undefined ? null : openAiPath(target, `/${endpoint}`);
  }
}

function openAiPath({ backend, model }: Target, suffix: string): string {
  const version = backend.provider?.options['api_version'];
  const root = rootOf(backend);
  if (version === undefined || !/^\d/.test(version) || backend.basePath.endsWith('/openai/v1')) {
    // `preview` and `latest` choose what the undated API offers; a date would be refused there.
    const query = version === 'preview' || version === 'latest' ? `?api-version=${version}` : '';
    return `${root}/openai/v1${suffix}${query}`;
  }
  const deployment = backend.provider?.options['deployment'] ?? model;
  const place = BESIDE_DEPLOYMENTS.has(suffix) ? '' : `/deployments/${pathSegment(deployment)}`;
  return `${root}/openai${place}${suffix}?api-version=${version}`;
}

/** The URL may be the endpoint alone, or go on with `/openai` or `/openai/v1`. */
function rootOf({ rootPath }: BackendEntry): string {
  return rootPath.endsWith('/openai') ? rootPath.slice(0, -'/openai'.length) : rootPath;
}
