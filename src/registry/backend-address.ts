/** Where requests to a backend go. */
export interface BackendAddress {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path before `/chat/completions`. */
  readonly basePath: string;
  /** Path of the server's root, before the version segment; for health probes. */
  readonly rootPath: string;
}

/** `v1`, `v2`, `v1beta`, `v1beta1`, `v1alpha`… */
const VERSION_SEGMENT = /\/v\d+(?:(?:alpha|beta)\d*)?$/i;

/**
 * Splits the URL of an upstream. A backend's URL is its server's root: `/v1` is appended unless it ends in a version segment.
 * A provider's is what that vendor's own SDK takes: nothing is appended.
 * @param url absolute, without query, fragment and user; slashes at the end do not count
 */
export function backendAddress(url: string, whose: 'backend' | 'provider'): BackendAddress {
  const { origin, pathname } = new URL(url);
  const path = withoutTrailingSlashes(pathname);
  const rootPath = path.replace(VERSION_SEGMENT, '');
  const versioned = rootPath !== path;
  return { origin, basePath: versioned || whose === 'provider' ? path : `${path}/v1`, rootPath };
}

export function withoutTrailingSlashes(text: string): string {
  return text.replace(/\/+$/, '');
}
