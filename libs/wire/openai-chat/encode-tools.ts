import type { BuiltinTool, CanonicalRequest, ResponseFormat, Tool, ToolChoice } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { cacheControl, type Encoding } from './encode-parts.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Writes `tools`, and `web_search_options` where the request had them. */
export function writeTools(out: Out, request: CanonicalRequest, encoding: Encoding): void {
  if (request.tools === undefined) return;
  const tools: Out[] = [];
  request.tools.forEach((tool, index) => {
    const path = `tools[${String(index)}]`;
    if (tool.type === 'builtin' && encoding.own && tool.form === 'web_search_options') {
      out['web_search_options'] = webSearch(tool);
      return;
    }
    const encoded = encodeTool(tool, encoding, path);
    if (encoded !== null) tools.push(encoded);
    reportExtensions(encoding.report, tool.extensions, FORMAT, path);
  });
  if (tools.length > 0 || (encoding.own && out['web_search_options'] === undefined)) out['tools'] = tools;
}

function webSearch({ settings, extensions }: BuiltinTool): Out {
  const out: Out = {
    ...(settings?.contextSize === undefined ? {} : { search_context_size: settings.contextSize }),
    ...(settings?.userLocation === undefined ? {} : { user_location: settings.userLocation }),
  };
  writeExtensions(out, extensions, FORMAT);
  return out;
}

function encodeTool(tool: Tool, { own, report }: Encoding, path: string): Out | null {
  const out = toolFields(tool, own);
  if (out === null) {
    const name = tool.type === 'builtin' ? `'${tool.name ?? tool.tool}'` : tool.name;
    report.add(path, `the provider's own tool ${name} is not known to the target`);
    return null;
  }
  if (tool.cache !== undefined) {
    if (own) out['cache_control'] = cacheControl(tool.cache);
    else report.add(`${path}.cache`, 'the target has no cache breakpoints');
  }
  writeExtensions(out, tool.extensions, FORMAT);
  return out;
}

function toolFields(tool: Tool, own: boolean): Out | null {
  if (tool.type === 'function') {
    const { name, description, parameters, strict } = tool;
    return { type: 'function', function: given({ name, description, parameters, strict }) };
  }
  if (tool.type === 'custom') {
    const { name, description, grammar } = tool;
    return { type: 'custom', custom: given({ name, description, format: grammar }) };
  }
  return own ? { type: tool.form } : null;
}

export function encodeToolChoice(choice: ToolChoice, request: CanonicalRequest, { own, report }: Encoding): unknown {
  const out = choiceFields(choice, request, own);
  if (typeof out === 'object') writeExtensions(out, choice.extensions, FORMAT);
  reportExtensions(report, choice.extensions, FORMAT, 'toolChoice');
  return out;
}

function choiceFields(choice: ToolChoice, { tools }: CanonicalRequest, own: boolean): string | Out {
  const form = own ? choice.form : undefined;
  switch (choice.mode) {
    case 'tool':
      if (form?.startsWith('flat ') === true) return { type: form.slice(5), name: choice.name };
      return named(choice.name, form === 'custom' || isCustom(tools, choice.name));
    case 'allowed':
      return {
        type: 'allowed_tools',
        allowed_tools: {
          mode: choice.required ? 'required' : 'auto',
          tools: choice.names.map((name) => named(name, isCustom(tools, name))),
        },
      };
    default:
      return form ?? choice.mode;
  }
}

function named(name: string, custom: boolean): Out {
  return custom ? { type: 'custom', custom: { name } } : { type: 'function', function: { name } };
}

function isCustom(tools: CanonicalRequest['tools'], name: string): boolean {
  return tools?.some((tool) => tool.type === 'custom' && tool.name === name) === true;
}

export function encodeResponseFormat(format: ResponseFormat, { own, report }: Encoding): Out {
  const out = formatFields(format, own);
  writeExtensions(out, format.extensions, FORMAT);
  reportExtensions(report, format.extensions, FORMAT, 'responseFormat');
  return out;
}

function formatFields(format: ResponseFormat, own: boolean): Out {
  if (format.type === 'text') return { type: 'text' };
  if (format.type === 'json') return { type: 'json_object' };
  const { description, strict } = format;
  const schema = own && format.form === 'no-schema' ? undefined : format.schema;
  // The API wants a name; other formats have none.
  const name = format.name ?? (own ? undefined : 'answer');
  return { type: 'json_schema', json_schema: given({ name, description, schema, strict }) };
}
