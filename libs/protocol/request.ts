import type { Extensible, FormatId, JsonFields } from './format.js';
import type { BuiltinToolKind, CacheBreakpoint, Part } from './parts.js';
import type { PromptCachePolicy } from './prompt-cache.js';

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool';

/**
 * One turn. Instructions are messages too (`system`, `developer`), wherever they stood. The results of tools stand in
 * messages of the role `tool` (formats with one message a result) or `user` (formats that mix them with other parts):
 * encoders take both.
 */
export interface Message extends Extensible {
  readonly role: Role;
  readonly parts: readonly Part[];
  /** Who of several of the same role speaks. */
  readonly name?: string | undefined;
  readonly id?: string | undefined;
}

export interface FunctionTool extends Extensible {
  readonly type: 'function';
  readonly name: string;
  readonly description?: string | undefined;
  /** JSON Schema of the arguments. */
  readonly parameters?: JsonFields | undefined;
  /** The arguments must follow the schema to the letter. */
  readonly strict?: boolean | undefined;
  readonly cache?: CacheBreakpoint | undefined;
}

/** A tool of the caller's that takes free text, perhaps bound by a grammar. */
export interface CustomTool extends Extensible {
  readonly type: 'custom';
  readonly name: string;
  readonly description?: string | undefined;
  readonly grammar?: JsonFields | undefined;
  readonly cache?: CacheBreakpoint | undefined;
}

/** A tool of the provider's. `form` is its type on the wire, e.g. `web_search_20250305`. */
export interface BuiltinTool extends Extensible {
  readonly type: 'builtin';
  readonly tool: BuiltinToolKind;
  readonly name?: string | undefined;
  readonly settings?: BuiltinToolSettings | undefined;
  readonly cache?: CacheBreakpoint | undefined;
}

/** What several providers let one set for the same tool. */
export interface BuiltinToolSettings {
  readonly allowedDomains?: readonly string[] | undefined;
  readonly blockedDomains?: readonly string[] | undefined;
  readonly maxUses?: number | undefined;
  /** `low`, `medium`, `high`: how much of what was found goes into the prompt. */
  readonly contextSize?: string | undefined;
  readonly userLocation?: JsonFields | undefined;
  /** Of an MCP server. */
  readonly server?:
    | {
        readonly label: string;
        readonly url?: string | undefined;
        readonly authorization?: string | undefined;
        readonly allowedTools?: readonly string[] | undefined;
      }
    | undefined;
  /** Where files are searched. */
  readonly stores?: readonly string[] | undefined;
}

export type Tool = FunctionTool | CustomTool | BuiltinTool;

export type ToolChoice = Extensible &
  (
    | { readonly mode: 'auto' | 'none' | 'required' }
    /** This one must be called. */
    | { readonly mode: 'tool'; readonly name: string }
    /** Any of these; `required`: one must be. */
    | { readonly mode: 'allowed'; readonly names: readonly string[]; readonly required: boolean }
  );

export type ResponseFormat = Extensible &
  (
    | { readonly type: 'text' }
    /** Any JSON object. */
    | { readonly type: 'json' }
    | {
        readonly type: 'json-schema';
        readonly name?: string | undefined;
        readonly description?: string | undefined;
        readonly schema: JsonFields;
        readonly strict?: boolean | undefined;
      }
  );

export interface ReasoningSettings extends Extensible {
  /** `false`: do not think. `true` without more: think as you like. */
  readonly enabled?: boolean | undefined;
  /** `none minimal low medium high xhigh max`, or what the format knows. */
  readonly effort?: string | undefined;
  readonly budgetTokens?: number | undefined;
  /** How to summarise the thoughts: `auto`, `concise`, `detailed`, `none`. */
  readonly summary?: string | undefined;
  /** Whether thoughts are to be shown in the answer. */
  readonly visible?: boolean | undefined;
}

export interface GenerationSettings {
  readonly maxOutputTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly presencePenalty?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly seed?: number | undefined;
  /** How many answers to write. */
  readonly choices?: number | undefined;
  readonly logprobs?: boolean | undefined;
  readonly topLogprobs?: number | undefined;
  /** Token id → bias. */
  readonly logitBias?: JsonFields | undefined;
  /** How much to say: `low`, `medium`, `high`. */
  readonly verbosity?: string | undefined;
}

/** A threshold of a category of harm. */
export interface SafetySetting {
  readonly category: string;
  readonly threshold: string;
  readonly extensions?: Extensible['extensions'];
}

/** A call in no vendor's words. */
export interface CanonicalRequest extends Extensible {
  /** The format it was decoded from; absent: made by hand. */
  readonly source?: FormatId | undefined;
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools?: readonly Tool[] | undefined;
  readonly toolChoice?: ToolChoice | undefined;
  readonly parallelToolCalls?: boolean | undefined;
  readonly responseFormat?: ResponseFormat | undefined;
  readonly reasoning?: ReasoningSettings | undefined;
  readonly generation: GenerationSettings;
  /** What the answer may be made of: `text`, `audio`, `image`. */
  readonly modalities?: readonly string[] | undefined;
  readonly audioOutput?: { readonly voice?: string | undefined; readonly format?: string | undefined } | undefined;
  readonly safety?: readonly SafetySetting[] | undefined;
  readonly promptCache?: PromptCachePolicy | undefined;
  /** The caller's own notes, passed to the provider's logs. */
  readonly metadata?: JsonFields | undefined;
  /** The end user the caller acts for. */
  readonly user?: string | undefined;
  readonly serviceTier?: string | undefined;
  /** Whether the provider may keep the answer. */
  readonly store?: boolean | undefined;
  readonly stream: boolean;
  /** Whether the caller wants the usage in the stream; absent: as the format does by itself. */
  readonly includeUsage?: boolean | undefined;
  /** As `form`, for single fields of the request: `{stop: 'string'}`. */
  readonly forms?: Readonly<Record<string, string>> | undefined;
}
