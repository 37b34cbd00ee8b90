import { LossReport, type Usage } from '../../../libs/protocol/index.js';
import {
  RELAYED_WHOLE,
  relayWholeAnswer,
  relayWholeBody,
  type WholeBody,
  type WholeFormat,
} from '../../../libs/wire/index.js';
import type { ModelEntry } from '../../registry/snapshot.js';
import type { EndpointAsk, EndpointFormatId, EndpointPlan, EndpointTarget } from './endpoint-ask.js';

/** The formats of one kind of call, and what differs between the kinds. */
export interface EndpointKind<Request, Answer> {
  readonly endpoint: EndpointAsk['endpoint'];
  readonly formats: Readonly<Partial<Record<EndpointFormatId, WholeFormat<EndpointFormatId, Request, Answer>>>>;
  /** In whose words a model's default parameters are written. */
  readonly defaultsFormat: EndpointFormatId;
  withDefaults(request: Request, model: ModelEntry): Request;
  /** Whether the answer's vectors must be texts. */
  wantsBase64(request: Request): boolean;
  promptTokens(request: Request, content: Buffer): number;
  searchUnits(request: Request): number;
  unitsOf(answer: Answer): number | undefined;
}

/** What all requests and answers of these kinds have. */
interface Sourced {
  readonly source?: EndpointFormatId | undefined;
}

/** A call of one kind, read in the caller's format. */
export class WholeAsk<
  Request extends Sourced & { readonly model: string },
  Answer extends Sourced & { readonly usage: Usage | null },
> implements EndpointAsk {
  readonly promptTokens: number;
  readonly searchUnits: number;

  constructor(
    private readonly kind: EndpointKind<Request, Answer>,
    private readonly caller: WholeFormat<EndpointFormatId, Request, Answer>,
    private readonly body: WholeBody,
    private readonly request: Request,
  ) {
    this.promptTokens = kind.promptTokens(request, body.content);
    this.searchUnits = kind.searchUnits(request);
  }

  get endpoint(): EndpointAsk['endpoint'] {
    return this.kind.endpoint;
  }

  get modelName(): string {
    return this.request.model;
  }

  get extensions(): WholeBody['extensions'] {
    return this.body.extensions;
  }

  get content(): Buffer {
    return this.body.content;
  }

  plan(target: EndpointTarget, model: ModelEntry): EndpointPlan {
    const { id } = this.caller;
    const hasDefaults = Object.keys(model.defaultParams).length > 0;
    const isRelayed =
      id === target.format && RELAYED_WHOLE.has(id) && (!hasDefaults || id === this.kind.defaultsFormat);
    const format = this.kind.formats[target.format];
    if (format === undefined) throw new Error(`${target.format} is no format of ${this.kind.endpoint}`);
    const report = new LossReport(id, target.format);
    const request = this.kind.withDefaults(this.request, model);
    const body = isRelayed
      ? relayWholeBody(this.body, { model: target.model, defaultParams: model.defaultParams })
      : Buffer.from(JSON.stringify(format.encodeRequest(request, { report, ...target }).body));
    return {
      body,
      report,
      answer: (bytes, headers, context) => {
        const wantsBase64 = this.kind.wantsBase64(request);
        const relayed = isRelayed ? relayWholeAnswer(bytes, context.model, wantsBase64) : null;
        if (relayed !== null) return { ok: true, ...relayed };
        const decoded = format.decodeAnswer(bytes, headers);
        if (!decoded.ok) return decoded;
        const answer = decoded.value;
        const told = this.caller.encodeAnswer(answer, { report, request, ...context });
        const { usage } = answer;
        return { ok: true, body: Buffer.from(JSON.stringify(told)), usage, searchUnits: this.kind.unitsOf(answer) };
      },
    };
  }
}
