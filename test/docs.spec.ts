import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { register } from 'prom-client';
import { parse, parseAllDocuments } from 'yaml';
import { SETTINGS } from '../src/config/settings.js';
import { GatewayMetrics } from '../src/infra/telemetry/gateway-metrics.js';
import { VENDOR_VARIABLES } from '../src/providers/vendor-variables.js';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const files = (...patterns: string[]): string[] => globSync(patterns, { cwd: root }).sort();
const CHART = 'deploy/helm/omnigate';
const PAGES = files('README.md', 'CONTRIBUTING.md', 'docs/**/*.md', 'deploy/**/*.md');

/** Every match of the expression's first group, once. */
function namesIn(text: string, expression: RegExp): string[] {
  return [...new Set([...text.matchAll(expression)].map((match) => match[1] ?? ''))].sort();
}

/** `## Not there yet` → `not-there-yet`, as GitHub and others make it. */
const anchorsOf = (page: string): string[] =>
  namesIn(page, /^#+ (.+)$/gm).map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

describe('the pages', () => {
  it.each(PAGES)('%s links to files and headings that exist', (page) => {
    const broken = namesIn(read(page), /\]\(([^)]+)\)/g).filter((target) => {
      if (/^https?:/.test(target)) return false;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !anchorsOf(read(file)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('name only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const page of [...PAGES, '.ci/run', 'Dockerfile', 'bench/README.md']) {
      const named = namesIn(read(page), /\bnpm (?:run (?:--silent )?|(?=start\b|test\b))([a-z][a-z:-]*)/g);
      expect({ page, missing: named.filter((name) => scripts[name] === undefined) }).toEqual({ page, missing: [] });
    }
  });

  it('name the settings as they are in the table', () => {
    const known = new Set(['OMNI_CONFIG', ...settingNames()]);
    for (const page of [...PAGES, ...files('deploy/**/*.{yaml,tpl,example}'), 'Dockerfile']) {
      const named = namesIn(
        read(page),
        /\b(OMNI_[A-Z0-9_]+|(?:DATABASE|REDIS)_URL|METRICS_PORT|ADMIN_API_KEY|LOG_[A-Z]+)\b/g,
      );
      expect({ page, unknown: named.filter((name) => !known.has(name)) }).toEqual({ page, unknown: [] });
    }
  });

  it('have a table of settings that is not stale', () => {
    // Of the build that every test run begins with.
    const checked = spawnSync(process.execPath, ['scripts/configuration-doc.mjs', '--check'], { cwd: root });
    expect({ status: checked.status, said: checked.stderr.toString() }).toEqual({ status: 0, said: '' });
  });

  it('have tables of conversions that are not stale', () => {
    const checked = spawnSync(process.execPath, ['scripts/conversion-doc.mjs', '--check'], { cwd: root });
    expect({ status: checked.status, said: checked.stderr.toString() }).toEqual({ status: 0, said: '' });
  });

  it('list every decision, none longer than 25 lines', () => {
    const decisions = files('docs/decisions/[0-9]*.md');
    const listed = namesIn(read('docs/decisions/README.md'), /\]\((\d{4}-[a-z0-9-]+\.md)\)/g);
    expect(listed.map((name) => `docs/decisions/${name}`)).toEqual(decisions);
    for (const page of decisions) expect(read(page).trimEnd().split('\n').length).toBeLessThanOrEqual(25);
  });

  it('list every metric with its labels, and every alert', () => {
    const operations = read('docs/operations.md');
    const rows = [...operations.matchAll(/^\| (`gateway_[^|]+) \| (?:`([a-z_ ]+)` )?\|/gm)].flatMap(
      ([, metrics, labels]) => namesIn(metrics ?? '', /`(\w+)`/g).map((name) => [name, labels?.split(' ') ?? []]),
    );
    expect(Object.fromEntries(rows)).toEqual(ownMetrics());
    expect(namesIn(operations, /`(OmniGate[A-Z]\w+)`/g)).toEqual(
      alertRules()
        .map(({ alert }) => alert)
        .sort(),
    );
  });
});

describe('the dashboard and the alerts', () => {
  it('ask only for metrics the gateway has, by labels they have', () => {
    const expressions = [...shownExpressions(), ...variableQueries(), ...alertRules().map(({ expr }) => expr)];
    expect(expressions.length).toBeGreaterThan(30);
    for (const expression of expressions)
      expect({ expression, faults: faultsIn(expression) }).toEqual({ expression, faults: [] });
  });

  it('show every metric of the gateway', () => {
    const shown = shownExpressions().join('\n');
    expect(Object.keys(ownMetrics()).filter((name) => !shown.includes(name))).toEqual([]);
  });

  it('have panels that neither share an id nor lie on one another', () => {
    const all = panels();
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const cells = all.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_unused, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of all) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it('finds a metric that is not there, and a label', () => {
    expect(faultsIn('rate(gateway_request_total[5m])')).toEqual(['gateway_request_total']);
    expect(faultsIn('sum by (modle) (rate(gateway_requests_total{model="a"}[5m]))')).toEqual(['modle']);
    expect(faultsIn('sum by (model) (rate(gateway_requests_total{team="a"}[5m]))')).toEqual(['team']);
    expect(faultsIn('rate(gateway_overhead_seconds[5m])')).toEqual(['gateway_overhead_seconds']);
  });
});

describe('compose', () => {
  interface Service {
    volumes?: string[];
    depends_on?: Record<string, unknown> | string[];
    environment?: Record<string, string>;
  }
  const compose = parse(read('deploy/compose/compose.yaml')) as {
    services: Record<string, Service>;
    volumes: Record<string, unknown>;
  };

  it('mounts files and volumes that exist, and waits for services that exist', () => {
    for (const { volumes = [], depends_on = [] } of Object.values(compose.services)) {
      for (const volume of volumes) {
        const [source = ''] = volume.split(':');
        const exists = source.startsWith('.')
          ? existsSync(join(root, 'deploy/compose', source))
          : source in compose.volumes;
        expect({ source, exists }).toEqual({ source, exists: true });
      }
      for (const name of Array.isArray(depends_on) ? depends_on : Object.keys(depends_on)) {
        expect(Object.keys(compose.services)).toContain(name);
      }
    }
  });

  it('needs what .env.example names, and nothing else', () => {
    const needed = namesIn(read('deploy/compose/compose.yaml'), /\$\{([A-Z_]+)/g);
    expect(namesIn(read('deploy/compose/.env.example'), /^([A-Z_]+)=/gm)).toEqual(needed);
  });

  it('gives the gateway settings it knows', () => {
    expect(
      Object.keys(compose.services['omnigate']?.environment ?? {}).filter((name) => !settingNames().has(name)),
    ).toEqual([]);
  });

  it.each(files('deploy/compose/**/*.yaml', `${CHART}/*.yaml`, `${CHART}/files/*.yaml`))('%s is valid YAML', (path) => {
    expect(parseAllDocuments(read(path)).flatMap(({ errors }) => errors)).toEqual([]);
  });
});

describe('the Helm chart', () => {
  const templates = files(`${CHART}/templates/*`);
  const values = parse(read(`${CHART}/values.yaml`)) as Record<string, unknown>;
  const whole = templates.map(read).join('\n');

  it('uses only values that values.yaml has, and all of them', () => {
    const used = namesIn(whole, /\.Values\.([A-Za-z.]+)/g);
    const has = (path: string): boolean => {
      let at: unknown = values;
      for (const part of path.split('.')) {
        if (typeof at !== 'object' || at === null || !(part in at)) return false;
        at = (at as Record<string, unknown>)[part];
      }
      return true;
    };
    expect(used.filter((path) => !has(path))).toEqual([]);
    expect(Object.keys(values).filter((name) => !used.some((path) => path.split('.')[0] === name))).toEqual([]);
  });

  it('includes only templates that are defined, and names files that exist', () => {
    const defined = namesIn(whole, /define "([^"]+)"/g);
    expect(namesIn(whole, /include "([^"]+)"/g).filter((name) => !defined.includes(name))).toEqual([]);
    for (const path of namesIn(whole, /\.Files\.Get "([^"]+)"/g))
      expect(existsSync(join(root, CHART, path))).toBe(true);
  });

  it.each(templates)('%s closes every block it opens', (path) => {
    let open = 0;
    for (const [, word] of read(path).matchAll(/\{\{-?\s*(if|with|range|define|block|end)\b/g)) {
      open += word === 'end' ? -1 : 1;
      expect(open).toBeGreaterThanOrEqual(0);
    }
    expect(open).toBe(0);
  });

  it('has the version of the gateway', () => {
    const { appVersion } = parse(read(`${CHART}/Chart.yaml`)) as { appVersion: string };
    expect(appVersion).toBe((JSON.parse(read('package.json')) as { version: string }).version);
  });

  it('gives the gateway settings it knows', () => {
    const given = namesIn(whole, /\{ name: ([A-Z][A-Z_]+), value/g).concat(
      namesIn(read(`${CHART}/templates/secret.yaml`), /^ {2}([A-Z_]+):/gm),
    );
    expect(given.length).toBeGreaterThan(8);
    expect(given.filter((name) => !settingNames().has(name))).toEqual([]);
  });

  if (spawnSync('helm', ['version']).status === 0) {
    it('renders to valid objects, with everything switched on', () => {
      const flags = [
        'ingress.enabled',
        'metrics.serviceMonitor.enabled',
        'metrics.alerts.enabled',
        'metrics.dashboard.enabled',
      ];
      const set = [...flags.map((flag) => `${flag}=true`), 'existingSecret=s'].flatMap((value) => ['--set', value]);
      const text = execFileSync('helm', ['template', 'x', CHART, '--kube-version', '1.31.0', ...set], {
        cwd: root,
      }).toString();
      const documents = parseAllDocuments(text);
      expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
      const kinds = documents.map((document) => (document.toJS() as { kind?: string } | null)?.kind);
      expect(kinds).toEqual(
        expect.arrayContaining(['StatefulSet', 'Service', 'Ingress', 'ServiceMonitor', 'PrometheusRule', 'ConfigMap']),
      );
    });
  }
});

function settingNames(): Set<string> {
  const settings = Object.values(SETTINGS).flatMap((group) =>
    Object.values(group as Record<string, { env: readonly string[] }>),
  );
  const vendors = VENDOR_VARIABLES.flatMap(({ apiKey, baseUrl, options }) => [
    ...apiKey,
    ...baseUrl,
    ...options.flatMap(({ env }) => env),
  ]);
  return new Set([...settings.flatMap(({ env }) => env), ...vendors]);
}

interface Panel {
  id: number;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string }[];
}

interface Dashboard {
  panels: Panel[];
  templating: { list: { definition?: string }[] };
}

const dashboard = (): Dashboard => JSON.parse(read(`${CHART}/files/dashboard.json`)) as Dashboard;
const panels = (): Panel[] => dashboard().panels;
const shownExpressions = (): string[] => panels().flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const variableQueries = (): string[] =>
  dashboard().templating.list.flatMap(({ definition }) => (definition === undefined ? [] : [definition]));

function alertRules(): { alert: string; expr: string }[] {
  const { groups } = parse(read(`${CHART}/files/alerts.yaml`)) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

interface Registered {
  name: string;
  type: string;
  labelNames: string[];
}

let own: Record<string, string[]> | null = null;
const series = new Map<string, readonly string[]>();

/** The gateway's metrics, name → labels, as its own class registers them. */
function ownMetrics(): Record<string, string[]> {
  if (own !== null) return own;
  new GatewayMetrics();
  const registered = register.getMetricsAsArray() as unknown as Registered[];
  own = Object.fromEntries(registered.map(({ name, labelNames }) => [name, labelNames]));
  for (const { name, type, labelNames } of registered) {
    if (type !== 'histogram') series.set(name, labelNames);
    else
      for (const suffix of ['bucket', 'sum', 'count'])
        series.set(`${name}_${suffix}`, suffix === 'bucket' ? [...labelNames, 'le'] : labelNames);
  }
  // Of prom-client's default metrics, those that are asked for.
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_start_time_seconds'])
    series.set(name, []);
  for (const name of ['nodejs_eventloop_lag_p99_seconds', 'nodejs_gc_duration_seconds_sum', 'up']) series.set(name, []);
  return own;
}

/** What a PromQL expression names that is not there: metrics, then labels. */
function faultsIn(expression: string): string[] {
  ownMetrics();
  const bare = expression.replace(/"[^"]*"/g, '""').replace(/\[[^\]]*\]/g, '');
  const metrics = namesIn(bare, /\b((?:gateway|process|nodejs)_\w+|up)\b/g);
  const unknown = metrics.filter((name) => !series.has(name));
  const labels = new Set(['job', 'instance', ...metrics.flatMap((name) => series.get(name) ?? [])]);
  const grouped = namesIn(bare, /\b(?:by|without) \(([^)]*)\)/g).flatMap((list) =>
    list.split(',').map((label) => label.trim()),
  );
  const matched = namesIn(bare, /(\w+)\s*(?:=~|!~|!=|=)\s*""/g);
  return [...unknown, ...new Set([...grouped, ...matched].filter((label) => !labels.has(label)))];
}
