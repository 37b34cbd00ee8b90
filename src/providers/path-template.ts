import { GatewayError } from '../../libs/protocol/index.js';
import type { BackendEntry } from '../registry/snapshot.js';
import type { PathTemplate } from './provider-profile.js';

/** What stands around a path: which vendor's rules hold for the parts of a backend's URL. */
interface PathRules {
  readonly versionPath?: string;
  readonly rootSuffix?: string;
}

type Piece = (backend: BackendEntry, model: string) => string;

/** Fills in a path: backend, and the upstream's name of the model. */
export type FillPath = (backend: BackendEntry, model: string) => string;

/** Takes a template apart once, so that a call costs a few concatenations. */
export function compilePath(template: PathTemplate, rules: PathRules): FillPath {
  const pieces = template
    .split(/(\{[a-z_]+\})/)
    .filter((text) => text !== '')
    .map((text): Piece => (text.startsWith('{') ? placeOf(text.slice(1, -1), rules) : () => text));
  if (pieces.length === 2) {
    const [first, second] = pieces as [Piece, Piece];
    return (backend, model) => first(backend, model) + second(backend, model);
  }
  return (backend, model) => {
    let path = '';
    for (const piece of pieces) path += piece(backend, model);
    return path;
  };
}

function placeOf(name: string, { versionPath, rootSuffix }: PathRules): Piece {
  switch (name) {
    case 'base':
      return versionPath === undefined
        ? ({ basePath }) => basePath
        : ({ basePath, rootPath }) => (basePath === rootPath ? basePath + versionPath : basePath);
    case 'root':
      return rootSuffix === undefined
        ? ({ rootPath }) => rootPath
        : ({ rootPath }) => (rootPath.endsWith(rootSuffix) ? rootPath.slice(0, -rootSuffix.length) : rootPath);
    case 'model':
      return (_backend, model) => pathSegment(model);
    default:
      return ({ provider }) => encodeURIComponent(provider?.options[name] ?? '');
  }
}

/**
 * A model's name as one segment of a path; no name leads anywhere else.
 * @throws GatewayError model_not_found for names no segment can carry
 */
export function pathSegment(model: string): string {
  if (/^\.{0,2}$/.test(model))
    throw new GatewayError('model_not_found', 'No model has such a name.', { param: 'model' });
  return encodeURIComponent(model.toWellFormed());
}
