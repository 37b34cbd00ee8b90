import type { Extensible, FormatId, JsonFields } from './format.js';

/**
 * "The prompt up to and including this may be cached." Kept at the very part or tool it stood on.
 */
export interface CacheBreakpoint {
  /** How long, in the words of the format (`5m`, `1h`); absent: the provider's own time. */
  readonly ttl?: string | undefined;
  readonly extensions?: Extensible['extensions'];
}

interface PartFields extends Extensible {
  readonly cache?: CacheBreakpoint | undefined;
}

/** Where the bytes of an image, a sound, a film or a document are. */
export type MediaSource =
  /** Any URL: https, `gs://`, `s3://`, a provider's own file URI. Never a `data:` URL: decoders make those `data`. */
  | { readonly kind: 'url'; readonly url: string; readonly mediaType?: string | undefined }
  /** Base64 without line breaks. `mediaType` is absent where the format did not tell it. */
  | { readonly kind: 'data'; readonly data: string; readonly mediaType?: string | undefined }
  /** A document that is its own text. */
  | { readonly kind: 'text'; readonly text: string; readonly mediaType?: string | undefined }
  /** A file uploaded to the provider before. */
  | { readonly kind: 'file-id'; readonly fileId: string; readonly mediaType?: string | undefined }
  /** A document made of parts. */
  | { readonly kind: 'parts'; readonly parts: readonly Part[]; readonly mediaType?: string | undefined };

export interface TextPart extends PartFields {
  readonly type: 'text';
  readonly text: string;
  readonly citations?: readonly Citation[] | undefined;
  /** As in `ToolCallPart`. */
  readonly signature?: Signature | undefined;
}

export interface ImagePart extends PartFields {
  readonly type: 'image';
  readonly source: MediaSource;
  /** How closely to look: `auto`, `low`, `high`, or what the format knows. */
  readonly detail?: string | undefined;
  readonly signature?: Signature | undefined;
}

export interface AudioPart extends PartFields {
  readonly type: 'audio';
  readonly source: MediaSource;
  /** What is said in it, where the provider wrote it down. */
  readonly transcript?: string | undefined;
  /** By which a later request may refer to it. */
  readonly id?: string | undefined;
}

export interface VideoPart extends PartFields {
  readonly type: 'video';
  readonly source: MediaSource;
}

/** A document: PDF, text, anything the provider reads as a file. */
export interface FilePart extends PartFields {
  readonly type: 'file';
  readonly source: MediaSource;
  readonly filename?: string | undefined;
  readonly title?: string | undefined;
  /** What the document is about, told to the model but not quoted from. */
  readonly context?: string | undefined;
  /** Whether answers should cite it. */
  readonly citable?: boolean | undefined;
}

/** A value that is no text, in the result of a tool or as an answer of a provider that parses its own JSON. */
export interface JsonPart extends PartFields {
  readonly type: 'json';
  readonly value: unknown;
}

/** What a provider wants back unchanged with a part, and who understands it. */
export interface Signature {
  readonly origin: FormatId;
  readonly value: string;
}

/** The model wants one of the caller's tools run. */
export interface ToolCallPart extends PartFields {
  readonly type: 'tool-call';
  /** Joins call and result. Where the provider gives none, the decoder makes one that is unique within the answer. */
  readonly id: string;
  readonly name: string;
  /**
   * JSON text as it came: never parsed, never repaired, may be empty or no JSON at all. Of a custom tool: its free text.
   */
  readonly arguments: string;
  /** `custom`: the tool takes free text instead of JSON. Absent: a function. */
  readonly kind?: 'custom' | undefined;
  readonly signature?: Signature | undefined;
}

export interface ToolResultPart extends PartFields {
  readonly type: 'tool-result';
  readonly callId: string;
  /** Name of the tool; absent where the format does not repeat it. */
  readonly name?: string | undefined;
  /** Text, images, files, JSON. */
  readonly content: readonly Part[];
  readonly isError?: boolean | undefined;
  readonly kind?: 'custom' | undefined;
}

/** What the model thought before or between its words. Never to be shown as an answer. */
export interface ReasoningPart extends PartFields {
  readonly type: 'reasoning';
  /** Empty where the provider keeps it to itself. */
  readonly text: string;
  /** Its own summary, in paragraphs, where the provider gives that beside or instead of the text. */
  readonly summary?: readonly string[] | undefined;
  /** Proves the text to the provider that wrote it. */
  readonly signature?: Signature | undefined;
  /** The thought itself, readable only by the provider that wrote it. */
  readonly encrypted?: Signature | undefined;
  /** The provider hides this thought for safety; only `encrypted` is there. */
  readonly redacted?: boolean | undefined;
  readonly id?: string | undefined;
}

export interface RefusalPart extends PartFields {
  readonly type: 'refusal';
  readonly text: string;
}

/** Tools that run at the provider. `vendor`: one only its own format knows; the wire name is in `form`. */
export type BuiltinToolKind =
  | 'web-search'
  | 'web-fetch'
  | 'file-search'
  | 'code-execution'
  | 'computer-use'
  | 'image-generation'
  | 'maps'
  | 'mcp'
  | 'shell'
  | 'text-editor'
  | 'memory'
  | 'vendor';

/** The provider ran one of its own tools. */
export interface BuiltinCallPart extends PartFields {
  readonly type: 'builtin-call';
  readonly tool: BuiltinToolKind;
  readonly id: string;
  readonly name: string;
  /** JSON text as it came; empty where the format does not show it. */
  readonly arguments: string;
  /** Of an MCP tool. */
  readonly server?: string | undefined;
}

/** What that tool answered. Every format has its own shape: `value` is as `format` wrote it. */
export interface BuiltinResultPart extends PartFields {
  readonly type: 'builtin-result';
  readonly tool: BuiltinToolKind;
  readonly callId: string;
  readonly format: FormatId;
  readonly value: unknown;
  readonly isError?: boolean | undefined;
}

/** A part of a type the canonical model has no word for, as `format` wrote it. */
export interface OpaquePart extends PartFields {
  readonly type: 'opaque';
  readonly format: FormatId;
  readonly value: unknown;
}

export type Part =
  | TextPart
  | ImagePart
  | AudioPart
  | VideoPart
  | FilePart
  | JsonPart
  | ToolCallPart
  | ToolResultPart
  | ReasoningPart
  | RefusalPart
  | BuiltinCallPart
  | BuiltinResultPart
  | OpaquePart;

export type PartType = Part['type'];

/** Where something said comes from. Ranges go from the first to behind the last. */
export interface Citation extends Extensible {
  readonly kind: 'url' | 'document' | 'file' | 'other';
  readonly url?: string | undefined;
  readonly title?: string | undefined;
  readonly fileId?: string | undefined;
  readonly quote?: string | undefined;
  /** Which document of the request, counted from 0. */
  readonly documentIndex?: number | undefined;
  /** Where in the answer's text the statement stands, in UTF-16 units. */
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  /** Where in the source: in what, from, to. */
  readonly source?:
    { readonly unit: 'char' | 'page' | 'block'; readonly from: number; readonly to: number } | undefined;
  /** The whole as its format wrote it: an encoder of the same format writes it back. */
  readonly raw?: { readonly format: FormatId; readonly value: JsonFields } | undefined;
}
